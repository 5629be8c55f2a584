/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <ldns/ldns.h>
#include <stdio.h>

#include "accept.h"
#include "compat.h"
#include "wire.h"

enum { CLASS_CH = 3, TYPE_TXT = 16, TYPE_RRSIG = 46, TYPE_DNAME = 39 };

static struct policy p;
static struct wire w;
static struct accept a;

static struct ipaddr addr(const char *text)
{
	struct ipaddr x;

	cr_assert(ipaddr_parse(text, &x), "%s", text);
	return x;
}

static void setup(void)
{
	struct judge *j = &p.judge;

	p.per_name = ALLOW_PER_NAME;
	j->private = PRIVATE_ON_LINK;
	j->own[j->n_own++] = addr("203.0.113.2");
	j->own[j->n_own++] = addr("2001:db8:0:1::2");
	cr_assert(ipnet_parse("192.168.77.0/24", &j->onlink[j->n_onlink++]));
	cr_assert(ipnet_parse("198.51.100.7", &j->forbidden[j->n_forbidden++]));
}

/*
 * An answer section as text, records separated by ';': "A 192.0.2.1" at the
 * name asked, "C b" a CNAME of it, "b:A 192.0.2.1" at another owner. TTL 60.
 */
static void record(const char *text)
{
	char owner[64] = "a", type[8], data[64];

	if (strchr(text, ':') != NULL && text[1] == ':')
		snprintf(owner, sizeof(owner), "%c", text[0]), text += 2;
	cr_assert_eq(sscanf(text, "%7s %63[^;]", type, data), 2, "%s", text);
	if (*type == 'C')
		wire_cname(&w, owner, 60, data);
	else
		wire_addr(&w, owner, 60, data);
}

static struct dnsmsg answer(uint16_t type, unsigned int rcode,
			    const char *text)
{
	wire_start(&w, 1, (uint16_t)(DNSFLAG_QR | rcode), "a", type);
	while (text != NULL && *text != '\0') {
		record(text);
		text = strchr(text, ';');
		if (text != NULL)
			text++;
	}
	return wire_view(&w);
}

static const struct {
	const char *what;
	uint16_t type;
	const char *answers;
	enum accept_kind kind;
	unsigned int kept, unfit;
} judged[] = {
	{ "one good", DNSTYPE_A, "A 192.0.2.1", ACCEPT_ADDRESSES, 1, 0 },
	{ "good IPv6", DNSTYPE_AAAA, "6 2001:db8::1", ACCEPT_ADDRESSES, 1, 0 },
	{ "private, off link", DNSTYPE_A, "A 10.0.0.1;A 192.0.2.1",
	  ACCEPT_ADDRESSES, 1, 1 },
	{ "private, on link", DNSTYPE_A, "A 192.168.77.9;A 192.0.2.1",
	  ACCEPT_ADDRESSES, 2, 0 },
	{ "broadcast of an on-link net", DNSTYPE_A,
	  "A 192.168.77.255;A 192.0.2.1", ACCEPT_ADDRESSES, 1, 1 },
	{ "our own", DNSTYPE_A, "A 192.0.2.1;A 203.0.113.2",
	  ACCEPT_ADDRESSES, 1, 1 },
	{ "our own, IPv6", DNSTYPE_AAAA, "6 2001:db8:0:1::2;6 2001:db8::1",
	  ACCEPT_ADDRESSES, 1, 1 },
	{ "forbidden, first and last", DNSTYPE_A,
	  "A 198.51.100.7;A 192.0.2.1;A 198.51.100.7", ACCEPT_ADDRESSES, 1, 2 },
	{ "loopback", DNSTYPE_A, "A 127.0.0.1;A 192.0.2.1",
	  ACCEPT_ADDRESSES, 1, 1 },
	{ "loopback, IPv6", DNSTYPE_AAAA, "6 ::1;6 2001:db8::1",
	  ACCEPT_ADDRESSES, 1, 1 },
	{ "unspecified", DNSTYPE_A, "A 0.0.0.0;A 192.0.2.1",
	  ACCEPT_ADDRESSES, 1, 1 },
	{ "link-local", DNSTYPE_AAAA, "6 fe80::1;6 2001:db8::1",
	  ACCEPT_ADDRESSES, 1, 1 },
	{ "multicast", DNSTYPE_A, "A 224.0.0.251;A 192.0.2.1",
	  ACCEPT_ADDRESSES, 1, 1 },
	{ "v4-mapped in an AAAA", DNSTYPE_AAAA,
	  "6 ::ffff:192.0.2.1;6 2001:db8::1", ACCEPT_ADDRESSES, 1, 1 },
	{ "NAT64 of a good one", DNSTYPE_AAAA, "6 64:ff9b::192.0.2.1",
	  ACCEPT_ADDRESSES, 1, 0 },
	{ "NAT64 of loopback", DNSTYPE_AAAA,
	  "6 64:ff9b::127.0.0.1;6 2001:db8::1", ACCEPT_ADDRESSES, 1, 1 },
	{ "nothing but unfit", DNSTYPE_A, "A 127.0.0.1;A 10.0.0.1",
	  ACCEPT_BAD, 0, 2 },
	{ "v4-mapped alone", DNSTYPE_AAAA, "6 ::ffff:192.0.2.1",
	  ACCEPT_BAD, 0, 1 },
	{ "at the end of a chain", DNSTYPE_A,
	  "C b;b:C c;c:A 127.0.0.1;c:A 192.0.2.1", ACCEPT_ADDRESSES, 1, 1 },
};

