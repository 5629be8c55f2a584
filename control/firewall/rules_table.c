/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 *	chain output-blocked { ... }	a room
 *	chain output-connected { ... }	another
 *	chain output {			the hook
 *		type filter hook output priority filter; policy drop;
 *		goto output-blocked
 *	}
 *
 * A room is entered by goto: where its lines end, the hook's policy decides,
 * as it does when they stand in the hook's chain themselves (fw_nft_text()).
 *
 * Deleting the table and making it anew in one transaction leaves no moment
 * without rules. It empties the door's sets or chains.
 */
#include "firewall/rules_table.h"

#include <stdio.h>
#include <string.h>

#include "firewall/rules_bypass.h"
#include "firewall/rules_nft.h"
#include "firewall/rules_tls.h"

static bool always(const struct fw_ruleset *r)
{
	(void)r;
	return true;
}

static bool bypasses(const struct fw_ruleset *r)
{
	return r->bypass;
}

static void steer(struct rules_out *o, const struct fw_ruleset *r)
{
	rules_put_text(o, r, rules_bypass_steer);
}

static void answers(struct rules_out *o, const struct fw_ruleset *r)
{
	rules_put_text(o, r, rules_bypass_answers);
}

static const struct hook {
	const char *name, *type;
	bool (*stands)(const struct fw_ruleset *r);	/* in any policy */
	bool (*speaks)(const struct fw_ruleset *r);	/* has lines in this */
	void (*lines)(struct rules_out *o, const struct fw_ruleset *r);
} hooks[] = {
	{ "steer", "type route hook output priority mangle; policy accept;",
	  bypasses, rules_bypass_led, steer },
	{ "answers",
	  "type filter hook prerouting priority mangle; policy accept;",
	  bypasses, rules_bypass_led, answers },
	{ "output", "type filter hook output priority filter; policy drop;",
	  always, always, rules_output },
	{ "input", "type filter hook input priority filter; policy drop;",
	  always, always, rules_input },
	{ "forward", "type filter hook forward priority filter; policy drop;",
	  always, fw_tunnel, rules_forward },
};
_Static_assert(NITEMS(hooks) == RULES_HOOKS, "room for each");

/* ---- what all policies have */

static void refuse_chain(struct rules_out *o)
{
	rules_put(o, "\tchain refuse {\n"
		  "\t\tmeta l4proto tcp counter name rejected_out "
		  "reject with tcp reset\n"
		  "\t\tcounter name rejected_out "
		  "reject with icmpx admin-prohibited\n"
		  "\t}\n");
}

static void begin(struct rules_out *o, const char *table)
{
	o->text[0] = '\0';
	rules_put(o, "add table inet %s\ndelete table inet %s\n", table, table);
}

static void begin_table(struct rules_out *o, const struct fw_ruleset *r,
			const char *table, bool door)
{
	rules_put(o, "table inet %s {\n"
		  "\tcounter rejected_out { }\n\n"
		  "\tcounter dropped_in { }\n\n", table);
	if (door)
		rules_sets(o, r);
	rules_put_text(o, r, rules_bypass_guard);
	if (door)
		rules_put_text(o, r, rules_tls_chains);
	refuse_chain(o);
}

static size_t end(struct rules_out *o)
{
	if (o->bad)
		o->text[0] = '\0';
	return o->bad ? 0 : o->len;
}

/* ---- one policy */

static void lines(struct rules_out *o, const struct hook *h,
		  const struct fw_ruleset *r)
{
	for (unsigned int i = 0; i < r->n_relays; i++)
		o->hosts[i] = r->relays[i].addr;
	h->lines(o, r);
}

size_t fw_nft_text(const struct fw_ruleset *r, const char *table,
		   char text[static FW_TEXT])
{
	struct rules_out o = { .text = text, .size = FW_TEXT };

	text[0] = '\0';
	if (!fw_sound(r, table))
		return 0;
	begin(&o, table);
	if (r->policy == FW_NONE)
		return end(&o);
	begin_table(&o, r, table, r->policy == FW_BLOCKED_ACTIVE);
	for (size_t i = 0; i < NITEMS(hooks); i++) {
		if (!hooks[i].stands(r))
			continue;
		rules_put(&o, "\n\tchain %s {\n\t\t%s\n", hooks[i].name,
			  hooks[i].type);
		lines(&o, &hooks[i], r);
		rules_put(&o, "\t}\n");
	}
	rules_put(&o, "}\n");
	return end(&o);
}

