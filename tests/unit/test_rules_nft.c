/* SPDX-License-Identifier: ISC */
/*
 * The text of each policy against tests/unit/rules/<name>.nft, and against
 * nft itself where it may run. GOLDEN=write makes the files anew; read what
 * git diff then says.
 */
#include <string.h>

#include "nftcheck.h"
#include "rulesbench.h"

static char text[FW_TEXT];

static const struct {
	const char *name;
	enum fw_policy policy;
	unsigned int with;
} rows[] = {
	{ "none",			FW_NONE,		0 },
	{ "blocked",			FW_BLOCKED,		0 },
	{ "blocked-lan",		FW_BLOCKED,		LAN },
	{ "blocked-active",		FW_BLOCKED_ACTIVE,	0 },
	{ "blocked-active-ports",	FW_BLOCKED_ACTIVE,	OWN_PORTS },
	{ "blocked-active-lan",		FW_BLOCKED_ACTIVE,	LAN },
	{ "blocked-active-any-uid",	FW_BLOCKED_ACTIVE,	ANY_UID },
	{ "blocked-active-v4-upstream",	FW_BLOCKED_ACTIVE,	V4_ONLY },
	{ "blocked-active-no-ports",	FW_BLOCKED_ACTIVE,	NO_DOOR },
	{ "blocked-active-hash",	FW_BLOCKED_ACTIVE,	HASH },
	{ "blocked-active-hash-any-uid", FW_BLOCKED_ACTIVE, HASH | ANY_UID },
	{ "blocked-active-hash-no-ports", FW_BLOCKED_ACTIVE, HASH | NO_DOOR },
	{ "blocked-active-bypass",	FW_BLOCKED_ACTIVE,	BYPASS },
	{ "blocked-active-bypass-lan",	FW_BLOCKED_ACTIVE,	BYPASS | LAN },
	{ "blocked-active-bypass-hash",	FW_BLOCKED_ACTIVE,	BYPASS | HASH },
	{ "blocked-active-tls",		FW_BLOCKED_ACTIVE,	TLS },
	{ "blocked-bypass",		FW_BLOCKED,		BYPASS },
	{ "blocked-hash",		FW_BLOCKED,		HASH },
	{ "connecting",			FW_CONNECTING,		0 },
	{ "connecting-lan",		FW_CONNECTING,		LAN },
	{ "connecting-v4",		FW_CONNECTING,		V4_ONLY },
	{ "connecting-relay-twice",	FW_CONNECTING,		TWICE },
	{ "connected",			FW_CONNECTED,		0 },
	{ "connected-lan",		FW_CONNECTED,		LAN },
	{ "connected-any-dns",		FW_CONNECTED,		NO_DNS },
	{ "connected-no-interface",	FW_CONNECTED,		NO_TUNNEL },
	{ "connected-mark",		FW_CONNECTED,		MARK },
	{ "connecting-sealed",		FW_CONNECTING,		SEALED },
	{ "blocked-sealed",		FW_BLOCKED,		SEALED },
	{ "blocked-sealed-off",		FW_BLOCKED,	SEALED | NO_TUNNEL },
	{ "blocked-active-sealed",	FW_BLOCKED_ACTIVE,	SEALED },
	{ "disconnecting-sealed",	FW_DISCONNECTING,	SEALED },
	{ "disconnecting",		FW_DISCONNECTING,	0 },
	{ "disconnecting-lan",		FW_DISCONNECTING,	LAN },
};

Test(rules_nft, golden)
{
	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct fw_ruleset r = ruleset(rows[i].policy, rows[i].with);
		size_t len = fw_nft_text(&r, "sallyport", text);

		cr_expect_eq(len, strlen(text), "%s: length", rows[i].name);
		cr_expect_str_eq(text, golden(rows[i].name, "nft", text, len), "%s",
				 rows[i].name);
	}
}

