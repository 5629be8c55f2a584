/* SPDX-License-Identifier: ISC */
/*
 * tick.h - what has to be looked at when time passes, and nothing else does
 *
 * One timer, armed before every wait of the loop and only when something is
 * due: what has an end (an address that is open), and what is not as it should
 * be, which is looked at again a second later. When all is well the loop
 * sleeps until somebody tells it something.
 */
#ifndef TICK_H
#define TICK_H

#include <stdint.h>

#include "compat.h"
#include "why.h"

struct daemon;

/* Events are TICK_LATER; what must be known before others act comes first. */
enum { TICK_FIRST, TICK_LATER, TICK_PRIORITIES = 3 };

NODISCARD int tick_open(struct daemon *d, struct why *why);
void tick_close(struct daemon *d);
/* When it has to look next: boot time, ns; UINT64_MAX = nothing is due. */
uint64_t tick_due(struct daemon *d);
/* The loop, until somebody breaks it. */
void tick_run(struct daemon *d);

#endif /* TICK_H */