static void check_rebuilt(const char *what, struct dnsmsg *m)
{
	struct chain c;

	if (!accept_rebuild(&a, m, w.b, SLOT_SIZE - 64)) {
		cr_expect_fail("%s: cannot be rebuilt", what);
		return;
	}
	cr_assert_eq(chain_read(m, &c), CHAIN_OK, "%s", what);
	cr_expect_not(c.foreign, "%s", what);
	cr_expect_eq(c.n_hops, a.chain.n_hops, "%s", what);
	cr_assert_eq(c.n_addrs, a.chain.n_addrs, "%s", what);
	for (unsigned int i = 0; i < c.n_addrs; i++)
		cr_expect(ipaddr_equal(&c.addrs[i], &a.chain.addrs[i]),
			  "%s: address %u", what, i);
	cr_expect_eq(m->counts[2] + m->counts[3], 0, "%s", what);
	cr_expect_eq(m->msg.p, w.b, "%s: in place", what);
}

Test(accept, judged, .init = setup)
{
	for (size_t i = 0; i < NITEMS(judged); i++) {
		const char *what = judged[i].what;
		struct dnsmsg m = answer(judged[i].type, 0, judged[i].answers);

		accept_read(&a, &m, &p);
		cr_expect_eq(a.kind, judged[i].kind, "%s: %u", what, a.kind);
		cr_expect_eq(a.chain.n_addrs, judged[i].kept, "%s", what);
		cr_expect_eq(a.judged_unfit, judged[i].unfit, "%s", what);
		if (a.kind == ACCEPT_BAD)
			cr_expect_eq(a.why, COUNT_BAD_ADDRESS, "%s", what);
		cr_expect_eq(a.rebuild, judged[i].unfit > 0, "%s", what);
		if (a.kind == ACCEPT_ADDRESSES && a.rebuild)
			check_rebuilt(what, &m);
	}
}

