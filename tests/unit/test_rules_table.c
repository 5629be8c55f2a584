/* SPDX-License-Identifier: ISC */
/*
 * The table of all policies: a room's lines are those of fw_nft_text(), the
 * hooks lead where the policy is, and nft takes it. Two tables as a whole are
 * in tests/unit/rules/table-*.nft; GOLDEN=write makes them anew.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "firewall/rules_table.h"
#include "nftcheck.h"
#include "rulesbench.h"

static char text[FW_TEXT];

static char table[RULES_TABLE];
static struct fw_ruleset room[FW__N];

/* All rooms of a ruleset, but those below `from`. */
static size_t make(const struct fw_ruleset *r, enum fw_policy from)
{
	memset(room, 0, sizeof(room));
	for (enum fw_policy p = from; p < FW__N; p++)
		rules_table_room(r, p, &room[p]);
	return rules_table_text(r, room, "sallyport", table);
}

/* The lines between the chain's head and its end; without the hook's type. */
static void chain_of(const char *rules, const char *name, char *lines)
{
	char head[64];
	const char *at, *end;

	snprintf(head, sizeof(head), "\tchain %s {\n", name);
	at = strstr(rules, head);
	lines[0] = '\0';
	if (at == NULL)
		return;
	at += strlen(head);
	if (strncmp(at, "\t\ttype ", 7) == 0)
		at = strchr(at, '\n') + 1;
	end = strstr(at, "\t}\n");
	cr_assert(end);
	sprintf(lines, "%.*s", (int)(end - at), at);
}

static const char *const hooks[RULES_HOOKS] = {
	"steer", "answers", "output", "input", "forward",
};

static const struct {
	const char *name;
	unsigned int with;
} kinds[] = {
	{ "plain",		0 },
	{ "lan",		LAN },
	{ "hash",		HASH },
	{ "bypass",		BYPASS },
	{ "bypass, hash",	BYPASS | HASH },
	{ "tls",		TLS },
	{ "sealed",		SEALED },
	{ "no interface",	NO_TUNNEL },
	{ "mark",		MARK },
	{ "no ports",		NO_DOOR },
};

static void expect_room(enum fw_policy p, const char *hook, const char *kind)
{
	static char want[FW_TEXT], is[FW_TEXT];
	char name[64];

	chain_of(text, hook, want);
	snprintf(name, sizeof(name), "%s-%s", hook, fw_policy_name(p));
	chain_of(table, name, is);
	cr_expect_str_eq(is, want, "%s: %s", kind, name);
}

Test(rules_table, a_room_has_the_lines_of_its_policy)
{
	for (size_t i = 0; i < NITEMS(kinds); i++) {
		struct fw_ruleset r = ruleset(FW_CONNECTED, kinds[i].with);

		cr_assert_neq(make(&r, FW_BLOCKED), 0, "%s", kinds[i].name);
		for (enum fw_policy p = FW_BLOCKED; p < FW__N; p++) {
			r.policy = p;
			fw_nft_text(&r, "sallyport", text);
			for (size_t h = 0; h < NITEMS(hooks); h++)
				expect_room(p, hooks[h], kinds[i].name);
		}
	}
}

/* What is in force is what rules_table_gotos() says. */
Test(rules_table, hooks_lead_to_the_policy)
{
	for (size_t i = 0; i < NITEMS(kinds) * FW__N; i++) {
		enum fw_policy p = i % FW__N;
		struct fw_ruleset r = ruleset(p, kinds[i / FW__N].with);
		static char lines[FW_TEXT];
		struct rules_goto g[RULES_HOOKS];
		char want[64];
		unsigned int n;

		if (p == FW_NONE)
			continue;
		cr_assert_neq(make(&r, FW_BLOCKED), 0);
		n = rules_table_gotos(&r, g);
		cr_expect_eq(n, r.bypass ? 5 : 3);
		for (unsigned int h = 0; h < n; h++) {
			snprintf(want, sizeof(want), "\t\tgoto %s\n",
				 g[h].room);
			chain_of(table, g[h].hook, lines);
			cr_expect_str_eq(lines, g[h].room[0] ? want : "",
					 "%s of %s", g[h].hook,
					 fw_policy_name(p));
		}
	}
}

