/* SPDX-License-Identifier: ISC */
/*
 * counters.h - what the datapath counts
 *
 * The datapath does not log, it counts: single writer, relaxed, read by
 * control at any time. Names are stable: they are part of the metrics.
 */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

#include "parse.h"

enum counter {
	/* 0..PARSE__N-1: messages by parse result, both directions */
	COUNT_QUERY_UDP = PARSE__N,	/* queries read, by transport */
	COUNT_QUERY_TCP,
	COUNT_NONLOCAL,			/* source not of this machine: silence */
	COUNT_INACTIVE,			/* not in a blocking state: silence */
	COUNT_REFUSED,			/* name not allowed */
	COUNT_EMPTY_TYPE,		/* allowed name, type answered empty */
	COUNT_SPOOFED,
	COUNT_WARM,			/* answered from cache, addresses open */
	COUNT_COLD_CACHE,		/* answered from cache after a grant */
	COUNT_COLD,			/* answered from upstream after a grant */
	COUNT_NEGATIVE,			/* NXDOMAIN or no data from upstream */
	COUNT_SERVFAIL,
	COUNT_JOINED,			/* the same question was in flight */
	COUNT_FULL,			/* a fixed table had no room */
	COUNT_ASKED,			/* questions sent upstream */
	COUNT_RETRY,
	COUNT_UPSTREAM_TCP,
	COUNT_UPSTREAM_ERROR,		/* send or connect failed */
	COUNT_PREFETCH,
	COUNT_GRANT,			/* grants asked for */
	COUNT_GRANT_REFUSED,		/* ... and refused by control */
	COUNT_GRANT_LATE,		/* ... and not acknowledged in time */
	COUNT_TRIPPED,			/* the firewall was changed by others */
	/* Responses that do not count, by reason. */
	COUNT_BAD_SOURCE,
	COUNT_BAD_ID,
	COUNT_BAD_QUESTION,
	COUNT_BAD_CASE,
	COUNT_BAD_QR,
	COUNT_BAD_RCODE,		/* SERVFAIL, REFUSED, ... */
	COUNT_BAD_LOOP,
	COUNT_BAD_STRAY,
	COUNT_BAD_MANY,
	COUNT_BAD_ADDRESS,		/* addresses judged unfit */
	COUNT_LATE,			/* nobody waits for it any more */
	COUNT_TAP_DROPS,
	/* The intake's packets. */
	COUNT_NOT_DNS,			/* not for port 53 of one host */
	COUNT_STRAY_TCP,		/* a segment of no connection: reset */
	COUNT_UNSENT,			/* not taken by the TUN */
	COUNT_WIRE_XDP,			/* packets that a driver handed us */
	COUNT_WIRE_DROPS,		/* the kernel had no room for a response */
	COUNT__N
};

struct counters {
	_Atomic uint64_t n[COUNT__N];
};

/* Datapath only. */
static inline void counters_add(struct counters *c, unsigned int which,
				uint64_t by)
{
	uint64_t n = atomic_load_explicit(&c->n[which], memory_order_relaxed);

	atomic_store_explicit(&c->n[which], n + by, memory_order_relaxed);
}

/* "query_udp", ...; for the parse results, "parse_" and their name. */
const char *counters_name(unsigned int which);

#endif /* COUNTERS_H */
