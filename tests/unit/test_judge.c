/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <string.h>

#include "shared/judge.h"

static void add_net(struct ipnet *nets, uint8_t *n, const char *text)
{
	cr_assert(ipnet_parse(text, &nets[*n]), "%s", text);
	(*n)++;
}

static void add_own(struct judge *j, const char *text)
{
	cr_assert(ipaddr_parse(text, &j->own[j->n_own]), "%s", text);
	j->n_own++;
}

/* A laptop in a hotel: two nets on the link, a relay and a resolver. */
static struct judge hotel(enum judge_private private)
{
	struct judge j = { .private = (uint8_t)private };

	add_own(&j, "192.168.1.20");
	add_own(&j, "2001:db8:1::20");
	add_own(&j, "198.51.100.77");
	add_net(j.onlink, &j.n_onlink, "192.168.1.0/24");
	add_net(j.onlink, &j.n_onlink, "198.51.100.64/26");
	add_net(j.onlink, &j.n_onlink, "10.9.9.8/31");
	add_net(j.onlink, &j.n_onlink, "10.9.9.20/32");
	add_net(j.onlink, &j.n_onlink, "2001:db8:1::/64");
	add_net(j.onlink, &j.n_onlink, "fd00:1::/64");
	add_net(j.forbidden, &j.n_forbidden, "203.0.113.5");
	add_net(j.forbidden, &j.n_forbidden, "192.168.1.1");
	add_net(j.forbidden, &j.n_forbidden, "10.64.0.0/16");
	add_net(j.forbidden, &j.n_forbidden, "64:ff9b::cb00:7106");
	return j;
}

static const struct {
	const char *what, *addr;
	enum judge_why on_link, never, any;
} rows[] = {
#define ALL(why) why, why, why
	{ "public v4", "192.0.2.1", ALL(JUDGE_OK) },
	{ "public v6", "2001:db8::1", ALL(JUDGE_OK) },
	{ "unspecified v4", "0.0.0.0", ALL(JUDGE_UNSPECIFIED) },
	{ "unspecified v6", "::", ALL(JUDGE_UNSPECIFIED) },
	{ "loopback v4", "127.0.0.53", ALL(JUDGE_LOOPBACK) },
	{ "loopback v6", "::1", ALL(JUDGE_LOOPBACK) },
	{ "link-local v4", "169.254.1.1", ALL(JUDGE_LINKLOCAL) },
	{ "link-local v6", "fe80::1", ALL(JUDGE_LINKLOCAL) },
	{ "multicast v4", "224.0.0.251", ALL(JUDGE_MULTICAST) },
	{ "multicast v6", "ff02::fb", ALL(JUDGE_MULTICAST) },
	{ "all ones", "255.255.255.255", ALL(JUDGE_BROADCAST) },
	{ "class e", "240.0.0.1", ALL(JUDGE_BROADCAST) },

	{ "own, private", "192.168.1.20", ALL(JUDGE_OWN) },
	{ "own, public", "198.51.100.77", ALL(JUDGE_OWN) },
	{ "own v6", "2001:db8:1::20", ALL(JUDGE_OWN) },
	{ "relay", "203.0.113.5", ALL(JUDGE_FORBIDDEN) },
	{ "relay's neighbour", "203.0.113.6", ALL(JUDGE_OK) },
	{ "resolver, private, on link", "192.168.1.1", ALL(JUDGE_FORBIDDEN) },
	{ "tunnel net, private, off link", "10.64.0.1", ALL(JUDGE_FORBIDDEN) },

	{ "last of a private net", "192.168.1.255", ALL(JUDGE_BROADCAST) },
	{ "last of a public net", "198.51.100.127", ALL(JUDGE_BROADCAST) },
	{ "last of half that net", "198.51.100.95", ALL(JUDGE_OK) },
	{ "last of a v6 net", "2001:db8:1:0:ffff:ffff:ffff:ffff",
	  ALL(JUDGE_OK) },
	{ "last of a /31", "10.9.9.9", JUDGE_OK, JUDGE_PRIVATE, JUDGE_OK },
	{ "the one of a /32", "10.9.9.20", JUDGE_OK, JUDGE_PRIVATE, JUDGE_OK },
	{ "last of a net elsewhere", "192.168.2.255",
	  JUDGE_PRIVATE, JUDGE_PRIVATE, JUDGE_OK },

	{ "private on link", "192.168.1.30", JUDGE_OK, JUDGE_PRIVATE, JUDGE_OK },
	{ "private off link", "192.168.2.30",
	  JUDGE_PRIVATE, JUDGE_PRIVATE, JUDGE_OK },
	{ "private v6 on link", "fd00:1::2", JUDGE_OK, JUDGE_PRIVATE, JUDGE_OK },
	{ "private v6 off link", "fd00:2::2",
	  JUDGE_PRIVATE, JUDGE_PRIVATE, JUDGE_OK },
	{ "shared space off link", "100.64.0.1",
	  JUDGE_PRIVATE, JUDGE_PRIVATE, JUDGE_OK },

	{ "nat64, public inside", "64:ff9b::192.0.2.1", ALL(JUDGE_OK) },
	{ "nat64, loopback inside", "64:ff9b::127.0.0.1", ALL(JUDGE_LOOPBACK) },
	{ "nat64, nothing inside", "64:ff9b::", ALL(JUDGE_UNSPECIFIED) },
	{ "nat64, own inside", "64:ff9b::198.51.100.77", ALL(JUDGE_OWN) },
	{ "nat64, relay inside", "64:ff9b::203.0.113.5", ALL(JUDGE_FORBIDDEN) },
	{ "nat64, forbidden by its outside", "64:ff9b::203.0.113.6",
	  ALL(JUDGE_FORBIDDEN) },
	{ "nat64, net's last inside", "64:ff9b::198.51.100.127",
	  ALL(JUDGE_BROADCAST) },
	{ "nat64, private on link inside", "64:ff9b::192.168.1.30",
	  JUDGE_OK, JUDGE_PRIVATE, JUDGE_OK },
	{ "nat64, private off link inside", "64:ff9b::192.168.2.30",
	  JUDGE_PRIVATE, JUDGE_PRIVATE, JUDGE_OK },
#undef ALL
};

