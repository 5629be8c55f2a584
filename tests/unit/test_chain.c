/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "compat.h"

/*
 * Messages are written as text: "a A 60 1" is an A record of 192.0.2.1 with
 * a TTL of 60 at the name "a"; "a C 60 b" a CNAME; "a 6 60 1" an AAAA record
 * of 2001:db8::1; "a T 60 1" a TXT record; "a H 60 1" an A record of class
 * CH; "a K 60 1" a CNAME of class CH that holds no name. Names are one
 * letter; capitals stay capitals.
 */
struct builder {
	uint8_t buf[SLOT_SIZE];
	size_t len;
	uint16_t answers;
};

static void put(struct builder *b, const void *p, size_t n)
{
	cr_assert(n <= sizeof(b->buf) - b->len);
	memcpy(b->buf + b->len, p, n);
	b->len += n;
}

static void put16(struct builder *b, unsigned int v)
{
	uint8_t o[] = { (uint8_t)(v >> 8), (uint8_t)v };

	put(b, o, sizeof(o));
}

static void put_name(struct builder *b, char letter)
{
	uint8_t o[] = { 1, (uint8_t)letter, 0 };

	put(b, o, sizeof(o));
}

static void start(struct builder *b, char qname, uint16_t qtype)
{
	static const uint8_t head[] = { 0x12, 0x34, 0x81, 0x80, 0, 1,
					0, 0, 0, 0, 0, 0 };

	b->len = 0;
	b->answers = 0;
	put(b, head, sizeof(head));
	put_name(b, qname);
	put16(b, qtype);
	put16(b, DNSCLASS_IN);
}

static void put_rdata(struct builder *b, char type, const char *data)
{
	uint8_t v4[4] = { 192, 0, 2, (uint8_t)atoi(data) };
	uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] =
			   (uint8_t)atoi(data) };

	switch (type) {
	case 'C':
		put16(b, 3);
		put_name(b, *data);
		return;
	case '6':
		put16(b, sizeof(v6));
		put(b, v6, sizeof(v6));
		return;
	default:
		put16(b, sizeof(v4));
		put(b, v4, sizeof(v4));
	}
}

static void record(struct builder *b, const char *text)
{
	char owner, type, data[8];
	unsigned int ttl;

	cr_assert_eq(sscanf(text, " %c %c %u %7[^;]", &owner, &type, &ttl,
			    data), 4, "%s", text);
	put_name(b, owner);
	put16(b, type == 'C' || type == 'K' ? DNSTYPE_CNAME :
	      type == '6' ? DNSTYPE_AAAA : type == 'T' ? 16 : DNSTYPE_A);
	put16(b, type == 'H' || type == 'K' ? 3 : DNSCLASS_IN);
	put16(b, ttl >> 16);
	put16(b, ttl);
	put_rdata(b, type, data);
	b->answers++;
}

static struct dnsmsg message(struct builder *b)
{
	struct dnsmsg m;

	b->buf[6] = (uint8_t)(b->answers >> 8);
	b->buf[7] = (uint8_t)b->answers;
	cr_assert_eq(dnsmsg_read((struct slice){ b->buf, b->len }, &m),
		     PARSE_OK);
	return m;
}

/* Records separated by ';'. */
static struct dnsmsg message_of(struct builder *b, uint16_t qtype,
				const char *text)
{
	start(b, 'a', qtype);
	while (text != NULL && *text != '\0') {
		record(b, text);
		text = strchr(text, ';');
		if (text != NULL)
			text++;
	}
	return message(b);
}