static const struct {
	const char *what;
	uint16_t type;
	unsigned int rcode;
	const char *answers;
	enum accept_kind kind;
	enum counter why;
} kinds[] = {
	{ "no data", DNSTYPE_A, 0, "", ACCEPT_NEGATIVE, 0 },
	{ "a chain to nothing", DNSTYPE_A, 0, "C b", ACCEPT_NEGATIVE, 0 },
	{ "no such name", DNSTYPE_A, DNSRCODE_NXDOMAIN, "", ACCEPT_NEGATIVE,
	  0 },
	{ "no such name, and yet an address", DNSTYPE_A, DNSRCODE_NXDOMAIN,
	  "A 192.0.2.1", ACCEPT_NEGATIVE, 0 },
	{ "alias", DNSTYPE_CNAME, 0, "C b", ACCEPT_ALIAS, 0 },
	{ "no alias", DNSTYPE_CNAME, 0, "", ACCEPT_NEGATIVE, 0 },
	{ "alias, no such name", DNSTYPE_CNAME, DNSRCODE_NXDOMAIN, "C b",
	  ACCEPT_NEGATIVE, 0 },
	{ "alias and an address", DNSTYPE_CNAME, 0, "C b;b:A 192.0.2.1",
	  ACCEPT_BAD, COUNT_BAD_STRAY },
	{ "loop", DNSTYPE_A, 0, "C b;b:C a", ACCEPT_BAD, COUNT_BAD_LOOP },
	{ "an address of another name", DNSTYPE_A, 0, "z:A 192.0.2.1",
	  ACCEPT_BAD, COUNT_BAD_STRAY },
	{ "an address before the chain's end", DNSTYPE_A, 0,
	  "C b;A 192.0.2.1;b:A 192.0.2.2", ACCEPT_BAD, COUNT_BAD_STRAY },
	{ "an address of the other family", DNSTYPE_A, 0,
	  "A 192.0.2.1;6 2001:db8::1", ACCEPT_BAD, COUNT_BAD_STRAY },
};

Test(accept, kinds, .init = setup)
{
	for (size_t i = 0; i < NITEMS(kinds); i++) {
		struct dnsmsg m = answer(kinds[i].type, kinds[i].rcode,
					 kinds[i].answers);

		accept_read(&a, &m, &p);
		cr_expect_eq(a.kind, kinds[i].kind, "%s: %u", kinds[i].what,
			     a.kind);
		if (a.kind == ACCEPT_BAD)
			cr_expect_eq(a.why, kinds[i].why, "%s",
				     kinds[i].what);
		cr_expect_not(a.rebuild && a.kind == ACCEPT_NEGATIVE, "%s",
			      kinds[i].what);
	}
}

/* So many addresses in one answer. */
static struct dnsmsg many(unsigned int n)
{
	uint8_t v4[4] = { 198, 18, 0, 0 };

	wire_start(&w, 1, DNSFLAG_QR, "a", DNSTYPE_A);
	for (unsigned int i = 0; i < n; i++) {
		v4[3] = (uint8_t)i;
		wire_rr(&w, WIRE_ANSWER, "a", DNSTYPE_A, DNSCLASS_IN, 60, v4,
			sizeof(v4));
	}
	return wire_view(&w);
}

static const struct {
	const char *what;
	unsigned int n;
	uint16_t per_name;
	enum accept_kind kind;
	unsigned int kept;
} cuts[] = {
	{ "as many as may be", ALLOW_PER_NAME, ALLOW_PER_NAME,
	  ACCEPT_ADDRESSES, ALLOW_PER_NAME },
	{ "one more than may be", ALLOW_PER_NAME + 1, ALLOW_PER_NAME,
	  ACCEPT_BAD, 0 },
	{ "cut to four", 9, 4, ACCEPT_ADDRESSES, 4 },
	{ "just four", 4, 4, ACCEPT_ADDRESSES, 4 },
	{ "cut to one", ALLOW_PER_NAME, 1, ACCEPT_ADDRESSES, 1 },
};

