/* SPDX-License-Identifier: ISC */
/*
 * The text of each policy, for each system, against
 * tests/unit/rules/<name>.<system>.pf. GOLDEN=write makes the files anew; read
 * what git diff then says.
 *
 * Reviewed line by line against the reference, mullvad.md 2.2. Its common head
 * (2.2.1), by number, and what stands for it here:
 *
 *  1 scrub all                 "scrub all fragment reassemble", macOS; FreeBSD
 *                              has no scrubbing in anchors
 *  2 lo0, keep state           "pass quick on lo0 all no state": without
 *                              state, as nothing of it must outlive a load
 *  3 DHCPv4 out                68 to 255.255.255.255 port 67; no renewal by
 *                              unicast there, none here
 *  4 DHCPv4 in                 67 to port 68, from anybody
 *  5 DHCPv6 out, twice         fe80::/10 port 546 to ff02::1:2 and ff05::1:3
 *  6 DHCPv6 in                 fe80::/10 port 547 to fe80::/10 port 546
 *  7 NDP, stateless, by type   133 out to ff02::2; 134, 137 and 135 in from
 *                              fe80::/10; 135 out to ff02::1:ff00:0/104 and
 *                              to fe80::/10; 136 out to fe80::/10; 136 in
 *                              from anywhere. Code 0 as well
 *  8 the policy part           below
 *  9 block return out quick    the last rule but one
 * 10 block drop quick          the last rule
 *
 * Its policy parts (2.2.2):
 *
 *  Blocked: endpoint with user 0       relays, if the tunnel is sealed
 *           DNS blocked, then LAN      so, and DNS also without LAN
 *  Disconnecting: DNS blocked, LAN     the same text as blocked
 *  Connecting: relays with user 0,     so; no API endpoints. In the tunnel
 *           DNS blocked, tunnel, LAN   only if it is sealed
 *  Connected: tunnel DNS, LAN DNS,     relays before tunnel DNS (no address is
 *           relays, DNS blocked,       in both); LAN DNS is never let through;
 *           LAN, tunnel with state     tunnel before LAN, as what goes into it
 *                                      matches first in either order; no state
 *  LAN: nets out and in with state,    the same nets without state: both ways
 *           multicast out stateless    are open; no DHCP server, as on Linux;
 *                                      not to the tunnel's address
 *  generation 1: port 53 with group,   exact servers, user and group or own
 *           addresses with user 0      ports; the door by table, ports 80, 443
 *
 * Its traps (2.2.5): all rules are quick on purpose; S/SA with TCP alone; each
 * load replaces filter, nat, rdr and scrub, whether or not there are any;
 * nothing depends on lo0.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "firewall/rules_pf.h"
#include "tests/unit/pfparse.h"
#include "tests/unit/rulesbench.h"

static char text[FW_TEXT];

static const struct {
	const char *name;
	enum fw_policy policy;
	unsigned int with;
} rows[] = {
	{ "none",			FW_NONE,		0 },
	{ "blocked",			FW_BLOCKED,		0 },
	{ "blocked-lan",		FW_BLOCKED,		LAN },
	{ "blocked-sealed",		FW_BLOCKED,		SEALED },
	{ "blocked-sealed-lan",		FW_BLOCKED,	SEALED | LAN },
	{ "blocked-sealed-off",		FW_BLOCKED,	SEALED | NO_TUNNEL },
	{ "blocked-bypass",		FW_BLOCKED,		BYPASS },
	{ "blocked-active",		FW_BLOCKED_ACTIVE,	0 },
	{ "blocked-active-ports",	FW_BLOCKED_ACTIVE,	OWN_PORTS },
	{ "blocked-active-lan",		FW_BLOCKED_ACTIVE,	LAN },
	{ "blocked-active-any-uid",	FW_BLOCKED_ACTIVE,	ANY_UID },
	{ "blocked-active-v4-upstream",	FW_BLOCKED_ACTIVE,	V4_ONLY },
	{ "blocked-active-no-ports",	FW_BLOCKED_ACTIVE,	NO_DOOR },
	{ "blocked-active-bypass",	FW_BLOCKED_ACTIVE,	BYPASS },
	{ "blocked-active-bypass-lan",	FW_BLOCKED_ACTIVE,	BYPASS | LAN },
	{ "blocked-active-tls",		FW_BLOCKED_ACTIVE,	TLS },
	{ "blocked-active-sealed",	FW_BLOCKED_ACTIVE,	SEALED },
	{ "connecting",			FW_CONNECTING,		0 },
	{ "connecting-lan",		FW_CONNECTING,		LAN },
	{ "connecting-v4",		FW_CONNECTING,		V4_ONLY },
	{ "connecting-sealed",		FW_CONNECTING,		SEALED },
	{ "connected",			FW_CONNECTED,		0 },
	{ "connected-lan",		FW_CONNECTED,		LAN },
	{ "connected-any-dns",		FW_CONNECTED,		NO_DNS },
	{ "connected-no-interface",	FW_CONNECTED,		NO_TUNNEL },
	{ "connected-mark",		FW_CONNECTED,		MARK },
	{ "disconnecting",		FW_DISCONNECTING,	0 },
	{ "disconnecting-lan",		FW_DISCONNECTING,	LAN },
	{ "disconnecting-sealed",	FW_DISCONNECTING,	SEALED },
};

static const struct {
	const struct pfsys *sys;
	const char *kind;
} systems[] = {
	{ &pfsys_macos, "macos.pf" }, { &pfsys_freebsd, "freebsd.pf" },
};

static unsigned int rules;

static struct fw_ruleset for_system(enum fw_policy p, unsigned int with,
				    const struct pfsys *sys)
{
	return ruleset(p, with | (sys->groups ? 0 : OWN_PORTS));
}

static size_t write_rules(enum fw_policy p, unsigned int with,
			  const struct pfsys *sys)
{
	const struct fw_ruleset r = for_system(p, with, sys);

	return rules_pf_text(&r, "sallyport", sys, text, &rules);
}

Test(rules_pf, golden)
{
	for (size_t k = 0; k < NITEMS(systems); k++)
		for (size_t i = 0; i < NITEMS(rows); i++) {
			size_t len = write_rules(rows[i].policy, rows[i].with,
						 systems[k].sys);

			cr_expect_eq(len, strlen(text), "%s: length",
				     rows[i].name);
			cr_expect_str_eq(text, golden(rows[i].name,
						      systems[k].kind, text,
						      len),
					 "%s.%s", rows[i].name,
					 systems[k].kind);
		}
}

Test(rules_pf, second_opinion)
{
	for (size_t k = 0; k < NITEMS(systems); k++)
		for (size_t i = 0; i < NITEMS(rows); i++) {
			struct pfparse p = {
				.groups = systems[k].sys->groups,
			};
			const char *bad;

			cr_assert_neq(write_rules(rows[i].policy, rows[i].with,
						  systems[k].sys), 0);
			bad = pfparse(text, &p);
			cr_expect_null(bad, "%s.%s:%d: %s", rows[i].name,
				       systems[k].kind, p.line, bad);
			cr_expect_eq(p.rules, rules, "%s.%s: %u rules, not %u",
				     rows[i].name, systems[k].kind, rules,
				     p.rules);
		}
}

/* What must never be in a text of macOS, whatever the options. */
Test(rules_pf, macos_asks_for_no_group)
{
	for (size_t i = 0; i < NITEMS(rows); i++) {
		cr_assert_neq(write_rules(rows[i].policy, rows[i].with,
					  &pfsys_macos), 0);
		cr_expect_null(strstr(text, "group"), "%s", rows[i].name);
		cr_expect_null(strstr(text, "user 981"), "%s", rows[i].name);
	}
}

