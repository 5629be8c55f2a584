/* SPDX-License-Identifier: ISC */
/*
 * A DHCP client, or whoever brings a network up, writes resolv.conf: the host
 * is pointed at us again, and the new servers are asked.
 */
#include "dnswatch.h"

#include "clock.h"
#include "daemon.h"
#include "log.h"
#include "os/filewatch.h"

enum { GAP_MS = 100, BURST = 8 };

static void follow(struct daemon *d)
{
	/* It follows by itself where it has pointed the host anew. */
	if (!netcheck_look(d))
		uplink_follow(d);
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;

	(void)fd;
	(void)what;
	/* Its turn was waited for. */
	(void)!pace_wait(&d->dnswatch.pace, clock_boot());
	if (d->active)
		follow(d);
}

static void on_change(evutil_socket_t fd, short what, void *context)
{
	static const struct timeval gap = { .tv_usec = GAP_MS * 1000 };
	struct daemon *d = context;
	struct dnswatch *w = &d->dnswatch;

	(void)fd;
	(void)what;
	if (!filewatch_look(w->file) || !d->active ||
	    event_pending(w->turn, EV_TIMEOUT, NULL))
		return;
	/* Somebody who does not give up is no reason to do nothing else. */
	if (pace_wait(&w->pace, clock_boot()) == 0)
		follow(d);
	else if (event_add(w->turn, &gap) < 0)
		log_error("dns: no timer");
}

static int watch(struct daemon *d, struct why *why)
{
	struct dnswatch *w = &d->dnswatch;
	int error = filewatch_open(&w->file, d->conf.resolv_conf, why);

	if (error < 0)
		return error;
	w->pace = (struct pace){ .gap = GAP_MS * CLOCK_MS, .burst = BURST };
	w->turn = event_new(d->base, -1, 0, on_turn, d);
	w->event = event_new(d->base, filewatch_fd(w->file),
			     EV_READ | EV_PERSIST, on_change, d);
	if (w->turn == NULL || w->event == NULL ||
	    event_add(w->event, NULL) < 0)
		return why_set(why, -ENOMEM, "no event for resolv.conf");
	return 0;
}

void dnswatch_open(struct daemon *d)
{
	struct why why;

	if (watch(d, &why) < 0)
		log_warning("dns: %s", why.text);
}

void dnswatch_close(struct daemon *d)
{
	struct dnswatch *w = &d->dnswatch;

	if (w->event != NULL)
		event_free(w->event);
	if (w->turn != NULL)
		event_free(w->turn);
	if (w->file != NULL)
		filewatch_close(w->file);
}
