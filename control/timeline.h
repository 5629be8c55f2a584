/* SPDX-License-Identifier: ISC */
/*
 * timeline.h - what happened when, in the last reconnects
 */
#ifndef TIMELINE_H
#define TIMELINE_H

#include <stdint.h>

#include "compat.h"

enum timeline_event {
	TIMELINE_WAKE, TIMELINE_LINK, TIMELINE_ADDRESS, TIMELINE_PREFETCH,
	TIMELINE_QUERY, TIMELINE_WARM, TIMELINE_ASKED, TIMELINE_ANSWERED,
	TIMELINE_OPENED, TIMELINE_REPLIED, TIMELINE_PROBE, TIMELINE_PROBE_DONE,
	TIMELINE_ROUTE, TIMELINE_NM_PORTAL, TIMELINE_NM_FULL, TIMELINE_TUNNEL,
	TIMELINE__N
};

enum { TIMELINE_EPISODES = 64, TIMELINE_REASON = 64 };

struct episode {
	uint32_t epoch;
	int64_t wall;			/* Unix time of the start, ns */
	uint64_t start;			/* boot time, ns */
	char reason[TIMELINE_REASON];
	uint64_t at[TIMELINE__N];	/* boot time, ns; 0 = did not happen */
};

struct timeline {
	unsigned int n;			/* ever begun; the last ones are kept */
	struct episode episode[TIMELINE_EPISODES];
};

struct timeline_summary {
	unsigned int n;
	double p50, p99;		/* ms since the start of the episode */
};

/* start: boot time, ns, of what began it (may lie a little in the past). */
struct episode *timeline_begin(struct timeline *t, uint32_t epoch,
			       const char *reason, uint64_t start);
/* The newest one, or NULL. */
struct episode *timeline_last(struct timeline *t);
/* i = 0 is the newest; NULL when there are no more. */
const struct episode *timeline_get(const struct timeline *t, unsigned int i);
/* The first time counts; 0 is "did not happen". */
void timeline_mark(struct episode *e, enum timeline_event what, uint64_t when);
void timeline_sum(const struct timeline *t, enum timeline_event what,
		  struct timeline_summary *s);
const char *timeline_name(enum timeline_event what);

#endif /* TIMELINE_H */
