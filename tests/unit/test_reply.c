/* SPDX-License-Identifier: ISC */
/* Every reply is read back by ldns, which has seen none of our code. */
#include <criterion/criterion.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>

#include "compat.h"
#include "reply.h"
#include "wire.h"

static struct wire query;
static struct ask ask;
static uint8_t out[REPLY_SMALL];

static const char longest[] =
	"a123456789b123456789c123456789d123456789e123456789f123456789abc."
	"a123456789b123456789c123456789d123456789e123456789f123456789abc."
	"a123456789b123456789c123456789d123456789e123456789f123456789abc."
	"A123456789B123456789C123456789D123456789E123456789F123456789x";

/* A query as the client spelt it; edns is its size, 0 = no OPT. */
static void asked(const char *name, uint16_t type, uint16_t flags,
		  uint16_t edns, bool tcp)
{
	struct dnsmsg m;

	wire_start(&query, 0xbeef, flags, name, type);
	if (edns != 0)
		wire_opt(&query, edns);
	m = wire_view(&query);
	reply_ask(&ask, &m, tcp);
}

static ldns_pkt *parsed(const uint8_t *msg, size_t len)
{
	ldns_pkt *pkt = NULL;
	ldns_status s = ldns_wire2pkt(&pkt, msg, len);

	cr_assert_eq(s, LDNS_STATUS_OK, "%s", ldns_get_errorstr_by_id(s));
	return pkt;
}

static void check_opt(const char *what, const ldns_pkt *pkt, bool wanted)
{
	cr_expect_eq(ldns_pkt_edns(pkt), wanted, "%s: OPT", what);
	if (!wanted)
		return;
	cr_expect_eq(ldns_pkt_edns_udp_size(pkt), REPLY_UDP_MAX, "%s", what);
	cr_expect_eq(ldns_pkt_edns_version(pkt), 0, "%s", what);
	cr_expect_not(ldns_pkt_edns_do(pkt), "%s", what);
	cr_expect_eq(ldns_pkt_edns_extended_rcode(pkt), 0, "%s", what);
}

/* What is the same in every reply. */
static void check_echo(const char *what, const ldns_pkt *pkt,
		       const uint8_t *msg, size_t len)
{
	cr_expect_eq(ldns_pkt_id(pkt), 0xbeef, "%s: id", what);
	cr_expect(ldns_pkt_qr(pkt), "%s: QR", what);
	cr_expect(ldns_pkt_ra(pkt), "%s: RA", what);
	cr_expect_not(ldns_pkt_aa(pkt), "%s: AA", what);
	cr_expect_not(ldns_pkt_ad(pkt), "%s: AD", what);
	cr_expect_eq(ldns_pkt_get_opcode(pkt), LDNS_PACKET_QUERY, "%s", what);
	cr_expect_eq(ldns_pkt_rd(pkt), (ask.flags & DNSFLAG_RD) != 0,
		     "%s: RD", what);
	cr_expect_eq(ldns_pkt_cd(pkt), (ask.flags & DNSFLAG_CD) != 0,
		     "%s: CD", what);
	cr_expect_eq(ldns_pkt_qdcount(pkt), 1, "%s", what);
	cr_assert_geq(len, DNSMSG_HEADER + ask.question_len);
	/* Octet by octet, so in the client's spelling (0x20). */
	cr_expect_arr_eq(msg + DNSMSG_HEADER, query.b + DNSMSG_HEADER,
			 ask.question_len, "%s: question", what);
	check_opt(what, pkt, ask.edns);
}

/* RFC 2308: the SOA's TTL and minimum bound how long "no" may be kept. */
static void check_soa(const char *what, const ldns_pkt *pkt, bool wanted)
{
	const ldns_rr_list *list = ldns_pkt_authority(pkt);
	const ldns_rr *soa, *q;

	cr_assert_eq(ldns_pkt_nscount(pkt), wanted, "%s: SOA", what);
	if (!wanted)
		return;
	soa = ldns_rr_list_rr(list, 0);
	q = ldns_rr_list_rr(ldns_pkt_question(pkt), 0);
	cr_expect_eq(ldns_rr_get_type(soa), LDNS_RR_TYPE_SOA, "%s", what);
	cr_expect_eq(ldns_rr_ttl(soa), TTL_NEGATIVE, "%s: TTL", what);
	cr_expect_eq(ldns_rdf2native_int32(ldns_rr_rdf(soa, 6)), TTL_NEGATIVE,
		     "%s: minimum", what);
	cr_expect_eq(ldns_dname_compare(ldns_rr_owner(soa), ldns_rr_owner(q)),
		     0, "%s: owner", what);
}