Test(accept, per_name, .init = setup)
{
	for (size_t i = 0; i < NITEMS(cuts); i++) {
		struct dnsmsg m = many(cuts[i].n);

		p.per_name = cuts[i].per_name;
		accept_read(&a, &m, &p);
		cr_assert_eq(a.kind, cuts[i].kind, "%s", cuts[i].what);
		if (a.kind == ACCEPT_BAD) {
			cr_expect_eq(a.why, COUNT_BAD_MANY, "%s",
				     cuts[i].what);
			continue;
		}
		cr_expect_eq(a.chain.n_addrs, cuts[i].kept, "%s",
			     cuts[i].what);
		cr_expect_eq(a.rebuild, cuts[i].n > cuts[i].kept, "%s",
			     cuts[i].what);
		if (a.rebuild)
			check_rebuilt(cuts[i].what, &m);
	}
}

/* --- what is foreign is left out --- */

static const struct {
	const char *what;
	const char *owner;
	uint16_t type, class;
	const char *rdata;
	size_t n;
} foreign[] = {
	{ "TXT", "a", TYPE_TXT, DNSCLASS_IN, "\1x", 2 },
	{ "TXT of a stranger", "z", TYPE_TXT, DNSCLASS_IN, "\1x", 2 },
	{ "RRSIG", "a", TYPE_RRSIG, DNSCLASS_IN,
	  "\0\1\10\1\0\0\0\74\0\0\0\0\0\0\0\0\0\1\0s", 20 },
	{ "DNAME", "a", TYPE_DNAME, DNSCLASS_IN, "\1q", 3 },
	{ "a type nobody knows", "a", 65280, DNSCLASS_IN, "\1\2\3", 3 },
	{ "a type nobody knows, empty", "a", 65280, DNSCLASS_IN, "", 0 },
	{ "A of class CH, empty", "a", DNSTYPE_A, CLASS_CH, "", 0 },
	{ "A of class CH, an address of ours", "a", DNSTYPE_A, CLASS_CH,
	  "\300\0\2\1", 4 },
	{ "AAAA of class CH, empty", "a", DNSTYPE_AAAA, CLASS_CH, "", 0 },
	{ "CNAME of class CH", "a", DNSTYPE_CNAME, CLASS_CH, "\1y", 3 },
	{ "CNAME of class CH, empty", "a", DNSTYPE_CNAME, CLASS_CH, "", 0 },
};

Test(accept, foreign_records, .init = setup)
{
	for (size_t i = 0; i < NITEMS(foreign); i++) {
		const char *what = foreign[i].what;
		struct dnsmsg m = answer(DNSTYPE_A, 0, "A 192.0.2.1");

		wire_rr(&w, WIRE_ANSWER, foreign[i].owner, foreign[i].type,
			foreign[i].class, 5, foreign[i].rdata, foreign[i].n);
		m = wire_view(&w);
		accept_read(&a, &m, &p);
		cr_assert_eq(a.kind, ACCEPT_ADDRESSES, "%s", what);
		cr_expect(a.rebuild, "%s", what);
		cr_expect_eq(a.judged_unfit, 0, "%s", what);
		check_rebuilt(what, &m);
		cr_expect_eq(m.counts[1], 1, "%s", what);
	}
}

/* Beside an alias as well, which needs no address. */
Test(accept, foreign_record_beside_an_alias, .init = setup)
{
	struct dnsmsg m = answer(DNSTYPE_CNAME, 0, "C b");

	wire_rr(&w, WIRE_ANSWER, "a", TYPE_TXT, DNSCLASS_IN, 5, "\1x", 2);
	m = wire_view(&w);
	accept_read(&a, &m, &p);
	cr_assert_eq(a.kind, ACCEPT_ALIAS);
	cr_assert(a.rebuild);
	check_rebuilt("alias", &m);
}

/* --- rebuilding --- */

