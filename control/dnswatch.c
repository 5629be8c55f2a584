/* SPDX-License-Identifier: ISC */
/*
 * A DHCP client, or whoever brings a network up, writes resolv.conf. The new
 * servers are followed at once. Pointing the host at us again comes at once
 * where the file was replaced; who writes in place may write line by line,
 * each time by opening it anew, and must not write the rest into ours.
 */
#include "dnswatch.h"

#include "clock.h"
#include "daemon.h"
#include "log.h"
#include "os/filewatch.h"

static const uint64_t SETTLE_NS = 50 * CLOCK_MS;
static const uint64_t GAP_NS = 100 * CLOCK_MS;

enum { BURST = 8 };

static void later(struct dnswatch *w, uint64_t ns)
{
	const struct timeval tv = {
		.tv_sec = (time_t)(ns / CLOCK_S),
		.tv_usec = (suseconds_t)(ns % CLOCK_S / 1000 + 1),
	};

	if (event_add(w->turn, &tv) < 0)
		log_error("dns: no timer");
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;

	(void)fd;
	(void)what;
	(void)netcheck_look(d);
}

static void on_change(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;
	struct dnswatch *w = &d->dnswatch;
	unsigned int changes = filewatch_look(w->file);
	uint64_t wait;

	(void)fd;
	(void)what;
	if (changes == 0 || !d->active)
		return;
	wait = pace_wait(&w->pace, clock_boot());
	if (changes & FILEWATCH_WRITTEN && wait < SETTLE_NS)
		wait = SETTLE_NS;
	if (wait > 0)
		later(w, wait);
	/* It follows by itself where somebody else has pointed the host. */
	else if (netcheck_look(d))
		return;
	uplink_follow(d);
}

static int watch(struct daemon *d, struct why *why)
{
	struct dnswatch *w = &d->dnswatch;
	int error = filewatch_open(&w->file, d->conf.resolv_conf, why);

	if (error < 0)
		return error;
	w->pace = (struct pace){ .gap = GAP_NS, .burst = BURST };
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