static const struct {
	const char *what;
	const char *name;
	uint16_t type, flags, edns;
	unsigned int rcode;
	bool soa;
} empties[] = {
	{ "usual", "www.example.org", DNSTYPE_A, DNSFLAG_RD, 0,
	  DNSRCODE_NOERROR, true },
	{ "with OPT", "www.example.org", DNSTYPE_A, DNSFLAG_RD, 1400,
	  DNSRCODE_NOERROR, true },
	{ "mixed case", "wWw.eXAMPLe.ORG", DNSTYPE_AAAA, DNSFLAG_RD, 512,
	  DNSRCODE_NOERROR, true },
	{ "neither RD nor CD", "a", DNSTYPE_A, 0, 0, DNSRCODE_NOERROR, true },
	{ "CD, and AD, which is not given back", "a", DNSTYPE_A,
	  DNSFLAG_CD | DNSFLAG_AD, 0, DNSRCODE_NOERROR, true },
	{ "flags that only answers have", "a", DNSTYPE_A,
	  DNSFLAG_AA | DNSFLAG_TC | DNSFLAG_RA | 9, 0, DNSRCODE_NOERROR,
	  true },
	{ "the root", ".", DNSTYPE_NS, DNSFLAG_RD, 0, DNSRCODE_NOERROR, true },
	{ "HTTPS", "captive.apple.com", DNSTYPE_HTTPS, DNSFLAG_RD, 0,
	  DNSRCODE_NOERROR, true },
	{ "no such name", "www.example.org", DNSTYPE_A, DNSFLAG_RD, 1232,
	  DNSRCODE_NXDOMAIN, true },
	{ "refused", "www.example.org", DNSTYPE_A, DNSFLAG_RD, 1232,
	  DNSRCODE_REFUSED, false },
	{ "server failure", "www.example.org", DNSTYPE_A, DNSFLAG_RD, 0,
	  DNSRCODE_SERVFAIL, false },
	{ "the longest name", longest, DNSTYPE_A, DNSFLAG_RD, 0,
	  DNSRCODE_NOERROR, true },
	{ "the longest name, with OPT", longest, DNSTYPE_A, DNSFLAG_RD, 4096,
	  DNSRCODE_NXDOMAIN, true },
};

Test(reply, empty)
{
	for (size_t i = 0; i < NITEMS(empties); i++) {
		const char *what = empties[i].what;
		size_t len;
		ldns_pkt *pkt;

		asked(empties[i].name, empties[i].type, empties[i].flags,
		      empties[i].edns, false);
		len = reply_empty(&ask, empties[i].rcode, out);
		cr_assert_leq(len, REPLY_SMALL, "%s", what);
		pkt = parsed(out, len);
		check_echo(what, pkt, out, len);
		check_soa(what, pkt, empties[i].soa);
		cr_expect_eq((unsigned int)ldns_pkt_get_rcode(pkt),
			     empties[i].rcode, "%s", what);
		cr_expect_eq(ldns_pkt_ancount(pkt), 0, "%s", what);
		cr_expect_not(ldns_pkt_tc(pkt), "%s", what);
		ldns_pkt_free(pkt);
	}
}

Test(reply, the_longest_name_is_the_longest)
{
	asked(longest, DNSTYPE_A, 0, 0, false);
	cr_expect_eq(ask.question_len, DNSNAME_MAX + 4);
}