/* ---- all of them */

void rules_table_room(const struct fw_ruleset *r, enum fw_policy p,
		      struct fw_ruleset *room)
{
	/* All of it, padding too: rooms are compared as bytes. */
	memcpy(room, r, sizeof(*room));
	room->policy = p;
	room->n_upstreams = 0;
	memset(room->upstreams, 0, sizeof(room->upstreams));
	if (!fw_relays(room)) {
		room->n_relays = 0;
		memset(room->relays, 0, sizeof(room->relays));
		room->mark = 0;
	}
	if (!fw_tunnel(room)) {
		memset(room->interface, 0, sizeof(room->interface));
		room->n_dns = 0;
		memset(room->dns, 0, sizeof(room->dns));
	}
}

static void name_room(const struct hook *h, const struct fw_ruleset *room,
		      struct rules_goto *g)
{
	g->hook = h->name;
	g->room[0] = '\0';
	if (h->speaks(room))
		snprintf(g->room, sizeof(g->room), "%s-%s", h->name,
			 fw_policy_name(room->policy));
}

static void rooms(struct rules_out *o, const struct hook *h,
		  const struct fw_ruleset room[static FW__N])
{
	struct rules_goto g;

	for (enum fw_policy p = FW_NONE + 1; p < FW__N; p++) {
		if (room[p].policy == FW_NONE)
			continue;
		name_room(h, &room[p], &g);
		if (g.room[0] == '\0')
			continue;
		rules_put(o, "\n\tchain %s {\n", g.room);
		lines(o, h, &room[p]);
		rules_put(o, "\t}\n");
	}
}

static void hook(struct rules_out *o, const struct hook *h,
		 const struct fw_ruleset *r)
{
	struct rules_goto g;

	name_room(h, r, &g);
	rules_put(o, "\n\tchain %s {\n\t\t%s\n", h->name, h->type);
	if (g.room[0] != '\0')
		rules_put(o, "\t\tgoto %s\n", g.room);
	rules_put(o, "\t}\n");
}

static bool all_sound(const struct fw_ruleset room[static FW__N],
		      const char *table)
{
	for (enum fw_policy p = 0; p < FW__N; p++)
		if (room[p].policy != FW_NONE && !fw_sound(&room[p], table))
			return false;
	return true;
}

size_t rules_table_text(const struct fw_ruleset *r,
			const struct fw_ruleset room[static FW__N],
			const char *table, char text[static RULES_TABLE])
{
	struct rules_out o = { .text = text, .size = RULES_TABLE };

	text[0] = '\0';
	if (!fw_sound(r, table) || !all_sound(room, table))
		return 0;
	begin(&o, table);
	if (r->policy == FW_NONE)
		return end(&o);
	begin_table(&o, r, table, room[FW_BLOCKED_ACTIVE].policy != FW_NONE);
	for (size_t i = 0; i < NITEMS(hooks); i++) {
		if (!hooks[i].stands(r))
			continue;
		rooms(&o, &hooks[i], room);
		hook(&o, &hooks[i], r);
	}
	rules_put(&o, "}\n");
	return end(&o);
}

unsigned int rules_table_gotos(const struct fw_ruleset *r,
			       struct rules_goto g[static RULES_HOOKS])
{
	unsigned int n = 0;

	for (size_t i = 0; i < NITEMS(hooks); i++)
		if (hooks[i].stands(r))
			name_room(&hooks[i], r, &g[n++]);
	return n;
}

bool rules_table_hook(const char *chain, size_t len)
{
	for (size_t i = 0; i < NITEMS(hooks); i++)
		if (strlen(hooks[i].name) == len &&
		    memcmp(hooks[i].name, chain, len) == 0)
			return true;
	return false;
}
