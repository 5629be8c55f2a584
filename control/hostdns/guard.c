/* SPDX-License-Identifier: ISC */
#include "hostdns/guard.h"

#include <string.h>

#include "clock.h"

static const uint64_t MINUTE = 60 * CLOCK_S;

bool guard_may(struct guard *g)
{
	uint64_t now = clock_boot();

	if (g->again[0] != 0 && now - g->again[0] < MINUTE)
		return false;
	memmove(g->again, g->again + 1, sizeof(g->again) - sizeof(*g->again));
	g->again[GUARD_AGAIN - 1] = now;
	return true;
}
