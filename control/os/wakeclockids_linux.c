/* SPDX-License-Identifier: ISC */
#include "os/wakeclock.h"
#include "os/wakeclockids.h"

const clockid_t wakeclock_awake = CLOCK_MONOTONIC;
const clockid_t wakeclock_always = CLOCK_BOOTTIME;
/* Nothing sleeps for less; the two clocks never drift apart otherwise. */
const int64_t wakeclock_shortest = 1000000;