static const struct {
	const char *what, *name;
	uint16_t type, edns;
	const char *addr;
} spoofs[] = {
	{ "A", "Captive.Apple.com", DNSTYPE_A, 0, "198.51.100.1" },
	{ "AAAA", "captive.apple.com", DNSTYPE_AAAA, 0, "100::" },
	{ "A with OPT", "captive.apple.com", DNSTYPE_A, 512, "198.51.100.1" },
	{ "the longest name, AAAA with OPT", longest, DNSTYPE_AAAA, 4096,
	  "100::" },
};

Test(reply, spoof)
{
	for (size_t i = 0; i < NITEMS(spoofs); i++) {
		const char *what = spoofs[i].what;
		const ldns_rr *rr;
		ldns_pkt *pkt;
		size_t len;
		char *text;

		asked(spoofs[i].name, spoofs[i].type, DNSFLAG_RD,
		      spoofs[i].edns, false);
		len = reply_spoof(&ask, out);
		cr_assert_leq(len, REPLY_SMALL, "%s", what);
		pkt = parsed(out, len);
		check_echo(what, pkt, out, len);
		cr_assert_eq(ldns_pkt_ancount(pkt), 1, "%s", what);
		cr_expect_eq(ldns_pkt_nscount(pkt), 0, "%s", what);
		rr = ldns_rr_list_rr(ldns_pkt_answer(pkt), 0);
		cr_expect_eq((unsigned int)ldns_rr_get_type(rr),
			     spoofs[i].type, "%s", what);
		cr_expect_eq(ldns_rr_ttl(rr), TTL_NEGATIVE, "%s", what);
		text = ldns_rdf2str(ldns_rr_rdf(rr, 0));
		cr_expect_str_eq(text, spoofs[i].addr, "%s", what);
		free(text);
		ldns_pkt_free(pkt);
	}
}

Test(reply, truncated)
{
	static const uint16_t sizes[] = { 0, 1232 };

	for (size_t i = 0; i < NITEMS(sizes); i++) {
		ldns_pkt *pkt;
		size_t len;

		asked(longest, DNSTYPE_A, DNSFLAG_RD, sizes[i], false);
		len = reply_truncated(&ask, out);
		cr_assert_leq(len, REPLY_SMALL);
		/* It must itself fit the smallest room. */
		cr_assert_leq(len, 512);
		pkt = parsed(out, len);
		check_echo("truncated", pkt, out, len);
		cr_expect(ldns_pkt_tc(pkt));
		cr_expect_eq(ldns_pkt_ancount(pkt), 0);
		cr_expect_eq(ldns_pkt_nscount(pkt), 0);
		ldns_pkt_free(pkt);
	}
}

static const struct {
	const char *what;
	uint16_t edns;
	bool tcp;
	uint16_t room;
} rooms[] = {
	{ "no OPT", 0, false, 512 },
	{ "OPT of less than 512", 100, false, 512 },
	{ "OPT of 512", 512, false, 512 },
	{ "between", 1000, false, 1000 },
	{ "what we say ourselves", 1232, false, 1232 },
	{ "more than we send", 4096, false, 1232 },
	{ "TCP", 0, true, UINT16_MAX },
	{ "TCP with OPT", 512, true, UINT16_MAX },
};

Test(reply, room)
{
	for (size_t i = 0; i < NITEMS(rooms); i++) {
		asked("a", DNSTYPE_A, 0, rooms[i].edns, rooms[i].tcp);
		cr_expect_eq(ask.room, rooms[i].room, "%s: %u", rooms[i].what,
			     ask.room);
	}
}

/* --- a forwarded answer --- */

static struct wire response;

static struct dnsmsg answered(uint16_t flags)
{
	wire_start(&response, 0x1111, flags, "cAPtive.apple.COM", DNSTYPE_A);
	wire_cname(&response, "captive.apple.com", 9, "x.example");
	wire_addr(&response, "x.example", 86400, "192.0.2.1");
	wire_addr(&response, "x.example", 0, "192.0.2.2");
	wire_rr(&response, WIRE_AUTHORITY, "example", DNSTYPE_NS, DNSCLASS_IN,
		60, "\1n", 3);
	wire_rr(&response, WIRE_ADDITIONAL, "n", DNSTYPE_A, DNSCLASS_IN, 60,
		"\1\2\3\4", 4);
	wire_opt(&response, 4096);
	return wire_view(&response);
}

