/* SPDX-License-Identifier: ISC */
/*
 * One look: the link, then its WireGuard, if it has one. The kernel's answers
 * at once; a program is asked over its socket, and the look is over when it
 * has answered, or has not within a second. What cannot be found out counts as
 * no handshake: that keeps the block.
 */
#include "follow.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "daemon.h"
#include "log.h"
#include "os/wgkernel.h"

bool follow_on(const struct daemon *d)
{
	return d->conf.tunnel.follow && !d->tunnel.told;
}

bool follow_concerns(const struct daemon *d, const char *ifname)
{
	return follow_on(d) && (ifname[0] == '\0' ||
	       strcmp(ifname, d->conf.tunnel.interface) == 0);
}

bool follow_wireguard(const struct follow *f)
{
	return f->link.ifindex != 0 &&
	       (f->link.wireguard || f->program == f->link.ifindex);
}

/* --- what is seen becomes the state --- */

static void add_relay(struct tunnel *t, const struct endpoint *e)
{
	for (unsigned int i = 0; i < t->n_relays; i++)
		if (endpoint_equal(&t->relays[i], e))
			return;
	if (t->n_relays < CONF_ENDPOINTS)
		t->relays[t->n_relays++] = *e;
}

static void fill_relays(const struct daemon *d, struct tunnel *t)
{
	const struct wgdevice *w = &d->follow.device;

	for (unsigned int i = 0; i < d->conf.tunnel.n_endpoints; i++)
		add_relay(t, &d->conf.tunnel.endpoints[i]);
	for (unsigned int i = 0; i < w->n_endpoints; i++)
		add_relay(t, &w->endpoints[i]);
	t->mark = w->mark;
}

static void describe(const struct daemon *d, enum tunnel_state state,
		     struct tunnel *t)
{
	bool sealed = follow_wireguard(&d->follow);

	memset(t, 0, sizeof(*t));
	t->state = state;
	t->cause = state == TUNNEL_ERROR ? CAUSE_OFFLINE : CAUSE_SET_DNS;
	if (state == TUNNEL_DISCONNECTING ||
	    (state == TUNNEL_DISCONNECTED && !sealed))
		return;
	fill_relays(d, t);
	t->sealed = sealed;
	/* Also while it is switched off: its first packets wait for nobody. */
	if (sealed || state == TUNNEL_CONNECTED)
		memcpy(t->interface, d->conf.tunnel.interface,
		       sizeof(t->interface));
}

static void become(struct daemon *d, const struct tunnel *to)
{
	const char *step = "";
	struct why why;

	if (memcmp(to, &d->tunnel, sizeof(*to)) == 0)
		return;
	/* A step has failed: not again before the state is another one. */
	if (d->latched && to->state == TUNNEL_ERROR &&
	    d->tunnel.state == TUNNEL_ERROR)
		return;
	if (!tunnel_may(d->tunnel.state, to->state)) {
		struct tunnel between;

		describe(d, TUNNEL_CONNECTING, &between);
		if (daemon_set_state(d, &between, &step, &why) < 0)
			return;
	}
	/* What fails has been said, and is error(set_firewall) now. */
	(void)!daemon_set_state(d, to, &step, &why);
}

static void on_timer(evutil_socket_t fd, short what, void *context);

static void rearm(struct daemon *d, uint64_t now)
{
	struct follow *f = &d->follow;
	uint64_t at = following_next(&f->memory, follow_wireguard(f));
	uint64_t us = at > now ? (at - now) / 1000 + 1 : 1;
	const struct timeval tv = { .tv_sec = (time_t)(us / 1000000),
				    .tv_usec = (suseconds_t)(us % 1000000) };

	if (f->timer == NULL && d->base != NULL)
		f->timer = event_new(d->base, -1, 0, on_timer, d);
	if (f->timer == NULL)
		return;
	event_del(f->timer);
	if (at != 0 && event_add(f->timer, &tv) < 0)
		log_error("tunnel: no timer");
}

static uint64_t wall(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * CLOCK_S + (uint64_t)ts.tv_nsec;
}

static void conclude(struct daemon *d)
{
	struct follow *f = &d->follow;
	const struct following_look l = {
		.there = f->link.ifindex != 0, .up = f->link.up,
		.running = f->link.running, .routed = f->link.routed,
		.wireguard = follow_wireguard(f),
		.handshake = f->device.handshake, .sent = f->device.sent,
		.now = clock_boot(), .wall = wall(),
	};
	enum following_sight s = following_see(&f->memory, &l);
	struct tunnel to;

	describe(d, following_state(d->tunnel.state, s), &to);
	become(d, &to);
	rearm(d, l.now);
}

/* --- asking --- */

