/* SPDX-License-Identifier: ISC */
#include "nm.h"

#include <errno.h>
#include <string.h>

#include "busevent.h"
#include "clock.h"
#include "daemon.h"
#include "log.h"
#include "profile.h"

enum {
	MESSAGES = 64,		/* of the bus in one turn; then the others' */
	FAILURES = 6,		/* 64 s between two attempts */
};

const char *nm_connectivity(const struct nmwatch_state *s)
{
	static const char *const names[] = {
		[NMWATCH_UNKNOWN] = "unknown", [NMWATCH_NONE] = "none",
		[NMWATCH_PORTAL] = "portal", [NMWATCH_LIMITED] = "limited",
		[NMWATCH_FULL] = "full",
	};

	_Static_assert(NITEMS(names) == NMWATCH__N, "a name for each");
	return s->there ? names[s->connectivity] : "gone";
}

/* NMState of libnm's nm-dbus-interface.h. */
static const char *state_name(uint32_t state)
{
	static const char *const names[] = {
		"unknown", "asleep", "disconnected", "disconnecting",
		"connecting", "connected-local", "connected-site", "connected",
	};

	return names[state / 10 < NITEMS(names) ? state / 10 : 0];
}

/* The check that it makes in truth, whatever its files say. */
static void learn_uri(struct daemon *d, const char *uri)
{
	struct why why;
	int n = profile_learn_uri(&d->conf, uri, &why);

	if (n < 0)
		log_warning("NetworkManager: %s", why.text);
	if (n <= 0)
		return;
	log_info("NetworkManager: its check is %s", uri);
	d->prefetch++;
	d->resolver->tell(d);
}

static void mark(struct daemon *d, enum nmwatch_connectivity connectivity)
{
	struct episode *e = d->active ? timeline_last(&d->timeline) : NULL;

	if (connectivity == NMWATCH_FULL)
		timeline_mark(e, TIMELINE_NM_FULL, clock_boot());
	else if (connectivity == NMWATCH_PORTAL)
		timeline_mark(e, TIMELINE_NM_PORTAL, clock_boot());
}

/* Its check was redirected, or got through: there is none in the way then. */
static void judge_portal(struct daemon *d, enum nmwatch_connectivity was)
{
	const struct nmwatch_state *now = &d->nm.state;

	if (was != NMWATCH_FULL && now->connectivity == NMWATCH_FULL)
		d->portal = false;
	if (now->connectivity != NMWATCH_PORTAL || !d->active || d->portal)
		return;
	d->portal = true;
	log_info("door: NetworkManager's check is redirected: a portal is "
		 "suspected");
	methods_event(d, "portal", "{s:s}", "uri", now->uri);
}

void nm_told(struct daemon *d, const struct nmwatch_state *now)
{
	const struct nmwatch_state was = d->nm.state;

	d->nm.state = *now;
	if (strcmp(was.uri, now->uri) != 0)
		learn_uri(d, now->uri);
	if (now->there == was.there && now->state == was.state &&
	    now->connectivity == was.connectivity)
		return;
	if (now->connectivity != was.connectivity &&
	    now->changes != was.changes)
		mark(d, now->connectivity);
	judge_portal(d, was.connectivity);
	log_info("NetworkManager: connectivity %s", nm_connectivity(now));
	methods_event(d, "nm", "{s:s,s:s}", "connectivity",
		      nm_connectivity(now), "state", state_name(now->state));
}

/* --- the bus --- */

static void on_bus(evutil_socket_t fd, short what, void *context);

static void disconnect(struct daemon *d)
{
	busevent_free(&d->nm.event);
	if (d->nm.watch != NULL)
		nmwatch_close(d->nm.watch);
	d->nm.watch = NULL;
}

/* Said once: who has no bus has no NetworkManager either. */
static void lost(struct daemon *d, int error, const struct why *why)
{
	struct nm *n = &d->nm;

	if (n->failures == 0)
		log_debug("NetworkManager: %s", why->text);
	if (n->failures < FAILURES)
		n->failures++;
	n->due = buswatch_tells(d, error) ? UINT64_MAX :
		 clock_boot() + (CLOCK_S << n->failures);
	disconnect(d);
	nm_told(d, &(struct nmwatch_state){ .there = false });
}

static int wait_for_bus(struct daemon *d)
{
	const struct nmwatch *w = d->nm.watch;
	const struct busevent_want want = {
		nmwatch_fd(w), nmwatch_poll(w), nmwatch_until(w),
	};

	return busevent_wait(&d->nm.event, d->base, &want, on_bus, d);
}

static void serve(struct daemon *d)
{
	struct why why;
	int n = 1, error;

	/* What shrinks: the turn. */
	for (unsigned int i = 0; i < MESSAGES && n > 0; i++) {
		n = nmwatch_next(d->nm.watch, &why);
		if (n > 0)
			nm_told(d, nmwatch_state(d->nm.watch));
	}
	if (n >= 0 && (error = wait_for_bus(d)) < 0)
		n = why_set(&why, error, "system bus: %s", strerror(-error));
	if (n < 0)
		lost(d, n, &why);
	else if (d->nm.state.there)
		d->nm.failures = 0;
}

static void on_bus(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	serve(context);
}

void nm_open(struct daemon *d)
{
	struct why why;
	int error = nmwatch_open(&d->nm.watch, &why);

	if (error == 0)
		serve(d);
	else if (error == -ENOTSUP)
		d->nm.due = UINT64_MAX;
	else
		lost(d, error, &why);
}

uint64_t nm_due(const struct daemon *d)
{
	return d->nm.watch == NULL ? d->nm.due : UINT64_MAX;
}

void nm_tick(struct daemon *d)
{
	if (clock_boot() >= nm_due(d))
		nm_open(d);
}

void nm_again(struct daemon *d)
{
	if (d->nm.watch == NULL)
		nm_open(d);
}

void nm_close(struct daemon *d)
{
	disconnect(d);
}
