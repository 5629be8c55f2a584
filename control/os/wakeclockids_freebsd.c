/* SPDX-License-Identifier: ISC */
/*
 * No clock that cannot be set counts the time of a sleep, CLOCK_BOOTTIME
 * neither. The calendar does: whoever sets it ahead by hand is taken for a
 * sleeper, and all is closed once too often.
 */
#include "os/wakeclock.h"
#include "os/wakeclockids.h"

const clockid_t wakeclock_awake = CLOCK_UPTIME;
const clockid_t wakeclock_always = CLOCK_REALTIME;
const int64_t wakeclock_shortest = 2000000000;