static size_t try_one(void (*spoil)(struct fw_ruleset *r), enum fw_policy p,
		      const struct pfsys *sys)
{
	struct fw_ruleset r = for_system(p, 0, sys);

	spoil(&r);
	return rules_pf_text(&r, "sallyport", sys, text, &rules);
}

static void nothing(struct fw_ruleset *r)
{
	(void)r;
}

static void no_range(struct fw_ruleset *r)
{
	r->from[0] = r->from[1] = 0;
}

static void backwards(struct fw_ruleset *r)
{
	r->from[0] = 41068;
	r->from[1] = 41053;
}

static void hash(struct fw_ruleset *r)
{
	r->hash = true;
}

static void quote(struct fw_ruleset *r)
{
	strcpy(r->interface, "x\" pass");
}

static void ports(struct fw_ruleset *r)
{
	r->n_ports = CONF_PORTS + 1;
}

static const struct {
	const char *what;
	void (*spoil)(struct fw_ruleset *r);
	enum fw_policy policy;
	const struct pfsys *sys;
	bool good;
} refused[] = {
	{ "as it is",		nothing,	FW_CONNECTED, &pfsys_macos, true },
	{ "no group on macOS",	no_range,	FW_BLOCKED_ACTIVE, &pfsys_macos,
	  false },
	{ "asks nobody",	no_range,	FW_BLOCKED, &pfsys_macos, true },
	{ "group on FreeBSD",	no_range,	FW_BLOCKED_ACTIVE,
	  &pfsys_freebsd, true },
	{ "range backwards",	backwards,	FW_BLOCKED_ACTIVE,
	  &pfsys_freebsd, false },
	{ "door = hash",	hash,		FW_BLOCKED_ACTIVE,
	  &pfsys_freebsd, false },
	{ "interface's name",	quote,		FW_CONNECTED, &pfsys_freebsd,
	  false },
	{ "too many ports",	ports,		FW_BLOCKED_ACTIVE,
	  &pfsys_freebsd, false },
};

Test(rules_pf, refused)
{
	for (size_t i = 0; i < NITEMS(refused); i++) {
		size_t len = try_one(refused[i].spoil, refused[i].policy,
				     refused[i].sys);

		cr_expect_eq(len != 0, refused[i].good, "%s", refused[i].what);
		cr_expect_eq(text[0] != '\0', refused[i].good, "%s",
			     refused[i].what);
	}
}

Test(rules_pf, anchors_name)
{
	struct fw_ruleset r = ruleset(FW_BLOCKED, 0);

	cr_expect_eq(rules_pf_text(&r, "a\npass quick all", &pfsys_freebsd,
				   text, &rules), 0);
}

Test(rules_pf, the_largest_fits)
{
	for (size_t k = 0; k < NITEMS(systems); k++)
		for (enum fw_policy p = 0; p < FW__N; p++) {
			struct fw_ruleset r = for_system(p, LAN | TLS | SEALED,
							 systems[k].sys);

			fill(&r);
			cr_expect_neq(rules_pf_text(&r, "sallyport",
						    systems[k].sys, text,
						    &rules), 0, "%s",
				      fw_policy_name(p));
		}
}