static const struct {
	const char *what;
	uint16_t flags, ask_flags, edns;
} patches[] = {
	{ "usual", DNSFLAG_QR | DNSFLAG_RD | DNSFLAG_RA, DNSFLAG_RD, 0 },
	{ "with OPT", DNSFLAG_QR | DNSFLAG_RA, DNSFLAG_RD, 1232 },
	{ "AA and AD are not ours to say",
	  DNSFLAG_QR | DNSFLAG_AA | DNSFLAG_AD | DNSFLAG_CD, 0, 0 },
};

static void check_patched(const char *what, const ldns_pkt *pkt, uint32_t ttl)
{
	const ldns_rr_list *list = ldns_pkt_answer(pkt);

	cr_assert_eq(ldns_pkt_ancount(pkt), 3, "%s", what);
	cr_expect_eq(ldns_pkt_nscount(pkt), 0, "%s", what);
	for (size_t k = 0; k < 3; k++)
		cr_expect_eq(ldns_rr_ttl(ldns_rr_list_rr(list, k)), ttl,
			     "%s: TTL of %zu", what, k);
	cr_expect_eq(ldns_pkt_get_rcode(pkt), LDNS_RCODE_NOERROR, "%s", what);
	cr_expect_not(ldns_pkt_tc(pkt), "%s", what);
}

Test(reply, patch)
{
	for (size_t i = 0; i < NITEMS(patches); i++) {
		struct dnsmsg m = answered(patches[i].flags);
		ldns_pkt *pkt;
		size_t len;

		asked("CAPTIVE.apple.com", DNSTYPE_A, patches[i].ask_flags,
		      patches[i].edns, false);
		len = reply_patch(&m, response.b, &ask, 299);
		cr_expect_eq(len, m.answers_end +
			     (patches[i].edns != 0 ? REPLY_OPT : 0u));
		pkt = parsed(response.b, len);
		check_echo(patches[i].what, pkt, response.b, len);
		check_patched(patches[i].what, pkt, 299);
		ldns_pkt_free(pkt);
	}
}

/* One held answer, three clients, each with its own spelling and OPT. */
Test(reply, patch_again_for_the_next_client)
{
	static const uint16_t edns[] = { 0, 1232, 0 };
	static const char *const spelt[] = {
		"captive.apple.com", "CAPTIVE.APPLE.COM", "Captive.Apple.Com",
	};
	struct dnsmsg m = answered(DNSFLAG_QR | DNSFLAG_RD | DNSFLAG_RA);

	for (uint32_t i = 0; i < NITEMS(edns); i++) {
		ldns_pkt *pkt;
		size_t len;

		asked(spelt[i], DNSTYPE_A, DNSFLAG_RD, edns[i], false);
		len = reply_patch(&m, response.b, &ask, 30 + i);
		pkt = parsed(response.b, len);
		check_echo(spelt[i], pkt, response.b, len);
		check_patched(spelt[i], pkt, 30 + i);
		ldns_pkt_free(pkt);
	}
}

/* Records may hop to the question: the new spelling is theirs as well. */
Test(reply, patch_under_compressed_owners)
{
	static const uint8_t rest[] = {
		0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1,
	};
	struct dnsmsg m;
	ldns_pkt *pkt;
	size_t len;
	char *owner;

	wire_start(&response, 1, DNSFLAG_QR, "CaPtIvE.aPpLe.cOm", DNSTYPE_A);
	wire_put(&response, rest, sizeof(rest));
	wire_count(&response, WIRE_ANSWER);
	m = wire_view(&response);
	asked("captive.apple.com", DNSTYPE_A, DNSFLAG_RD, 0, false);
	len = reply_patch(&m, response.b, &ask, 60);
	pkt = parsed(response.b, len);
	owner = ldns_rdf2str(ldns_rr_owner(ldns_rr_list_rr(
				     ldns_pkt_answer(pkt), 0)));
	cr_expect_str_eq(owner, "captive.apple.com.");
	free(owner);
	ldns_pkt_free(pkt);
}
