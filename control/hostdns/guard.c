/* SPDX-License-Identifier: ISC */
#include "hostdns/guard.h"

#include "clock.h"

static const uint64_t GAP = 20 * CLOCK_S;
enum { AT_ONCE = 5 };

bool guard_may(struct guard *g)
{
	g->pace.gap = GAP;
	g->pace.burst = AT_ONCE;
	return pace_wait(&g->pace, clock_boot()) == 0;
}