Test(rules_nft, nft_takes_it)
{
	if (!may_ask_nft())
		cr_skip_test("needs root and nft");
	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct fw_ruleset r = ruleset(rows[i].policy, rows[i].with);
		size_t len = fw_nft_text(&r, "sallyport", text);

		cr_expect_eq(nft_check(text, len, ""), 0, "%s", rows[i].name);
	}
	strcpy(text, "table inet sallyport { nonsense }");
	cr_expect_neq(nft_check(text, strlen(text),
				" 2>/dev/null"), 0,
		      "nonsense is told apart");
}

static const struct {
	const char *what;
	const char *interface;
	bool good;
} interfaces[] = {
	{ "plain",		"wg0",			true },
	{ "dots and dashes",	"wg0-home.lan_1",	true },
	{ "longest",		"abcdefghijklmno",	true },
	{ "closing quote",	"x\" accept",		false },
	{ "line end",		"x\naccept",		false },
	{ "pattern",		"e*",			false },
	{ "only a pattern",	"*",			false },
	{ "comment",		"x#",			false },
	{ "block end",		"x}",			false },
	{ "statement end",	"x;",			false },
	{ "escape",		"x\\",			false },
	{ "variable",		"$x",			false },
	{ "blank",		"a b",			false },
	{ "slash",		"a/b",			false },
	{ "not ASCII",		"w\xc3\xa4",		false },
	{ "control",		"x\x01",		false },
};

Test(rules_nft, interface_names)
{
	for (size_t i = 0; i < NITEMS(interfaces); i++) {
		struct fw_ruleset r = ruleset(FW_CONNECTED, 0);

		snprintf(r.interface, sizeof(r.interface), "%s",
			 interfaces[i].interface);
		cr_expect_eq(fw_nft_text(&r, "sallyport", text) != 0,
			     interfaces[i].good, "%s", interfaces[i].what);
		cr_expect_eq(strstr(text, interfaces[i].interface) != NULL &&
			     text[0] != '\0', interfaces[i].good, "%s",
			     interfaces[i].what);
	}
}

Test(rules_nft, interface_without_end)
{
	struct fw_ruleset r = ruleset(FW_CONNECTED, 0);

	memset(r.interface, 'a', sizeof(r.interface));
	cr_expect_eq(fw_nft_text(&r, "sallyport", text), 0);
}

static const struct {
	const char *what, *table;
	bool good;
} tables[] = {
	{ "ours",		"sallyport",		true },
	{ "second instance",	"sallyport-2_b",	true },
	{ "empty",		"",			false },
	{ "digit first",	"2nd",			false },
	{ "block",		"a { }",		false },
	{ "statement",		"a;flush ruleset",	false },
	{ "line end",		"a\nflush ruleset",	false },
};

Test(rules_nft, table_names)
{
	struct fw_ruleset r = ruleset(FW_BLOCKED, 0);

	for (size_t i = 0; i < NITEMS(tables); i++)
		cr_expect_eq(fw_nft_text(&r, tables[i].table, text) != 0,
			     tables[i].good, "%s", tables[i].what);
}

Test(rules_nft, the_largest_fits)
{
	for (enum fw_policy p = 0; p < FW__N; p++) {
		struct fw_ruleset r = ruleset(p, LAN);

		fill(&r);
		cr_expect_neq(fw_nft_text(&r, "sallyport", text), 0, "%s",
			      fw_policy_name(p));
	}
}

Test(rules_nft, counts_out_of_bounds)
{
	struct fw_ruleset good = ruleset(FW_CONNECTED, 0), bad[5];

	for (size_t i = 0; i < NITEMS(bad); i++)
		bad[i] = good;
	bad[0].n_ports = CONF_PORTS + 1;
	bad[1].n_upstreams = POLICY_UPSTREAMS + 1;
	bad[2].n_relays = CONF_ENDPOINTS + 1;
	bad[3].n_dns = TUNNEL_DNS + 1;
	bad[4].policy = FW__N;
	for (size_t i = 0; i < NITEMS(bad); i++)
		cr_expect_eq(fw_nft_text(&bad[i], "sallyport", text), 0,
			     "%zu", i);
}

Test(rules_nft, policy_names)
{
	cr_expect_str_eq(fw_policy_name(FW_BLOCKED_ACTIVE), "blocked-active");
	cr_expect_str_eq(fw_policy_name(FW__N), "unknown");
}
