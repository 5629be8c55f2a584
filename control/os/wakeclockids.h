/* SPDX-License-Identifier: ISC */
/*
 * wakeclockids.h - of systems with timerfd: which clock stands still during
 * sleep, and which does not
 */
#ifndef WAKECLOCKIDS_H
#define WAKECLOCKIDS_H

#include <time.h>

extern const clockid_t wakeclock_awake, wakeclock_always;

#endif /* WAKECLOCKIDS_H */
