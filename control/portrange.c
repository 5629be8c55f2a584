/* SPDX-License-Identifier: ISC */
#include "portrange.h"

#include <errno.h>

#include "limits.h"
#include "os/localports.h"
#include "shared/entropy.h"

_Static_assert((int)PORTRANGE_SIZE >=
	       3 * (int)QUESTIONS_MAX * (int)POLICY_UPSTREAMS, "mostly free");
_Static_assert((PORTRANGE_SIZE & (PORTRANGE_SIZE - 1)) == 0, "2^n");

/* How many places there are from port to end, which is out. */
static uint32_t places(uint32_t port, uint32_t end)
{
	return end < port + PORTRANGE_SIZE ? 0 :
	       end - port - PORTRANGE_SIZE + 1;
}

int portrange_place(struct portrange *out, const struct portrange *system,
		    uint32_t chance)
{
	uint32_t above = system->last + 1u;
	uint32_t n_below = places(PORTRANGE_LOWEST, system->first);
	uint32_t n_above = places(above, UINT16_MAX + 1u);
	uint32_t first;

	if (n_below + n_above == 0)
		return -ENOSPC;
	first = chance % (n_below + n_above);
	first += first < n_below ? PORTRANGE_LOWEST : above - n_below;
	out->first = (uint16_t)first;
	out->last = (uint16_t)(first + PORTRANGE_SIZE - 1);
	return 0;
}

int portrange_choose(struct portrange *out, struct why *why)
{
	struct portrange system;
	uint32_t chance;
	int error = localports(&system.first, &system.last);

	if (error < 0)
		return why_set(why, error, "which ports this system hands out "
			       "is not to be learnt");
	if (!entropy_fill(&chance, sizeof(chance)))
		return why_set(why, -EIO, "no random numbers");
	error = portrange_place(out, &system, chance);
	if (error < 0)
		why_set(why, error, "exempt = ports needs %d ports beside "
			"those that the system hands out (%u to %u)",
			PORTRANGE_SIZE, system.first, system.last);
	return error;
}
