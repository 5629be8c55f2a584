/* SPDX-License-Identifier: ISC */
/*
 * The daemon with the fault that live/flush.sh looks for: the datapath never
 * hears that somebody changed the firewall. Linked with
 * --wrap=tripwire_quiet.
 */
#include "tripwire.h"

bool __wrap_tripwire_quiet(struct tripwire *t, uint64_t verified);

bool __wrap_tripwire_quiet(struct tripwire *t, uint64_t verified)
{
	(void)t;
	(void)verified;
	return true;
}
