/* SPDX-License-Identifier: ISC */
/*
 * leaks.h - leaks told apart by flow, in bounded memory
 *
 * A flow is two ends and a protocol, whichever way a packet goes. What comes
 * when a place is full is counted, and not told apart any more.
 */
#ifndef LEAKS_H
#define LEAKS_H

#include <stdbool.h>
#include <stdint.h>

#include "limits.h"
#include "shared/ipaddr.h"

enum { LEAKS_WAYS = 8, LEAKS_SETS = LEAKS_MAX / LEAKS_WAYS };

struct leak_end {
	struct ipaddr addr;
	uint16_t port;		/* 0 = none */
};

/* Without addresses: ethertype, the rest 0. */
struct leak {
	struct leak_end from, to;
	uint16_t ethertype;
	uint8_t protocol;
	uint16_t nth;		/* flow in order of appearance, from 0 */
	uint64_t packets;
};
_Static_assert(LEAKS_MAX <= UINT16_MAX, "for nth");

struct leaks {
	unsigned int n;			/* flows */
	const struct leak *last;	/* what leaks_add() counted; NULL = FULL */
	uint64_t packets, untold;	/* untold: packets of flows without room */
	uint8_t used[LEAKS_SETS];
	struct leak flow[LEAKS_SETS][LEAKS_WAYS];
};

enum leaks_what {
	LEAKS_NEW,		/* the first of its flow */
	LEAKS_KNOWN,
	LEAKS_BACK,		/* the other way: an answer, not counted */
	LEAKS_FULL,
};

void leaks_init(struct leaks *l);

/* key: a leak's ends and protocol. both: BACK is possible, as nobody knows
 * who sent the packet. */
enum leaks_what leaks_add(struct leaks *l, const struct leak *key, bool both);

#endif /* LEAKS_H */