Test(accept, rebuilt_keeps_id_question_and_order, .init = setup)
{
	struct dnsmsg m;
	struct chain c;

	wire_start(&w, 0xabcd, DNSFLAG_QR | DNSFLAG_RD | DNSFLAG_RA, "QuEry.x",
		   DNSTYPE_A);
	wire_cname(&w, "query.x", 60, "b.x");
	wire_addr(&w, "b.x", 60, "192.0.2.9");
	wire_addr(&w, "b.x", 60, "127.0.0.1");
	wire_addr(&w, "b.x", 60, "192.0.2.3");
	m = wire_view(&w);
	accept_read(&a, &m, &p);
	cr_assert(accept_rebuild(&a, &m, w.b, SLOT_SIZE - 64));
	cr_expect_eq(m.id, 0xabcd);
	cr_expect_eq(m.flags, DNSFLAG_QR | DNSFLAG_RD | DNSFLAG_RA);
	cr_expect_arr_eq(m.msg.p + DNSMSG_HEADER, "\5QuEry\1x", 9);
	cr_assert_eq(chain_read(&m, &c), CHAIN_OK);
	cr_assert_eq(c.n_addrs, 2);
	cr_expect_eq(c.addrs[0].b[15], 9);
	cr_expect_eq(c.addrs[1].b[15], 3);
	cr_expect_eq(c.ttl, 60);
}

/* The authority and additional sections are nobody's business. */
static const struct {
	const char *what;
	unsigned int section;
	uint16_t type;
	const char *rdata;
	size_t n;
} others[] = {
	{ "SOA without rdata", WIRE_AUTHORITY, DNSTYPE_SOA, "", 0 },
	{ "NS cut short", WIRE_AUTHORITY, DNSTYPE_NS, "\5ab", 3 },
	{ "RRSIG cut short", WIRE_ADDITIONAL, TYPE_RRSIG, "\0\1", 2 },
	{ "SVCB with keys out of order", WIRE_ADDITIONAL, DNSTYPE_SVCB,
	  "\0\1\0\0\3\0\0\0\1\0\0", 11 },
	{ "TXT that claims too much", WIRE_ADDITIONAL, TYPE_TXT, "\377x", 2 },
};

Test(accept, rebuilt_whatever_else_the_message_holds, .init = setup)
{
	for (size_t i = 0; i < NITEMS(others); i++) {
		struct dnsmsg m = answer(DNSTYPE_A, 0,
					 "A 192.0.2.1;A 127.0.0.1");

		wire_rr(&w, others[i].section, "a", others[i].type,
			DNSCLASS_IN, 5, others[i].rdata, others[i].n);
		m = wire_view(&w);
		accept_read(&a, &m, &p);
		cr_assert(a.rebuild, "%s", others[i].what);
		check_rebuilt(others[i].what, &m);
	}
}

Test(accept, no_room_is_no_answer, .init = setup)
{
	struct dnsmsg m = answer(DNSTYPE_A, 0, "A 192.0.2.1;A 127.0.0.1");

	accept_read(&a, &m, &p);
	cr_expect_not(accept_rebuild(&a, &m, w.b, 34), "one octet short");
	m = answer(DNSTYPE_A, 0, "A 192.0.2.1;A 127.0.0.1");
	cr_expect(accept_rebuild(&a, &m, w.b, 35));
}

/* The same, read by others. */
Test(accept, rebuilt_is_what_ldns_reads, .init = setup)
{
	struct dnsmsg m = answer(DNSTYPE_A, 0,
				 "C b;b:A 192.0.2.1;b:A 10.0.0.1");
	ldns_pkt *pkt = NULL;

	accept_read(&a, &m, &p);
	cr_assert(accept_rebuild(&a, &m, w.b, SLOT_SIZE - 64));
	cr_assert_eq(ldns_wire2pkt(&pkt, m.msg.p, m.msg.len), LDNS_STATUS_OK);
	cr_expect_eq(ldns_pkt_ancount(pkt), 2);
	cr_expect(ldns_pkt_qr(pkt));
	cr_expect_not(ldns_pkt_edns(pkt));
	ldns_pkt_free(pkt);
}
