/* SPDX-License-Identifier: ISC */
#include "tick.h"

#include "clock.h"
#include "daemon.h"
#include "log.h"

/* Of some firewalls nobody is told that they have been changed. */
static bool asks(const struct daemon *d)
{
	return d->loaded && d->ruleset.policy != FW_NONE &&
	       d->fw->ops->watch_fd(d->fw) == FW_ASK;
}

/* The firewall's rules and elements. */
static bool in_doubt(const struct daemon *d)
{
	if (!d->loaded || d->ruleset.policy == FW_NONE)
		return false;
	/* Nobody is told of what is written into the kernel's table. */
	return d->answer.stale || asks(d) ||
	       (d->active && answer_by_table(&d->answer));
}

/* What has gone wrong, or tells of no change, is looked at every second. */
static bool restless(const struct daemon *d)
{
	return in_doubt(d) || d->astray || d->wake.unready ||
	       bypass_restless(d) || netcheck_restless(d) ||
	       capport_restless(d) || leakwatch_restless(d);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t tick_due(struct daemon *d)
{
	uint64_t due = allowed_next(&d->answer.allowed);

	if (!restless(d))
		d->second = UINT64_MAX;
	else if (d->second == UINT64_MAX)
		d->second = clock_boot() + CLOCK_S;
	due = earlier(due, d->second);
	due = earlier(due, uplink_due(d));
	return earlier(due, nm_due(d));
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;

	(void)fd;
	(void)what;
	d->second = UINT64_MAX;
	answer_expire(&d->answer);
	leakwatch_tick(d);
	if (asks(d) && d->fw->ops->changed(d->fw) != 0)
		d->answer.stale = true;
	if (d->answer.stale || answer_differs(&d->answer))
		supervise_verify(d);
	bypass_tick(d);
	wake_tick(d);
	uplink_tick(d);
	nm_tick(d);
	/* Who tells of no change to where the host asks tells of none to its
	 * servers. */
	if (netcheck_restless(d)) {
		netcheck_look(d);
		if (d->hostdns->ops->ticks)
			uplink_settings(d);
	}
	if (capport_restless(d))
		uplink_portal(d);
	/* Without a resolver behind it the host must not stay pointed. */
	if (d->astray)
		netcheck_leave(d, "left");
}

int tick_open(struct daemon *d, struct why *why)
{
	d->second = UINT64_MAX;
	d->tick_event = event_new(d->base, -1, 0, on_tick, d);
	return d->tick_event != NULL ? 0 : why_set(why, -ENOMEM, "no timer");
}

void tick_close(struct daemon *d)
{
	if (d->tick_event != NULL)
		event_free(d->tick_event);
}

/*
 * Anew each time: what is due is due by the boot clock, which runs on in the
 * machine's sleep, and the loop's timers are not.
 */
static void arm(struct daemon *d)
{
	uint64_t due = tick_due(d), now = clock_boot();
	/* Rounded up: by then it is due. */
	uint64_t us = due > now ? (due - now) / 1000 + 1 : 0;
	const struct timeval tv = { .tv_sec = (time_t)(us / 1000000),
				    .tv_usec = (suseconds_t)(us % 1000000) };

	event_del(d->tick_event);
	if (due != UINT64_MAX && event_add(d->tick_event, &tv) < 0)
		log_error("clock: no timer");
}

void tick_run(struct daemon *d)
{
	do
		arm(d);
	while (event_base_loop(d->base, EVLOOP_ONCE) == 0 &&
	       !event_base_got_break(d->base));
}