static const struct {
	const char *what;
	uint16_t qtype;
	const char *answers;
	const char *hops;	/* letters of the targets */
	const char *addrs;	/* their last octets, as digits */
	uint32_t ttl;
	bool foreign;
} chains[] = {
	{ "no answers", 1, "", "", "", 0, false },
	{ "one address", 1, "a A 60 1", "", "1", 60, false },
	{ "two addresses", 1, "a A 60 1;a A 50 2", "", "12", 50,
	  false },
	{ "IPv6", 28, "a 6 60 1", "", "1", 60, false },
	{ "two CNAMEs", 1, "a C 90 b;b C 80 c;c A 70 1", "bc", "1",
	  70, false },
	{ "lowest TTL on a CNAME", 1, "a C 9 b;b C 80 c;c A 70 1",
	  "bc", "1", 9, false },
	{ "TTL of zero", 1, "a C 0 b;b A 70 1", "b", "1", 0, false },
	{ "last record first", 1, "c A 70 1;b C 80 c;a C 90 b",
	  "bc", "1", 70, false },
	{ "addresses on both sides", 1, "b A 70 1;a C 90 b;b A 60 2",
	  "b", "12", 60, false },
	{ "case differs between records", 1, "A C 90 b;B A 60 1",
	  "b", "1", 60, false },
	{ "CNAME to nothing", 1, "a C 90 b", "b", "", 90, false },
	{ "the same address twice", 1, "a A 60 1;a A 60 1", "",
	  "11", 60, false },
	{ "TXT beside the address", 1, "a T 5 1;a A 60 1", "", "1",
	  60, true },
	{ "TXT of a stranger", 1, "a A 60 1;z T 60 1", "", "1", 60,
	  true },
	{ "address of class CH", 1, "z H 60 1", "", "", 0, true },
	{ "CNAME of class CH", 1, "a K 60 1", "", "", 0, true },
	{ "CNAME asked", 5, "a C 60 b", "b", "", 60, false },
	{ "CNAME asked, none", 5, "", "", "", 0, false },
};

static const struct {
	const char *what;
	uint16_t qtype;
	const char *answers;
	enum chain_why want;
} refusals[] = {
	{ "address of a stranger", 1, "z A 60 1", CHAIN_STRAY },
	{ "stranger beside the answer", 1, "a A 60 1;z A 60 2", CHAIN_STRAY },
	{ "address of the question, behind a CNAME", 1,
	  "a C 60 b;a A 60 1", CHAIN_STRAY },
	{ "address half-way", 1, "a C 60 b;b A 60 1;b C 60 c;c A 60 2",
	  CHAIN_STRAY },
	{ "CNAME of a stranger", 1, "a A 60 1;z C 60 y", CHAIN_STRAY },
	{ "chain with a gap", 1, "a C 60 b;c C 60 d;d A 60 1", CHAIN_STRAY },
	{ "two CNAMEs at one name", 1, "a C 60 b;a C 60 c;c A 60 1",
	  CHAIN_STRAY },
	{ "the same CNAME twice", 1, "a C 60 b;a C 60 b;b A 60 1",
	  CHAIN_STRAY },
	{ "AAAA where A was asked", 1, "a A 60 1;a 6 60 2", CHAIN_STRAY },
	{ "A where AAAA was asked", 28, "a A 60 1", CHAIN_STRAY },
	{ "CNAME to itself", 1, "a C 60 a", CHAIN_LOOP },
	{ "CNAME to itself, other case", 1, "a C 60 A", CHAIN_LOOP },
	{ "CNAME to itself, then on", 1, "a C 60 a;a C 60 b;b A 60 1",
	  CHAIN_LOOP },
	{ "two CNAMEs in a ring", 1, "a C 60 b;b C 60 a", CHAIN_LOOP },
	{ "ring behind the question", 1, "a C 60 b;b C 60 c;c C 60 b",
	  CHAIN_LOOP },
	{ "ring with an address", 1, "a C 60 b;b C 60 a;a A 60 1",
	  CHAIN_LOOP },
	{ "ring out of reach", 1, "a A 60 1;y C 60 z;z C 60 y", CHAIN_STRAY },
	{ "CNAME asked, chain given", 5, "a C 60 b;b C 60 c", CHAIN_STRAY },
	{ "CNAME asked, address given", 5, "a C 60 b;b A 60 1", CHAIN_STRAY },
	{ "CNAME asked, to itself", 5, "a C 60 a", CHAIN_LOOP },
};

