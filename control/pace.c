/* SPDX-License-Identifier: ISC */
#include "pace.h"

uint64_t pace_wait(struct pace *p, uint64_t now)
{
	uint64_t due = p->due > now ? p->due : now;
	uint64_t ahead = due - now, most = (p->burst - 1) * p->gap;

	if (ahead > most)
		return ahead - most;
	p->due = due + p->gap;
	return 0;
}
