/* SPDX-License-Identifier: ISC */
/*
 * guard.h - how often somebody else may be set right
 *
 * A fight with one who sets the host's DNS back each time is not ours to win:
 * a few times a minute, then it is told, and waited.
 */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <stdint.h>

enum { GUARD_AGAIN = 5 };	/* times a minute */

struct guard {
	uint64_t again[GUARD_AGAIN];	/* boot time, ns, the oldest first */
};

/* True: now, and it is counted. */
bool guard_may(struct guard *g);

#endif /* GUARD_H */
