/* SPDX-License-Identifier: ISC */
#include "child.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/kick.h"
#include "shared/socket.h"
#include "spawn.h"

enum { START_MS = 5000 };	/* a machine that has just woken is slow */

void child_init(struct child *c)
{
	*c = (struct child){
		.channel = -1, .kick_control = -1, .kick_datapath = -1,
		.tun = -1,
		.arena = ARENA_NONE,
	};
}

/* The TUN is ours for longer than the child lives: it gets a copy. */
static int copy_tun(const struct child *c, int *tun)
{
	*tun = -1;
	if (c->tun < 0)
		return 0;
	*tun = dup(c->tun);
	return *tun < 0 ? -errno : spawn_raise(tun);
}

/* The child's ends: of the channel, and of a kick in each direction. */
struct theirs {
	int channel, kick_control, kick_datapath;
};

static int spawn(struct child *c, const struct theirs *t)
{
	int tun, error = copy_tun(c, &tun);
	struct spawn_fd fds[] = {
		{ t->channel, DATAPATH_CHANNEL },
		{ c->arena.control_fd, DATAPATH_ARENA_CONTROL },
		{ c->arena.datapath_fd, DATAPATH_ARENA_DATAPATH },
		{ c->arena.allow_fd, DATAPATH_ARENA_ALLOW },
		{ t->kick_control, DATAPATH_KICK_CONTROL },
		{ t->kick_datapath, DATAPATH_KICK_DATAPATH },
		{ tun, DATAPATH_TUN },		/* the last: may be none */
	};

	if (error == 0)
		error = spawn_self(&c->pid, "--datapath", fds,
				   NITEMS(fds) - (tun < 0));
	spawn_close(&tun);
	return error;
}

static int make_ends(struct child *c, struct theirs *t)
{
	int pair[2], error = kick_open(&c->kick_control, &t->kick_control);

	if (error == 0)
		error = kick_open(&t->kick_datapath, &c->kick_datapath);
	if (error == 0)
		error = socket_pair(pair);
	if (error < 0)
		return error;
	c->channel = pair[0];
	t->channel = pair[1];
	return 0;
}

static int make_shared(struct child *c, int table, struct theirs *t,
		       struct why *why)
{
	int error = arena_create(&c->arena, table);

	if (error < 0)
		return why_set(why, error, "no shared memory: %s",
			       strerror(-error));
	error = make_ends(c, t);
	if (error < 0)
		return why_set(why, error, "no channel to the datapath: %s",
			       strerror(-error));
	if (spawn_raise(&t->channel) < 0 || spawn_raise(&t->kick_control) < 0 ||
	    spawn_raise(&t->kick_datapath) < 0 ||
	    spawn_raise(&c->arena.control_fd) < 0 ||
	    spawn_raise(&c->arena.datapath_fd) < 0 ||
	    spawn_raise(&c->arena.allow_fd) < 0)
		return why_set(why, -errno, "too many open files");
	return 0;
}

static int hear(const struct child *c, struct datapath_report *r,
		struct why *why)
{
	struct pollfd p = { .fd = c->channel, .events = POLLIN };
	int n;

	do
		n = poll(&p, 1, START_MS);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return why_set(why, -ETIMEDOUT,
			       "the datapath did not start within %d s",
			       START_MS / 1000);
	if (recv(c->channel, r, sizeof(*r), MSG_WAITALL) != (ssize_t)sizeof(*r))
		return why_set(why, -EPROTO,
			       "the datapath died while it started");
	r->step[sizeof(r->step) - 1] = '\0';
	r->note[sizeof(r->note) - 1] = '\0';
	r->no_xdp[sizeof(r->no_xdp) - 1] = '\0';
	if (r->error < 0)
		return why_set(why, r->error, "%s: %s", r->step,
			       r->note[0] != '\0' ? r->note :
						    strerror(-r->error));
	return 0;
}

int child_start(struct child *c, struct datapath_setup *setup, int table,
		struct datapath_report *report, struct why *why)
{
	struct theirs theirs = { -1, -1, -1 };
	int error;

	memset(report, 0, sizeof(*report));
	error = make_shared(c, table, &theirs, why);
	if (error == 0) {
		error = spawn(c, &theirs);
		if (error < 0)
			why_set(why, error, "cannot start the datapath: %s",
				strerror(-error));
	}
	spawn_close(&theirs.channel);
	spawn_close(&theirs.kick_control);
	spawn_close(&theirs.kick_datapath);
	setup->size = sizeof(*setup);
	setup->parent = getpid();
	if (error == 0 && send(c->channel, setup, sizeof(*setup),
			       MSG_NOSIGNAL) != (ssize_t)sizeof(*setup))
		error = why_set(why, -EPIPE, "the datapath died at once");
	if (error == 0)
		error = hear(c, report, why);
	if (error < 0)
		child_stop(c);
	return error;
}

void child_kick(const struct child *c)
{
	if (c->kick_datapath >= 0)
		kick_give(c->kick_datapath);
}

void child_stop(struct child *c)
{
	spawn_end(c->pid);
	spawn_close(&c->channel);
	spawn_close(&c->kick_control);
	spawn_close(&c->kick_datapath);
	arena_close(&c->arena);
	child_init(c);
}
