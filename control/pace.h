/* SPDX-License-Identifier: ISC */
/*
 * pace.h - so many at once, then no more than one at a time
 *
 * For what others can cause as often as they like.
 */
#ifndef PACE_H
#define PACE_H

#include <stdint.h>

#include "compat.h"

struct pace {
	uint64_t gap;		/* ns between two, in the long run */
	unsigned int burst;	/* at once, after a rest; at least 1 */
	uint64_t due;		/* boot time, ns, when none would be left over */
};

/* 0: now, and it is counted. Else so many ns are to be waited first. */
NODISCARD uint64_t pace_wait(struct pace *p, uint64_t now);

#endif /* PACE_H */
