/* SPDX-License-Identifier: ISC */
/*
 * pfread.h - what stands in the kernel: our rules, and who calls them
 */
#ifndef PFREAD_H
#define PFREAD_H

#include <stdint.h>

#include "compat.h"
#include "firewall/pfhook.h"
#include "firewall/pfsys.h"
#include "why.h"

struct pfread {
	struct pftickets tickets;
	struct pfhook hook;
	uint64_t digest;	/* of the anchor's rules as pfctl shows them */
	unsigned int rules;
};

bool pfread_same(const struct pftickets *a, const struct pftickets *b);
uint64_t pfread_digest(const char *text, unsigned int *rules);

/* All of it at one moment. -EINVAL: there is no such anchor; -EAGAIN: others
 * do not stop changing theirs. */
NODISCARD int pfread(const struct pfdev *dev, const char *anchor,
		     struct pfctl_said *said, struct pfread *now,
		     struct why *why);

/* -EBUSY: pf looks away from an interface, so that nothing is blocked there. */
NODISCARD int pfread_skips(const struct pfdev *dev, struct pfctl_said *said,
			   struct why *why);

#endif /* PFREAD_H */
