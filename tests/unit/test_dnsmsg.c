/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "dnsmsg.h"

/* Id, flags of a response, one question; then the section counts. */
#define HEAD(an, ns, ar) "\x12\x34\x81\x80\0\1\0" an "\0" ns "\0" ar
#define NAME "\1a\2cz\0"			/* at 12 */
#define Q NAME "\0\1\0\1"			/* ends at 22 */
#define TTL "\0\0\0\x3c"
#define RR(type, len) "\xc0\14\0" type "\0\1" TTL "\0" len
#define A RR("\1", "\4") "\xc0\0\2\1"
#define OPT "\0\0\x29\x04\xd0\0\0\0\0\0\0"
#define MSG(s) { (const uint8_t *)(s), sizeof(s) - 1 }

static const struct {
	const char *what;
	struct slice msg;
	enum parse want;
} reads[] = {
	{ "question alone", MSG(HEAD("\0", "\0", "\0") Q), PARSE_OK },
	{ "one address", MSG(HEAD("\1", "\0", "\0") Q A), PARSE_OK },
	{ "a record in each section",
	  MSG(HEAD("\1", "\1", "\1") Q A A A), PARSE_OK },
	{ "no octet", MSG(""), PARSE_SHORT },
	{ "header cut off", MSG("\x12\x34\x81\x80\0\1\0\0\0\0\0"),
	  PARSE_SHORT },
	{ "header alone", MSG(HEAD("\0", "\0", "\0")), PARSE_SHORT },
	{ "no question", MSG("\x12\x34\x81\x80\0\0\0\0\0\0\0\0"),
	  PARSE_QUESTION },
	{ "two questions", MSG("\x12\x34\x81\x80\0\2\0\0\0\0\0\0" Q Q),
	  PARSE_QUESTION },
	{ "question of class CH", MSG(HEAD("\0", "\0", "\0") NAME
	  "\0\1\0\3"), PARSE_QUESTION },
	{ "question cut in its name", MSG(HEAD("\0", "\0", "\0") "\1a\2c"),
	  PARSE_SHORT },
	{ "question cut in its class", MSG(HEAD("\0", "\0", "\0") NAME
	  "\0\1\0"), PARSE_SHORT },
	{ "question with a hop", MSG(HEAD("\0", "\0", "\0")
	  "\xc0\14\0\1\0\1"), PARSE_HOP },
	{ "more records than octets", MSG(HEAD("\3", "\0", "\0") Q A),
	  PARSE_HEADER },
	{ "counts that add up past 16 bits",
	  MSG("\x12\x34\x81\x80\0\1\xff\xff\0\1\0\0" Q), PARSE_HEADER },
	{ "record cut in its name", MSG(HEAD("\1", "\0", "\0") Q
	  "\3www\3www\3ww"), PARSE_SHORT },
	{ "record cut in its length", MSG(HEAD("\1", "\0", "\0") Q
	  "\xc0\14\0\1\0\1" TTL "\0"), PARSE_SHORT },
	{ "rdata cut off", MSG(HEAD("\1", "\0", "\0") Q RR("\1", "\4")
	  "\xc0\0\2"), PARSE_SHORT },
	{ "octet behind the last record", MSG(HEAD("\1", "\0", "\0") Q A
	  "\0"), PARSE_TRAILING },
	{ "octet behind the question", MSG(HEAD("\0", "\0", "\0") Q "\0"),
	  PARSE_TRAILING },
	{ "A of 3 octets", MSG(HEAD("\1", "\0", "\0") Q RR("\1", "\3")
	  "\1\1\1"), PARSE_RDATA },
	{ "A of 5 octets", MSG(HEAD("\1", "\0", "\0") Q RR("\1", "\5")
	  "\1\1\1\1\1"), PARSE_RDATA },
	{ "AAAA of 4 octets", MSG(HEAD("\1", "\0", "\0") Q RR("\x1c", "\4")
	  "\1\1\1\1"), PARSE_RDATA },
	{ "AAAA of 16 octets", MSG(HEAD("\1", "\0", "\0") Q
	  RR("\x1c", "\x10") "0123456789abcdef"), PARSE_OK },
	{ "A of class CH may be anything", MSG(HEAD("\1", "\0", "\0") Q
	  "\xc0\14\0\1\0\3" TTL "\0\1x"), PARSE_OK },
	{ "unknown type, empty", MSG(HEAD("\1", "\0", "\0") Q
	  "\xc0\14\xff\x01\0\1" TTL "\0\0"), PARSE_OK },
	{ "CNAME", MSG(HEAD("\1", "\0", "\0") Q RR("\5", "\4")
	  "\1b\xc0\14"), PARSE_OK },
	{ "CNAME, octet behind the name", MSG(HEAD("\1", "\0", "\0") Q
	  RR("\5", "\5") "\1b\xc0\14\0"), PARSE_RDATA },
	{ "CNAME, name longer than rdata", MSG(HEAD("\1", "\0", "\0") Q
	  RR("\5", "\2") "\1b\xc0\14"), PARSE_RDATA },
	{ "CNAME, empty", MSG(HEAD("\1", "\0", "\1") Q RR("\5", "\0") OPT),
	  PARSE_RDATA },
	{ "CNAME, hop forwards", MSG(HEAD("\1", "\0", "\0") Q
	  RR("\5", "\2") "\xc0\x30"), PARSE_HOP },
	{ "CNAME, label of 64", MSG(HEAD("\1", "\0", "\0") Q
	  RR("\5", "\2") "\x40\0"), PARSE_LABEL },
	{ "CNAME in the authority section is proved too",
	  MSG(HEAD("\0", "\1", "\0") Q RR("\5", "\2") "\1b"), PARSE_SHORT },
	{ "OPT", MSG(HEAD("\0", "\0", "\1") Q OPT), PARSE_OK },
	{ "two OPT", MSG(HEAD("\0", "\0", "\2") Q OPT OPT), PARSE_RDATA },
	{ "OPT with an owner", MSG(HEAD("\0", "\0", "\1") Q
	  "\xc0\14\0\x29\x04\xd0\0\0\0\0\0\0"), PARSE_RDATA },
	{ "OPT among the answers", MSG(HEAD("\1", "\0", "\0") Q OPT),
	  PARSE_RDATA },
	{ "OPT in the authority section", MSG(HEAD("\0", "\1", "\0") Q OPT),
	  PARSE_RDATA },
};