static void expect_views(const char *what, const struct chain *c,
			 const char *hops, const char *addrs)
{
	cr_assert_eq(c->n_hops, strlen(hops), "%s: hops", what);
	for (unsigned int i = 0; i < c->n_hops; i++) {
		uint8_t wire[] = { 1, (uint8_t)hops[i], 0 };

		cr_expect(dnsname_equal(&c->hops[i], wire, sizeof(wire)),
			  "%s: hop %u", what, i);
	}
	cr_assert_eq(c->n_addrs, strlen(addrs), "%s: addresses", what);
	for (unsigned int i = 0; i < c->n_addrs; i++)
		cr_expect_eq(c->addrs[i].b[15], addrs[i] - '0',
			     "%s: address %u", what, i);
}

Test(chain, read_table)
{
	for (size_t i = 0; i < NITEMS(chains); i++) {
		struct builder b;
		struct dnsmsg m = message_of(&b, chains[i].qtype,
					     chains[i].answers);
		struct chain c;

		cr_assert_eq(chain_read(&m, &c), CHAIN_OK, "%s",
			     chains[i].what);
		expect_views(chains[i].what, &c, chains[i].hops,
			     chains[i].addrs);
		cr_expect_eq(c.ttl, chains[i].ttl, "%s: ttl %u",
			     chains[i].what, c.ttl);
		cr_expect_eq(c.foreign, chains[i].foreign, "%s: foreign",
			     chains[i].what);
	}
}

Test(chain, refusal_table)
{
	for (size_t i = 0; i < NITEMS(refusals); i++) {
		struct builder b;
		struct dnsmsg m = message_of(&b, refusals[i].qtype,
					     refusals[i].answers);
		struct chain c;
		enum chain_why got = chain_read(&m, &c);

		cr_expect_eq(got, refusals[i].want, "%s: %s",
			     refusals[i].what, chain_name(got));
	}
}

/* Nothing is learnt from the other sections. */
Test(chain, answer_section_only)
{
	struct builder b;
	struct chain c;
	struct dnsmsg m = message_of(&b, 1, "a A 60 1");

	record(&b, "z A 60 2");
	b.buf[11] = 1;		/* additional */
	b.answers--;
	m = message(&b);
	cr_assert_eq(chain_read(&m, &c), CHAIN_OK);
	cr_expect_eq(c.n_addrs, 1);
}

static enum chain_why ladder(unsigned int hops, bool backwards)
{
	struct builder b;
	struct chain c;
	struct dnsmsg m;

	start(&b, 'a', DNSTYPE_A);
	for (unsigned int i = 0; i < hops; i++) {
		unsigned int at = backwards ? hops - 1 - i : i;
		char text[16];

		snprintf(text, sizeof(text), "%c C 60 %c", 'a' + (int)at,
			 'b' + (int)at);
		record(&b, text);
	}
	m = message(&b);
	return chain_read(&m, &c);
}

Test(chain, hop_limit)
{
	cr_expect_eq(ladder(CNAME_HOPS, false), CHAIN_OK);
	cr_expect_eq(ladder(CNAME_HOPS, true), CHAIN_OK);
	cr_expect_eq(ladder(CNAME_HOPS + 1, false), CHAIN_LOOP);
	cr_expect_eq(ladder(CNAME_HOPS + 1, true), CHAIN_LOOP);
}

static enum chain_why crowd(unsigned int addrs)
{
	struct builder b;
	struct chain c;
	struct dnsmsg m;

	start(&b, 'a', DNSTYPE_A);
	for (unsigned int i = 0; i < addrs; i++)
		record(&b, "a A 60 1");
	m = message(&b);
	return chain_read(&m, &c);
}

Test(chain, address_limit)
{
	cr_expect_eq(crowd(ALLOW_PER_NAME), CHAIN_OK);
	cr_expect_eq(crowd(ALLOW_PER_NAME + 1), CHAIN_MANY);
	cr_expect_eq(crowd(200), CHAIN_MANY);
}
