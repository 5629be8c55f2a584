/* SPDX-License-Identifier: ISC */
/* The pf backend: what others do to its rules, and what it does to theirs. */
#include "tests/unit/fwpfbench.h"

TestSuite(fw_pfothers, .init = begin, .fini = end);

static void flush_rules(void)
{
	pfkernel.own.n = 0;
	pfkernel.own.ticket++;
}

static void flush_all(void)
{
	flush_rules();
	pfkernel.anchor = false;
	for (int i = 0; i < PFK_TABLES; i++)
		pfkernel.table[i].there = false;
}

static void another_main(void)
{
	pfkernel.main.n = 0;
	pfkernel_rule(&pfkernel.main, "pass quick all");
}

static void before_us(void)
{
	memmove(pfkernel.main.line[1], pfkernel.main.line[0], PFK_LINE);
	strcpy(pfkernel.main.line[0], "pass quick all");
	pfkernel.main.n++;
	pfkernel.main.ticket++;
}

static void one_rule_more(void)
{
	pfkernel_rule(&pfkernel.own, "pass quick all");
}

static void switch_off(void)
{
	pfkernel.on = false;
	memset(pfkernel.token, 0, sizeof(pfkernel.token));
}

static void touch(void)
{
	pfkernel.main.ticket++;
}

static const struct {
	const char *what;
	void (*doing)(void);
	int verified;
} others[] = {
	{ "rules are flushed",		flush_rules,	0 },
	{ "the anchor is flushed",	flush_all,	0 },
	{ "another main ruleset",	another_main,	0 },
	{ "a rule before our call",	before_us,	0 },
	{ "a rule in our anchor",	one_rule_more,	0 },
	{ "pf is switched off",		switch_off,	0 },
	{ "nothing that concerns us",	touch,		1 },
};

Test(fw_pfothers, others)
{
	for (size_t k = 0; k < NITEMS(systems); k++)
		for (size_t i = 0; i < NITEMS(others); i++) {
			int good;

			again_on(systems[k]);
			cr_assert_eq(load(FW_BLOCKED_ACTIVE, 0), 0);
			cr_assert_eq(verify(), 1);
			others[i].doing();
			cr_expect_eq(fw->ops->changed(fw), 1, "%s",
				     others[i].what);
			good = verify();
			cr_expect_eq(good, others[i].verified, "%s: %d, %s",
				     others[i].what, good, why.text);
			if (others[i].verified == 0)
				cr_expect_eq(load(FW_BLOCKED_ACTIVE, 0), 0,
					     "%s: %s", others[i].what,
					     why.text);
			cr_expect(pfkernel.on);
			cr_expect_eq(verify(), 1, "%s: %s", others[i].what,
				     why.text);
			cr_expect_eq(fw->ops->changed(fw), 0);
		}
}

Test(fw_pfothers, generation_moves_with_changes_alone)
{
	uint32_t first, second, third;

	cr_assert_eq(load(FW_BLOCKED_ACTIVE, 0), 0);
	cr_assert_eq(fw->ops->verify(fw, &first, &why), 1);
	cr_assert_eq(add("198.51.100.1", false, false), 0);
	cr_assert_eq(fw->ops->verify(fw, &second, &why), 1);
	cr_expect_eq(first, second);
	touch();
	cr_assert_eq(fw->ops->verify(fw, &third, &why), 1);
	cr_expect_neq(third, second);
	cr_expect_eq(fw->ops->watch_fd(fw), FW_ASK);
	cr_expect_neq(fw->ops->port(fw), 0, "or the tripwire believes us");
}

/* While nothing moves, no program is run to look at the rules. */
Test(fw_pfothers, asking_is_cheap)
{
	cr_assert_eq(load(FW_BLOCKED, 0), 0);
	pfkernel.log[0] = '\0';
	cr_expect_eq(fw->ops->changed(fw), 0);
	cr_expect_str_eq(pfkernel.log, "rules rules start ");
}

/* ---- connections that may not go on */

static const struct {
	const char *what;
	enum fw_policy from, to;
	unsigned int with, then;
	const char *left;	/* the states that go on, by their letters */
} cuts[] = {
	{ "nothing was known", FW__N, FW_BLOCKED, 0, 0, "" },
	{ "from no rules", FW_NONE, FW_CONNECTED, 0, LAN, "" },
	{ "relays go on", FW_CONNECTING, FW_CONNECTED, 0, 0, "UTRL" },
	{ "relays end", FW_CONNECTED, FW_DISCONNECTING, 0, 0, "UTL" },
	{ "sealed: it does not", FW_CONNECTED, FW_BLOCKED, SEALED, SEALED,
	  "UTRL" },
	{ "the door shuts", FW_BLOCKED_ACTIVE, FW_BLOCKED, 0, 0, "TRL" },
	{ "it stays", FW_BLOCKED_ACTIVE, FW_BLOCKED_ACTIVE, 0, ANY_UID,
	  "UTRL" },
};

static void make_states(void)
{
	pfkernel_state("192.0.2.9", "192.0.2.53", "em0");	/* Upstream */
	pfkernel_state("10.64.0.9", "198.18.0.1", "wg0");	/* oThers */
	pfkernel_state("192.0.2.9", "203.0.113.1", "em0");	/* Relay */
	pfkernel_state("192.168.1.9", "192.168.1.1", "em0");	/* LAN */
}

static void letters(char out[8])
{
	static const struct {
		const char *dst;
		char letter;
	} names[] = {
		{ "192.0.2.53", 'U' }, { "198.18.0.1", 'T' },
		{ "203.0.113.1", 'R' }, { "192.168.1.1", 'L' },
	};

	for (size_t i = 0; i < NITEMS(names); i++) {
		struct ipaddr a = parse(names[i].dst);

		for (int k = 0; k < pfkernel.n_states; k++)
			if (ipaddr_equal(&pfkernel.state[k].dst, &a))
				*out++ = names[i].letter;
	}
	*out = '\0';
}

Test(fw_pfothers, cuts)
{
	for (size_t k = 0; k < NITEMS(systems); k++)
		for (size_t i = 0; i < NITEMS(cuts); i++) {
			char left[8];

			again_on(systems[k]);
			if (cuts[i].from != FW__N)
				cr_assert_eq(load(cuts[i].from, cuts[i].with),
					     0, "%s", why.text);
			make_states();
			cr_assert_eq(load(cuts[i].to, cuts[i].then), 0);
			letters(left);
			cr_expect_str_eq(left, cuts[i].left, "%s, %s: %s",
					 systems[k]->name, cuts[i].what, left);
		}
}