/* Said once; 0 = nothing is wrong. */
static void trouble(struct follow *f, const char *who, int error)
{
	struct why why = { "" };

	if (error != 0)
		why_set(&why, error, "%s: %s", who, strerror(-error));
	if (error != 0 && strcmp(why.text, f->problem.text) != 0)
		log_warning("tunnel: %s", why.text);
	f->problem = why;
}

static void hang_up(struct follow *f)
{
	if (f->answer == NULL)
		return;
	event_free(f->answer);
	f->answer = NULL;
	close(f->fd);
	uapi_fini(&f->uapi);
}

/* error: why there is no answer to be believed. */
static void answered(struct daemon *d, int error)
{
	struct follow *f = &d->follow;

	/* Its relays stay what they were: it has to get out to come back. */
	if (error == 0)
		f->device = f->uapi.device;
	else
		f->device.handshake = 0;
	hang_up(f);
	trouble(f, "the WireGuard program's socket", error);
	conclude(d);
	if (f->again)
		follow_look(d);
}

static void on_answer(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;
	struct follow *f = &d->follow;
	enum uapi_result result = UAPI_BAD;
	char bytes[4096];
	ssize_t n;

	/* In all, and not since the last octet. */
	if (what & EV_TIMEOUT || clock_boot() >= f->until) {
		answered(d, -ETIMEDOUT);
		return;
	}
	n = read(fd, bytes, sizeof(bytes));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		result = uapi_take(&f->uapi, bytes, (size_t)n);
	if (result != UAPI_MORE)
		answered(d, result == UAPI_DONE ? 0 : -EBADMSG);
}

static int await(struct daemon *d, int fd)
{
	const struct timeval tv = { .tv_sec = UAPI_TIMEOUT_MS / 1000 };
	struct follow *f = &d->follow;

	f->answer = event_new(d->base, fd, EV_READ | EV_PERSIST, on_answer, d);
	if (f->answer == NULL)
		return -ENOMEM;
	f->fd = fd;
	f->until = clock_boot() + UAPI_TIMEOUT_MS * CLOCK_MS;
	uapi_init(&f->uapi);
	return event_add(f->answer, &tv) < 0 ? -ENOMEM : 0;
}

/* 1: it is asked, and will answer; 0: it is no WireGuard. */
static int ask_program(struct daemon *d)
{
	struct follow *f = &d->follow;
	int fd = uapi_ask(d->conf.tunnel.interface), error;

	/* One that was WireGuard's is not any tun now. */
	if (fd == -ENOENT && f->program != f->link.ifindex)
		return 0;
	f->program = f->link.ifindex;
	if (fd < 0)
		return fd;
	error = await(d, fd);
	if (error == 0)
		return 1;
	if (f->answer == NULL)
		close(fd);
	hang_up(f);
	return error;
}

static void look(struct daemon *d)
{
	struct follow *f = &d->follow;
	const char *ifname = d->conf.tunnel.interface;
	uint32_t was = f->link.ifindex;
	int error = tunlink_read(ifname, &f->link);

	if (f->link.ifindex != was) {
		f->memory = (struct following){ 0 };
		f->device = (struct wgdevice){ 0 };
	}
	if (error == 0 && f->link.wireguard)
		error = wgkernel_read(ifname, &f->device);
	else if (error == 0 && f->link.ifindex != 0)
		error = ask_program(d);
	if (error == 1)
		return;
	if (error < 0)
		f->device.handshake = 0;
	trouble(f, ifname, error);
	conclude(d);
}

/* --- when --- */

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;

	(void)fd;
	(void)what;
	if (follow_on(d) && d->follow.answer == NULL)
		look(d);
}

void follow_look(struct daemon *d)
{
	struct follow *f = &d->follow;

	if (!follow_on(d))
		return;
	f->again = f->answer != NULL;
	if (f->again)
		return;
	following_stir(&f->memory);
	look(d);
}

static void forget(struct follow *f)
{
	hang_up(f);
	if (f->timer != NULL)
		event_free(f->timer);
	*f = (struct follow){ 0 };
}

void follow_anew(struct daemon *d)
{
	forget(&d->follow);
	follow_look(d);
}

int follow_resume(struct daemon *d, struct why *why)
{
	struct why unsaved;

	if (!d->conf.tunnel.follow)
		return why_set(why, -EINVAL, "no tunnel is followed; set "
			       "tunnel { interface and follow } in %s",
			       d->conf_path);
	d->tunnel.told = false;
	/* What is seen may be what was told, and then nothing else changes. */
	if (settings_save_tunnel(d->conf.run_dir, &d->tunnel, &unsaved) < 0)
		daemon_problem(d, "settings", unsaved.text);
	log_info("state: %s is followed", d->conf.tunnel.interface);
	follow_anew(d);
	return 0;
}

void follow_close(struct daemon *d)
{
	forget(&d->follow);
}
