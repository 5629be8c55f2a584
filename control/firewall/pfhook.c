/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * DIOCCHANGERULE puts one rule at the head of the active ruleset. The rule is
 * all zeros, which is "pass, any direction, any family, any address", but for
 * the anchor that it calls and, where 0 would mean the first routing table,
 * none of these. It needs two tickets, of the ruleset and of the (empty) pool
 * of addresses; each is void as soon as somebody else asks for one, and the
 * whole is then done again. Asking for the ruleset's ticket also makes its
 * number another one.
 *
 * Later FreeBSDs (14) hold no rule twice: where the main ruleset calls our
 * anchor already, but behind other rules, EEXIST. Ours has a label then, by
 * which it is another rule. Taking the other call out first would leave a
 * moment without any.
 *
 * Removing is by number: between looking and removing the ticket shows that
 * nothing has moved.
 *
 * Loading the main ruleset as text would do it, too, but options, tables and
 * what others have inserted one by one would be lost.
 */
#include "firewall/pfhook.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "firewall/pfabi.h"

enum { TRIES = 4 };		/* while others change rules, too */

static const char label[] = "first";

static bool begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

static const char *next(const char *line)
{
	line += strcspn(line, "\n");
	return *line == '\0' ? line : line + 1;
}

/* As it is, or with a label. */
static bool calls(const char *line, const char *call)
{
	size_t len = strlen(call);

	return begins(line, call) &&
	       (line[len] == '\n' || begins(line + len, " label \""));
}

/* Inside of an inline anchor lines are indented. */
static bool filters(const char *line)
{
	return begins(line, "pass") || begins(line, "block") ||
	       begins(line, "match") || begins(line, "anchor");
}

void pfhook_read(const char *text, const char *anchor, struct pfhook *h)
{
	char call[PFABI_PATH + 16], scrub[PFABI_PATH + 24];

	snprintf(call, sizeof(call), "anchor \"%s\" all", anchor);
	snprintf(scrub, sizeof(scrub), "scrub-anchor \"%s\" all", anchor);
	*h = (struct pfhook){ .first = false };
	for (; *text != '\0'; text = next(text)) {
		if (begins(text, "scrub") && h->scrubs++ == 0)
			h->scrub = begins(text, scrub);
		if (!filters(text))
			continue;
		if (h->rules++ == 0)
			h->first = calls(text, call);
	}
}

int pfhook_look(const struct pfdev *dev, const char *anchor,
		struct pfctl_said *said, struct pfhook *h, struct why *why)
{
	static const char *const args[] = { "pfctl", "-s", "rules", NULL };
	int error = pfsys_pfctl(dev, args, "", 0, said, why);

	if (error == 0)
		pfhook_read(said->text, anchor, h);
	return error;
}

static void put32(uint8_t *p, int32_t v)
{
	memcpy(p, &v, sizeof(v));
}

static void prepare(const struct pfdev *dev, bool scrub,
		    struct pfabi_io_rule *r)
{
	memset(r, 0, sizeof(*r));
	put32(r->rule + dev->sys->rtableid_at, dev->sys->no_rtable);
	if (scrub)
		r->rule[dev->sys->action_at] = PFABI_SCRUB;
}

static int change(const struct pfdev *dev, struct pfabi_io_rule *r,
		  uint32_t action)
{
	r->action = action;
	return dev->io->ioctl(dev->fd, dev->sys->change_rule, r);
}

static int insert_once(const struct pfdev *dev, const char *anchor, bool scrub,
		       bool labelled)
{
	struct pfabi_pooladdr pool = { .ticket = 0 };
	struct pfabi_io_rule r;
	int error = dev->io->ioctl(dev->fd, PFABI_BEGINADDRS, &pool);

	if (error < 0)
		return error;
	prepare(dev, scrub, &r);
	error = change(dev, &r, PFABI_GET_TICKET);
	if (error < 0)
		return error;
	r.pool_ticket = pool.ticket;
	snprintf(r.anchor_call, sizeof(r.anchor_call), "%s", anchor);
	if (labelled)
		memcpy(r.rule + dev->sys->label_at, label, sizeof(label));
	return change(dev, &r, PFABI_ADD_HEAD);
}

static bool stale(int error)
{
	return error == -EBUSY || error == -EINVAL;
}

static int explain(int error, const char *anchor, struct why *why)
{
	if (error == -ENODEV || error == -ENOTTY || error == -EOPNOTSUPP)
		return why_set(why, -EOPNOTSUPP, "pf's main ruleset cannot be "
			       "added to: make its first rule anchor \"%s\" "
			       "(/etc/pf.conf)", anchor);
	if (error == -EEXIST)
		return why_set(why, error, "pf's main ruleset calls anchor "
			       "\"%s\" behind other rules: make it the first "
			       "(/etc/pf.conf)", anchor);
	return why_set(why, error, "pf's main ruleset: %s", strerror(-error));
}

static int insert(const struct pfdev *dev, const char *anchor, bool scrub,
		  bool labelled)
{
	int error = -EBUSY;

	for (int i = 0; i < TRIES && stale(error); i++)
		error = insert_once(dev, anchor, scrub, labelled);
	return error;
}

int pfhook_insert(const struct pfdev *dev, const char *anchor, bool scrub,
		  struct why *why)
{
	int error = insert(dev, anchor, scrub, false);

	if (error == -EEXIST)
		error = insert(dev, anchor, scrub, true);
	return error == 0 ? 0 : explain(error, anchor, why);
}

static int remove_once(const struct pfdev *dev, const char *anchor, bool scrub,
		       struct pfctl_said *said, struct why *why)
{
	struct pfabi_io_rule r;
	struct pfhook h = { .first = false };
	int error;

	prepare(dev, scrub, &r);
	error = change(dev, &r, PFABI_GET_TICKET);
	if (error < 0)
		return explain(error, anchor, why);
	error = pfhook_look(dev, anchor, said, &h, why);
	if (error < 0)
		return error;
	/* It was at the head; whoever has put something before it since has
	 * loaded a ruleset of his own, and ours is not in it. */
	if (scrub ? !h.scrub : !h.first)
		return 0;
	error = change(dev, &r, PFABI_REMOVE);
	return error == 0 ? 0 : explain(error, anchor, why);
}

int pfhook_remove(const struct pfdev *dev, const char *anchor, bool scrub,
		  struct pfctl_said *said, struct why *why)
{
	int error = -EBUSY;

	for (int i = 0; i < TRIES && stale(error); i++)
		error = remove_once(dev, anchor, scrub, said, why);
	return error;
}

static int ticket(const struct pfdev *dev, const char *anchor,
		  struct pfabi_io_rule *r)
{
	prepare(dev, false, r);
	snprintf(r->anchor, sizeof(r->anchor), "%s", anchor);
	return dev->io->ioctl(dev->fd, dev->sys->get_rules, r);
}

int pfhook_tickets(const struct pfdev *dev, const char *anchor,
		   struct pftickets *t)
{
	struct pfabi_io_rule r;
	int error = ticket(dev, "", &r);

	if (error < 0)
		return error;
	t->main = r.ticket;
	error = ticket(dev, anchor, &r);
	t->anchor = r.ticket;
	t->rules = r.nr;
	return error;
}

bool pfhook_skips(const char *text, char ifname[static 16])
{
	for (; *text != '\0'; text = next(text)) {
		size_t name = strcspn(text, " \t\n");

		if (name == 0 || name >= 16 || !begins(text + name, " (skip)") ||
		    begins(text, "lo"))
			continue;
		memcpy(ifname, text, name);
		ifname[name] = '\0';
		return true;
	}
	return false;
}
