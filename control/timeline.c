/* SPDX-License-Identifier: ISC */
#include "timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"

struct episode *timeline_begin(struct timeline *t, uint32_t epoch,
			       const char *reason, uint64_t start)
{
	struct episode *e = timeline_last(t);
	struct timespec ts;

	/* The same reconnect, with another door: one row. */
	if (e != NULL && e->start == start) {
		e->epoch = epoch;
		return e;
	}
	e = &t->episode[t->n++ % TIMELINE_EPISODES];
	clock_gettime(CLOCK_REALTIME, &ts);
	memset(e, 0, sizeof(*e));
	e->epoch = epoch;
	e->start = start;
	e->wall = (int64_t)ts.tv_sec * (int64_t)CLOCK_S + ts.tv_nsec -
		  (int64_t)(clock_boot() - start);
	snprintf(e->reason, sizeof(e->reason), "%s", reason);
	return e;
}

struct episode *timeline_last(struct timeline *t)
{
	return t->n == 0 ? NULL : &t->episode[(t->n - 1) % TIMELINE_EPISODES];
}

const struct episode *timeline_get(const struct timeline *t, unsigned int i)
{
	if (i >= t->n || i >= TIMELINE_EPISODES)
		return NULL;
	return &t->episode[(t->n - 1 - i) % TIMELINE_EPISODES];
}

void timeline_mark(struct episode *e, enum timeline_event what, uint64_t when)
{
	if (e != NULL && e->at[what] == 0 && when >= e->start)
		e->at[what] = when;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void timeline_sum(const struct timeline *t, enum timeline_event what,
		  struct timeline_summary *s)
{
	double ms[TIMELINE_EPISODES];
	unsigned int n = 0;

	for (unsigned int i = 0; i < TIMELINE_EPISODES && i < t->n; i++) {
		const struct episode *e = &t->episode[i];

		if (e->at[what] != 0)
			ms[n++] = (double)(e->at[what] - e->start) / 1e6;
	}
	*s = (struct timeline_summary){ .n = n };
	if (n == 0)
		return;
	qsort(ms, n, sizeof(ms[0]), by_value);
	/* Nearest rank. */
	s->p50 = ms[(n - 1) / 2];
	s->p99 = ms[(n * 99 + 99) / 100 - 1];
}

const char *timeline_name(enum timeline_event what)
{
	static const char *const names[] = {
		[TIMELINE_WAKE] = "wake", [TIMELINE_LINK] = "link",
		[TIMELINE_ADDRESS] = "address",
		[TIMELINE_PREFETCH] = "prefetch",
		[TIMELINE_QUERY] = "query", [TIMELINE_WARM] = "warm",
		[TIMELINE_ASKED] = "asked", [TIMELINE_ANSWERED] = "answered",
		[TIMELINE_OPENED] = "opened", [TIMELINE_REPLIED] = "replied",
		[TIMELINE_PROBE] = "probe",
		[TIMELINE_PROBE_DONE] = "probe_done",
		[TIMELINE_ROUTE] = "route",
		[TIMELINE_NM_PORTAL] = "nm_portal",
		[TIMELINE_NM_FULL] = "nm_full", [TIMELINE_TUNNEL] = "tunnel",
	};

	_Static_assert(NITEMS(names) == TIMELINE__N, "a name per event");
	return names[what];
}