Test(dnsmsg, read_table)
{
	for (size_t i = 0; i < NITEMS(reads); i++) {
		struct dnsmsg m = { .id = 7 };
		enum parse got = dnsmsg_read(reads[i].msg, &m);

		cr_expect_eq(got, reads[i].want, "%s: %s", reads[i].what,
			     parse_name(got));
		cr_expect_eq(m.id, got == PARSE_OK ? 0x1234 : 7,
			     "%s: touched", reads[i].what);
	}
}

/* Whatever is cut off, a whole message is no longer one. */
Test(dnsmsg, every_cut)
{
	static const uint8_t whole[] = HEAD("\2", "\0", "\1") Q
		RR("\5", "\4") "\1b\xc0\14" "\xc0\x22\0\1\0\1" TTL
		"\0\4\xc0\0\2\1" OPT;
	size_t len = sizeof(whole) - 1;
	struct dnsmsg m;

	cr_assert_eq(dnsmsg_read((struct slice){ whole, len }, &m), PARSE_OK);
	for (size_t n = 0; n < len; n++) {
		uint8_t *exact = malloc(n + 1);

		cr_assert_not_null(exact);
		/* Ends where the allocation ends, for the sanitizer to see. */
		memcpy(exact + 1, whole, n);
		cr_expect_neq(dnsmsg_read((struct slice){ exact + 1, n }, &m),
			      PARSE_OK, "cut at %zu", n);
		free(exact);
	}
}

Test(dnsmsg, too_long)
{
	static uint8_t buf[UINT16_MAX + 1] = HEAD("\0", "\0", "\0") Q;
	struct dnsmsg m;

	cr_assert_eq(dnsmsg_read((struct slice){ buf, sizeof(buf) }, &m),
		     PARSE_LONG);
	cr_assert_eq(dnsmsg_read((struct slice){ buf, sizeof(buf) - 1 }, &m),
		     PARSE_TRAILING);
}

Test(dnsmsg, fields)
{
	struct slice msg = MSG("\xab\xcd\1\x10\0\1\0\1\0\0\0\1"
			       "\1A\2cz\0\0\x1c\0\1" A OPT);
	uint8_t name[DNSNAME_MAX];
	struct dnsmsg m;

	cr_assert_eq(dnsmsg_read(msg, &m), PARSE_OK);
	cr_expect_eq(m.id, 0xabcd);
	cr_expect_eq(m.flags, DNSFLAG_RD | DNSFLAG_CD);
	cr_expect_eq(m.counts[0], 1);
	cr_expect_eq(m.counts[1], 1);
	cr_expect_eq(m.counts[2], 0);
	cr_expect_eq(m.counts[3], 1);
	cr_expect_eq(m.qtype, DNSTYPE_AAAA);
	cr_expect_eq(dnsname_unpack(&m.qname, name), 6);
	cr_expect_arr_eq(name, NAME, 6);
	cr_expect_eq(m.answers_at, 22);
	cr_expect_eq(m.answers_end, 38);
	cr_expect(m.edns);
	cr_expect_eq(m.udp_size, 1232);
	cr_expect_eq(m.msg.p, msg.p);
	cr_expect_eq(m.msg.len, msg.len);
}