Test(rules_table, nft_takes_it)
{
	if (!may_ask_nft())
		cr_skip_test("needs root and nft");
	for (size_t i = 0; i < NITEMS(kinds); i++) {
		struct fw_ruleset r = ruleset(FW_BLOCKED_ACTIVE,
					      kinds[i].with);

		cr_assert_eq(nft_check(table, make(&r, FW_BLOCKED), ""), 0,
			     "%s", kinds[i].name);
	}
}

Test(rules_table, golden)
{
	struct fw_ruleset r = ruleset(FW_CONNECTED, 0);
	size_t len = make(&r, FW_BLOCKED);

	cr_expect_str_eq(table, golden("table-connected", "nft", table,
					  len));
	r = ruleset(FW_BLOCKED_ACTIVE, BYPASS | LAN);
	len = make(&r, FW_BLOCKED);
	cr_expect_str_eq(table, golden("table-bypass", "nft", table, len));
}

/* ---- rooms */

static const struct {
	const char *what;
	enum fw_policy policy;
	unsigned int a, b;
	bool same;
} pairs[] = {
	{ "relays are not in blocked",	FW_BLOCKED,	0, TWICE, true },
	{ "... but of a sealed tunnel",	FW_BLOCKED,	SEALED,
	  SEALED | TWICE, false },
	{ "relays are in connecting",	FW_CONNECTING,	0, TWICE, false },
	{ "the mark is, too",		FW_CONNECTING,	0, MARK, false },
	{ "no interface in connecting",	FW_CONNECTING,	0, NO_TUNNEL, true },
	{ "... but in connected",	FW_CONNECTED,	0, NO_TUNNEL, false },
	{ "nor the tunnel's DNS",	FW_CONNECTING,	0, NO_DNS, true },
	{ "... but in connected",	FW_CONNECTED,	0, NO_DNS, false },
	{ "upstreams are in sets",	FW_BLOCKED_ACTIVE, 0, V4_ONLY, true },
	{ "the LAN is everywhere",	FW_DISCONNECTING, 0, LAN, false },
	{ "the door's user",		FW_BLOCKED_ACTIVE, 0, ANY_UID, false },
};

Test(rules_table, equal_rooms)
{
	for (size_t i = 0; i < NITEMS(pairs); i++) {
		struct fw_ruleset a = ruleset(pairs[i].policy, pairs[i].a);
		struct fw_ruleset b = ruleset(pairs[i].policy, pairs[i].b);

		rules_table_room(&a, pairs[i].policy, &room[0]);
		rules_table_room(&b, pairs[i].policy, &room[1]);
		cr_expect_eq(memcmp(&room[0], &room[1], sizeof(room[0])) == 0,
			     pairs[i].same, "%s", pairs[i].what);
	}
}

Test(rules_table, one_room_alone)
{
	struct fw_ruleset r = ruleset(FW_DISCONNECTING, 0);

	cr_expect_neq(make(&r, FW_DISCONNECTING), 0);
	cr_expect(strstr(table, "chain output-disconnecting {"));
	cr_expect_null(strstr(table, "-blocked"), "no other");
	cr_expect_null(strstr(table, "allow4"), "and no door");
}

Test(rules_table, unsound)
{
	struct fw_ruleset r = ruleset(FW_BLOCKED, 0);

	cr_expect_neq(make(&r, FW_BLOCKED), 0);
	strcpy(room[FW_CONNECTED].interface, "x\" accept");
	cr_expect_eq(rules_table_text(&r, room, "sallyport", table), 0);
	cr_expect_str_eq(table, "");
	r.policy = FW_NONE;
	cr_expect_str_eq((make(&r, FW__N), table),
			 "add table inet sallyport\n"
			 "delete table inet sallyport\n");
}

Test(rules_table, the_largest_fits)
{
	for (enum fw_policy p = FW_BLOCKED; p < FW__N; p++) {
		struct fw_ruleset r = ruleset(p, LAN | SEALED | TLS);

		fill(&r);
		cr_expect_neq(make(&r, FW_BLOCKED), 0, "%s",
			      fw_policy_name(p));
	}
}

Test(rules_table, hooks)
{
	cr_expect(rules_table_hook("output", 6));
	cr_expect(rules_table_hook("steer", 5));
	cr_expect_not(rules_table_hook("output-blocked", 14));
	cr_expect_not(rules_table_hook("output", 5));
	cr_expect_not(rules_table_hook("", 0));
}
