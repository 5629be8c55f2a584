/* SPDX-License-Identifier: ISC */
/*
 * worker.c - the life of a datapath process, from root to the loop
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"
#include "priv.h"

static int receive_setup(struct datapath_setup *s)
{
	ssize_t n = recv(DATAPATH_CHANNEL, s, sizeof(*s), MSG_WAITALL);

	if (n != (ssize_t)sizeof(*s) || s->size != sizeof(*s) ||
	    s->n_listen > POLICY_LISTEN || s->n_ports > DATAPATH_PORTS ||
	    s->n_links > POLICY_UPSTREAMS)
		return -EPROTO;
	for (unsigned int i = 0; i < s->n_links; i++)
		s->links[i].name[sizeof(s->links[i].name) - 1] = '\0';
	s->root[sizeof(s->root) - 1] = '\0';
	/* Whatever has that number otherwise came along by mistake. */
	if (!s->bypass)
		close(DATAPATH_TUN);
	return 0;
}

static int step(struct datapath_report *r, const char *name, int error)
{
	snprintf(r->step, sizeof(r->step), "%s", name);
	r->error = error;
	return error;
}

_Static_assert(POLICY_LISTEN <= 8, "a bit of absent for each");

/* ::1 is not there where IPv6 is switched off. */
static bool is_absent(int error)
{
	return error == -EADDRNOTAVAIL || error == -EAFNOSUPPORT;
}

/* All that the host has; one at least. */
static int listen_all(struct loop *l, const struct datapath_setup *s,
		      struct datapath_report *r)
{
	unsigned int bound = 0;
	int error = 0;

	for (unsigned int i = 0; i < s->n_listen; i++) {
		r->addr = s->listen[i];
		error = loop_listen(l, &s->listen[i], s->port);
		if (is_absent(error))
			r->absent |= (uint8_t)(1u << i);
		else if (error < 0)
			return step(r, "bind", error);
		else
			bound++;
	}
	return step(r, "bind", bound > 0 ? 0 : error);
}

/* Where questions come from, and the way they are asked upstream. */
static int open_ends(struct loop *l, const struct datapath_setup *s,
		     struct datapath_report *r)
{
	if (!s->bypass)
		return listen_all(l, s, r);
	if (step(r, "tun", loop_intake(l)) < 0)
		return r->error;
	return step(r, "wire", loop_wire(l, s->links, s->n_links, r));
}

/* As root. The tap and its failure are for the timeline only. */
static int open_all(struct loop *l, const struct datapath_setup *s,
		    struct datapath_report *r)
{
	if (step(r, "parent", priv_follow_parent(s->parent)) < 0 ||
	    step(r, "arena", loop_open(l)) < 0 ||
	    open_ends(l, s, r) < 0 ||
	    step(r, "tripwire", loop_tripwire(l, s->firewall_port)) < 0)
		return r->error;
	if (loop_tap(l, s->ports, s->n_ports, r->note, sizeof(r->note)) == 0)
		r->note[0] = '\0';
	return 0;
}

static enum priv_ends ends(const struct datapath_setup *s)
{
	return s->bypass ? PRIV_WIRE : s->from ? PRIV_PORTS : PRIV_SOCKETS;
}

int datapath_main(void)
{
	static struct loop loop;
	struct datapath_report r = { .error = 0 };
	struct datapath_setup s;
	const char *what;

	if (step(&r, "descriptors", priv_close_from(DATAPATH_FDS)) == 0 &&
	    step(&r, "setup", receive_setup(&s)) == 0 &&
	    open_all(&loop, &s, &r) == 0 &&
	    priv_drop(s.uid, s.gid, s.root, ends(&s), &what) < 0)
		step(&r, what, -EPERM);
	if (send(DATAPATH_CHANNEL, &r, sizeof(r), MSG_NOSIGNAL) !=
	    (ssize_t)sizeof(r) || r.error != 0)
		return 1;
	loop_run(&loop);
	/* Nothing to flush, and what else runs at an exit may need calls that
	 * are gone. */
	_exit(0);
}