static const struct {
	const char *what;
	struct slice msg;
	bool edns;
	uint16_t size;
} sizes[] = {
	{ "no OPT", MSG(HEAD("\0", "\0", "\0") Q), false, 512 },
	{ "1232", MSG(HEAD("\0", "\0", "\1") Q OPT), true, 1232 },
	{ "0 is 512", MSG(HEAD("\0", "\0", "\1") Q "\0\0\x29\0\0\0\0\0\0\0\0"),
	  true, 512 },
	{ "511 is 512", MSG(HEAD("\0", "\0", "\1") Q
	  "\0\0\x29\1\xff\0\0\0\0\0\0"), true, 512 },
	{ "65535", MSG(HEAD("\0", "\0", "\1") Q
	  "\0\0\x29\xff\xff\0\0\0\0\0\0"), true, 65535 },
	{ "behind another record", MSG(HEAD("\0", "\0", "\2") Q A OPT), true,
	  1232 },
};

Test(dnsmsg, udp_size_table)
{
	for (size_t i = 0; i < NITEMS(sizes); i++) {
		struct dnsmsg m;

		cr_assert_eq(dnsmsg_read(sizes[i].msg, &m), PARSE_OK);
		cr_expect_eq(m.edns, sizes[i].edns, "%s", sizes[i].what);
		cr_expect_eq(m.udp_size, sizes[i].size, "%s", sizes[i].what);
	}
}

static const struct {
	const char *what;
	const char *octets;
	uint32_t ttl;
} ttls[] = {
	{ "zero", "\0\0\0\0", 0 },
	{ "a minute", "\0\0\0\x3c", 60 },
	{ "largest", "\x7f\xff\xff\xff", 0x7fffffff },
	{ "top bit", "\x80\0\0\0", 0 },
	{ "all bits", "\xff\xff\xff\xff", 0 },
};

Test(dnsmsg, ttl_table)
{
	for (size_t i = 0; i < NITEMS(ttls); i++) {
		uint8_t buf[] = HEAD("\1", "\0", "\0") Q A;
		struct slice msg = { buf, sizeof(buf) - 1 };
		struct dnsmsg m;
		struct dnsiter it;
		struct dnsrr rr;

		memcpy(buf + 22 + 6, ttls[i].octets, 4);
		cr_assert_eq(dnsmsg_read(msg, &m), PARSE_OK);
		it = dnsmsg_answers(&m);
		cr_assert(dnsmsg_next(&m, &it, &rr));
		cr_expect_eq(rr.ttl, ttls[i].ttl, "%s", ttls[i].what);
		cr_expect_eq(rr.ttl_at, 28);
	}
}

Test(dnsmsg, walk)
{
	struct slice msg = MSG(HEAD("\2", "\1", "\0") Q
		RR("\5", "\4") "\1b\xc0\14"
		"\xc0\x22\0\1\0\1" TTL "\0\4\xc0\0\2\1" A);
	struct dnsmsg m;
	struct dnsiter it;
	struct dnsrr rr;

	cr_assert_eq(dnsmsg_read(msg, &m), PARSE_OK);
	it = dnsmsg_answers(&m);
	cr_assert(dnsmsg_next(&m, &it, &rr));
	cr_expect_eq(rr.type, DNSTYPE_CNAME);
	cr_expect_eq(rr.class, DNSCLASS_IN);
	cr_expect(dnsname_same(&rr.owner, &m.qname));
	cr_expect(dnsname_equal(&rr.target, (const uint8_t *)"\1b\1a\2cz", 8));
	cr_assert(dnsmsg_next(&m, &it, &rr));
	cr_expect_eq(rr.type, DNSTYPE_A);
	cr_expect(dnsname_same(&rr.owner, &it.target));
	cr_expect_eq(rr.rdata.len, 4);
	cr_expect_arr_eq(rr.rdata.p, "\xc0\0\2\1", 4);
	cr_expect_eq(rr.rdata.p, msg.p + rr.rdata_at);
	cr_expect_eq(it.off, m.answers_end);
	cr_expect(!dnsmsg_next(&m, &it, &rr), "authority is not walked");
}
