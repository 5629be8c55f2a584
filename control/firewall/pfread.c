/* SPDX-License-Identifier: ISC */
#include "firewall/pfread.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum { TRIES = 4 };		/* while others change rules at the same time */

/* Of the lines that are rules, as there are others: FNV-1a. */
uint64_t pfread_digest(const char *text, unsigned int *rules)
{
	uint64_t sum = 0xcbf29ce484222325u;

	*rules = 0;
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		bool counts = strncmp(text, "pass", 4) == 0 ||
			      strncmp(text, "block", 5) == 0;

		for (size_t i = 0; counts && i < len; i++)
			sum = (sum ^ (unsigned char)text[i]) * 0x100000001b3u;
		*rules += counts;
		text += len + (text[len] == '\n');
	}
	return sum;
}

bool pfread_same(const struct pftickets *a, const struct pftickets *b)
{
	return a->main == b->main && a->anchor == b->anchor &&
	       a->rules == b->rules;
}

static int read_once(const struct pfdev *dev, const char *anchor,
		     struct pfctl_said *said, struct pfread *now,
		     struct why *why)
{
	const char *const args[] = { "pfctl", "-a", anchor, "-s", "rules",
				     NULL };
	int error = pfhook_tickets(dev, anchor, &now->tickets);

	if (error < 0)
		return why_set(why, error, "pf's anchor %s: %s", anchor,
			       strerror(-error));
	error = pfhook_look(dev, anchor, said, &now->hook, why);
	if (error == 0)
		error = pfsys_pfctl(dev, args, "", 0, said, why);
	if (error == 0)
		now->digest = pfread_digest(said->text, &now->rules);
	return error;
}

int pfread(const struct pfdev *dev, const char *anchor,
	   struct pfctl_said *said, struct pfread *now, struct why *why)
{
	struct pftickets after;

	for (int i = 0; i < TRIES; i++) {
		int error = read_once(dev, anchor, said, now, why);

		if (error < 0)
			return error;
		if (pfhook_tickets(dev, anchor, &after) == 0 &&
		    pfread_same(&now->tickets, &after))
			return 0;
	}
	return why_set(why, -EAGAIN, "pf's rules keep being changed by others");
}

int pfread_skips(const struct pfdev *dev, struct pfctl_said *said,
		 struct why *why)
{
	static const char *const args[] = { "pfctl", "-v", "-s", "Interfaces",
					    NULL };
	char ifname[16];
	int error = pfsys_pfctl(dev, args, "", 0, said, why);

	if (error == 0 && pfhook_skips(said->text, ifname))
		error = why_set(why, -EBUSY, "pf is told to skip %s, so that "
				"nothing is blocked there: take set skip on "
				"%s away", ifname, ifname);
	return error;
}
