/* SPDX-License-Identifier: ISC */
/*
 * clock.h - the one clock: nanoseconds since boot, sleep included
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

#include "compat.h"

#define CLOCK_MS UINT64_C(1000000)
#define CLOCK_S UINT64_C(1000000000)

/* A dry run lives in the time of its capture; 0 = this machine's. */
extern uint64_t clock_dry;

static inline uint64_t clock_boot(void)
{
	struct timespec ts;

	if (clock_dry != 0)
		return clock_dry;
	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * CLOCK_S + (uint64_t)ts.tv_nsec;
}

/* What the boot clock is ahead of the wall clock, ns; it may be negative. */
int64_t clock_ahead(void);

#endif /* CLOCK_H */
