/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>

#include "compat.h"
#include "verdict.h"
#include "wire.h"

static struct policy p;
static struct learnt l;
static struct wire w;

static void allow(const char *name, bool suffix)
{
	struct policy_name *n = &p.names[p.n_names++];

	n->len = (uint8_t)dnsname_from_text(name, n->wire);
	n->suffix = suffix;
}

static void setup(void)
{
	allow("captive.apple.com", false);
	allow("lab.example", true);
	wire_start(&w, 1, 0, "edge.cdn.example", DNSTYPE_A);

	struct dnsmsg m = wire_view(&w);

	cr_assert(learnt_add(&l, &m.qname, 100, 1));
}

static const struct {
	const char *what, *name;
	uint64_t now;
	bool allowed;
} names[] = {
	{ "exact", "captive.apple.com", 1, true },
	{ "in other case", "CAPTIVE.Apple.cOm", 1, true },
	{ "with a search domain behind", "captive.apple.com.corp.lan", 1,
	  false },
	{ "below an exact name", "www.captive.apple.com", 1, false },
	{ "a parent", "apple.com", 1, false },
	{ "the top level", "com", 1, false },
	{ "the root", ".", 1, false },
	{ "a label longer", "xcaptive.apple.com", 1, false },
	{ "a label shorter", "aptive.apple.com", 1, false },
	{ "labels run together", "captiveapple.com", 1, false },
	{ "the suffix itself", "lab.example", 1, true },
	{ "one label below the suffix", "a.lab.example", 1, true },
	{ "four labels below the suffix", "a.b.c.d.LAB.example", 1, true },
	{ "ends in the suffix inside a label", "slab.example", 1, false },
	{ "the suffix further up", "lab.example.org", 1, false },
	{ "below the suffix's parent", "b.example", 1, false },
	{ "learnt", "edge.cdn.example", 99, true },
	{ "learnt, in other case", "Edge.CDN.example", 1, true },
	{ "learnt, at its end", "edge.cdn.example", 100, false },
	{ "below a learnt one", "x.edge.cdn.example", 1, false },
};

static enum verdict judge(const char *name, uint16_t type, uint16_t flags,
			  uint64_t now)
{
	uint8_t out[DNSNAME_MAX];
	struct dnsmsg m;

	wire_start(&w, 1, flags, name, type);
	m = wire_view(&w);
	return verdict_query(&m, &p, &l, now, out);
}

Test(verdict, names, .init = setup)
{
	for (size_t i = 0; i < NITEMS(names); i++)
		cr_expect_eq(judge(names[i].name, DNSTYPE_A, 0, names[i].now),
			     names[i].allowed ? VERDICT_ASK : VERDICT_REFUSE,
			     "%s", names[i].what);
}

static const struct {
	const char *what;
	uint16_t type;
	enum verdict forward, spoof;
} types[] = {
	{ "A", DNSTYPE_A, VERDICT_ASK, VERDICT_SPOOF },
	{ "AAAA", DNSTYPE_AAAA, VERDICT_ASK, VERDICT_SPOOF },
	{ "CNAME", DNSTYPE_CNAME, VERDICT_ASK, VERDICT_EMPTY },
	{ "type 0", 0, VERDICT_EMPTY, VERDICT_EMPTY },
	{ "NS", DNSTYPE_NS, VERDICT_EMPTY, VERDICT_EMPTY },
	{ "SOA", DNSTYPE_SOA, VERDICT_EMPTY, VERDICT_EMPTY },
	{ "TXT", 16, VERDICT_EMPTY, VERDICT_EMPTY },
	{ "OPT", DNSTYPE_OPT, VERDICT_EMPTY, VERDICT_EMPTY },
	{ "SVCB", DNSTYPE_SVCB, VERDICT_EMPTY, VERDICT_EMPTY },
	{ "HTTPS", DNSTYPE_HTTPS, VERDICT_EMPTY, VERDICT_EMPTY },
	{ "AXFR", 252, VERDICT_EMPTY, VERDICT_EMPTY },
	{ "ANY", DNSTYPE_ANY, VERDICT_EMPTY, VERDICT_EMPTY },
	{ "the last type", UINT16_MAX, VERDICT_EMPTY, VERDICT_EMPTY },
};

Test(verdict, types, .init = setup)
{
	for (size_t i = 0; i < NITEMS(types); i++) {
		p.mode = MODE_FORWARD;
		cr_expect_eq(judge("captive.apple.com", types[i].type, 0, 1),
			     types[i].forward, "%s", types[i].what);
		cr_expect_eq(judge("example.org", types[i].type, 0, 1),
			     VERDICT_REFUSE, "%s, not allowed", types[i].what);
		p.mode = MODE_SPOOF;
		cr_expect_eq(judge("captive.apple.com", types[i].type, 0, 1),
			     types[i].spoof, "%s, spoofed", types[i].what);
		cr_expect_eq(judge("example.org", types[i].type, 0, 1),
			     VERDICT_REFUSE, "%s, spoofing, not allowed",
			     types[i].what);
	}
}

static const struct {
	const char *what;
	uint16_t flags;
	bool heard;
} flags[] = {
	{ "none", 0, true },
	{ "RD", DNSFLAG_RD, true },
	{ "CD and AD", DNSFLAG_CD | DNSFLAG_AD, true },
	{ "an rcode in a query", DNSRCODE_REFUSED, true },
	{ "a response", DNSFLAG_QR, false },
	{ "IQUERY", 0x0800, false },
	{ "NOTIFY", 0x2000, false },
	{ "UPDATE", 0x2800, false },
	{ "the last opcode", 0x7800, false },
};

Test(verdict, what_is_no_query_is_not_heard, .init = setup)
{
	for (size_t i = 0; i < NITEMS(flags); i++)
		cr_expect_eq(judge("captive.apple.com", DNSTYPE_A,
				   flags[i].flags, 1),
			     flags[i].heard ? VERDICT_ASK : VERDICT_DROP,
			     "%s", flags[i].what);
}

Test(verdict, the_name_comes_out_in_lower_case, .init = setup)
{
	uint8_t out[DNSNAME_MAX];
	struct dnsmsg m;

	wire_start(&w, 1, 0, "CapTive.APPLE.com", DNSTYPE_A);
	m = wire_view(&w);
	verdict_query(&m, &p, &l, 1, out);
	cr_expect_arr_eq(out, p.names[0].wire, p.names[0].len);
}

Test(verdict, nothing_listed_nothing_allowed)
{
	cr_expect_eq(judge("captive.apple.com", DNSTYPE_A, 0, 1),
		     VERDICT_REFUSE);
}

Test(verdict, a_suffix_of_the_root_is_everything)
{
	allow(".", true);
	cr_expect_eq(judge("a.b", DNSTYPE_A, 0, 1), VERDICT_ASK);
	cr_expect_eq(judge(".", DNSTYPE_A, 0, 1), VERDICT_ASK);
}

Test(verdict, every_verdict_has_a_word)
{
	for (unsigned int i = 0; i < VERDICT__N; i++)
		cr_expect_not_null(verdict_name((enum verdict)i));
}
