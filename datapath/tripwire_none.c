/* SPDX-License-Identifier: ISC */
/*
 * pf tells nobody of changes. So nothing is ever known to be quiet behind a
 * firewall that could change: each reply takes the cold path, where the kernel
 * says of every address that it is in the table.
 */
#include "tripwire.h"

int tripwire_open(struct tripwire *t, uint32_t portid)
{
	*t = (struct tripwire){ .fd = -1, .portid = portid, .unsure = 1 };
	return 0;
}

void tripwire_close(struct tripwire *t)
{
	t->unsure = 0;
}

bool tripwire_quiet(struct tripwire *t, uint64_t verified)
{
	(void)verified;
	return t->unsure == 0;
}
