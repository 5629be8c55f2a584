/* SPDX-License-Identifier: ISC */
#include "clock.h"

uint64_t clock_dry;

int64_t clock_ahead(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)clock_boot() -
	       ((int64_t)ts.tv_sec * (int64_t)CLOCK_S + ts.tv_nsec);
}