static void judge_rows(enum judge_private private, size_t row,
		       enum judge_why want)
{
	struct judge j = hotel(private);
	struct ipaddr a;

	cr_assert(ipaddr_parse(rows[row].addr, &a), "%s", rows[row].what);
	cr_expect_str_eq(judge_name(judge_address(&j, &a)), judge_name(want),
			 "%s, private = %d", rows[row].what, (int)private);
}

Test(judge, table)
{
	for (size_t i = 0; i < NITEMS(rows); i++) {
		judge_rows(PRIVATE_ON_LINK, i, rows[i].on_link);
		judge_rows(PRIVATE_NEVER, i, rows[i].never);
		judge_rows(PRIVATE_ANY, i, rows[i].any);
	}
}

Test(judge, unknown_private_rule_is_never)
{
	struct judge j = hotel(PRIVATE_ANY);
	struct ipaddr a;

	j.private = 0xff;
	cr_assert(ipaddr_parse("192.168.1.30", &a));
	cr_expect_eq(judge_address(&j, &a), JUDGE_PRIVATE);
}

Test(judge, full_lists)
{
	struct judge j = { .private = PRIVATE_NEVER };
	struct ipaddr a;

	for (j.n_forbidden = 0; j.n_forbidden < POLICY_NETS;)
		add_net(j.forbidden, &j.n_forbidden, "192.0.2.1");
	cr_assert(ipnet_parse("192.0.2.2", &j.forbidden[POLICY_NETS - 1]));
	cr_assert(ipaddr_parse("192.0.2.2", &a));
	cr_expect_eq(judge_address(&j, &a), JUDGE_FORBIDDEN, "last entry");
	j.n_forbidden--;
	cr_expect_eq(judge_address(&j, &a), JUDGE_OK, "behind the last");
}

static const struct {
	const char *what, *addr;
	enum judge_why want;
} aaaa[] = {
	{ "plain", "2001:db8::1", JUDGE_OK },
	{ "v4-mapped public", "::ffff:192.0.2.1", JUDGE_MAPPED },
	{ "v4-mapped loopback", "::ffff:127.0.0.1", JUDGE_MAPPED },
	{ "nearly mapped", "::fffe:192.0.2.1", JUDGE_OK },
	{ "nat64", "64:ff9b::10.64.0.1", JUDGE_FORBIDDEN },
	{ "own", "2001:db8:1::20", JUDGE_OWN },
};

Test(judge, aaaa_table)
{
	struct judge j = hotel(PRIVATE_ON_LINK);

	for (size_t i = 0; i < NITEMS(aaaa); i++) {
		struct ipaddr a;

		cr_assert(ipaddr_parse(aaaa[i].addr, &a));
		cr_expect_str_eq(judge_name(judge_aaaa(&j, a.b)),
				 judge_name(aaaa[i].want), "%s", aaaa[i].what);
	}
}

static const struct {
	const char *addr;
	bool want;
} locals[] = {
	{ "127.0.0.1", true },
	{ "127.255.0.9", true },
	{ "::1", true },
	{ "192.168.1.20", true },
	{ "2001:db8:1::20", true },
	{ "192.168.1.21", false },	/* a neighbour */
	{ "203.0.113.5", false },
	{ "64:ff9b::7f00:1", false },	/* loopback of another host's */
	{ "0.0.0.0", false },
	{ "::", false },
};

Test(judge, locals)
{
	struct judge j = hotel(PRIVATE_ON_LINK);
	struct ipaddr a;

	for (size_t i = 0; i < sizeof(locals) / sizeof(locals[0]); i++) {
		cr_assert(ipaddr_parse(locals[i].addr, &a));
		cr_expect_eq(judge_local(&j, &a), locals[i].want, "%s",
			     locals[i].addr);
	}
}

Test(judge, names_are_total)
{
	for (unsigned int i = 0; i < JUDGE__N; i++)
		cr_expect_str_neq(judge_name(i), "?");
	cr_expect_str_eq(judge_name(JUDGE__N), "?");
}
