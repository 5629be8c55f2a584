/* SPDX-License-Identifier: ISC */
/*
 * pfhook.h - our anchor's call in the main ruleset
 *
 * Rules in an anchor that nobody calls load fine and filter nothing. Ours is
 * called by the first rule of the main ruleset, so that nothing passes before
 * it is asked.
 */
#ifndef PFHOOK_H
#define PFHOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "firewall/pfsys.h"
#include "why.h"

struct pfhook {
	bool first;		/* the first rule calls us, whatever the packet */
	bool scrub;		/* we are called for scrubbing */
	unsigned int rules;	/* of the main ruleset's filter */
};

/* What pfctl said of the main ruleset. */
void pfhook_read(const char *text, const char *anchor, struct pfhook *h);
NODISCARD int pfhook_look(const struct pfdev *dev, const char *anchor,
			  struct pfctl_said *said, struct pfhook *h,
			  struct why *why);

/*
 * One rule more, or less, and none of the others is touched. -EOPNOTSUPP: the
 * kernel does not do that any more. Removing takes the first rule away, and
 * only if it is as it was in *h.
 */
NODISCARD int pfhook_insert(const struct pfdev *dev, const char *anchor,
			    bool scrub, struct why *why);
NODISCARD int pfhook_remove(const struct pfdev *dev, const char *anchor,
			    bool scrub, struct pfctl_said *said,
			    struct why *why);

/* The kernel counts the changes of each ruleset. */
struct pftickets {
	uint32_t main, anchor;
	unsigned int rules;	/* of the anchor's filter */
};

NODISCARD int pfhook_tickets(const struct pfdev *dev, const char *anchor,
			     struct pftickets *t);

/* The name of an interface that pf does not look at at all (set skip), and is
 * not a loopback; false: there is none. */
bool pfhook_skips(const char *text, char ifname[static 16]);

#endif /* PFHOOK_H */
