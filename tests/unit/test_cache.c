/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <stdio.h>

#include "cache.h"
#include "clock.h"
#include "compat.h"
#include "wire.h"

static struct cache c;
static struct wire w;
static struct ipaddr addrs[ALLOW_PER_NAME];

static struct cached *put(const char *name, uint16_t type, uint64_t expiry,
			  uint64_t now)
{
	uint8_t wire[DNSNAME_MAX];
	size_t len = dnsname_from_text(name, wire);
	struct cached *e = cache_place(&c, wire, len, type, now);
	struct dnsmsg m;

	wire_start(&w, 1, DNSFLAG_QR, name, type);
	m = wire_view(&w);
	cache_fill(e, &m, addrs, 1, expiry);
	return e;
}

static struct cached *get(const char *name, uint16_t type)
{
	uint8_t wire[DNSNAME_MAX];
	size_t len = dnsname_from_text(name, wire);

	return cache_find(&c, wire, len, type);
}

static const struct {
	const char *what, *name;
	uint16_t type;
	bool there;
} looks[] = {
	{ "as it was put", "captive.apple.com", DNSTYPE_A, true },
	{ "another type", "captive.apple.com", DNSTYPE_AAAA, false },
	{ "another name of the same length", "captive.apple.net", DNSTYPE_A,
	  false },
	{ "a parent", "apple.com", DNSTYPE_A, false },
	{ "a child", "x.captive.apple.com", DNSTYPE_A, false },
	{ "the root", ".", DNSTYPE_A, false },
};

Test(cache, look_up)
{
	cr_expect_null(get("captive.apple.com", DNSTYPE_A), "when empty");
	put("captive.apple.com", DNSTYPE_A, 100, 1);
	for (size_t i = 0; i < NITEMS(looks); i++)
		cr_expect_eq(get(looks[i].name, looks[i].type) != NULL,
			     looks[i].there, "%s", looks[i].what);
	cache_clear(&c);
	cr_expect_null(get("captive.apple.com", DNSTYPE_A), "when cleared");
}

Test(cache, keeps_the_answer_and_drops_the_rest)
{
	struct cached *e = put("a.example", DNSTYPE_A, 100, 1);
	struct dnsmsg m;
	struct dnsrr rr;
	struct dnsiter it;

	wire_start(&w, 7, DNSFLAG_QR, "a.example", DNSTYPE_A);
	wire_cname(&w, "a.example", 60, "b.example");
	wire_addr(&w, "b.example", 60, "192.0.2.1");
	wire_rr(&w, WIRE_AUTHORITY, "example", DNSTYPE_NS, DNSCLASS_IN, 60,
		"\1n", 3);
	wire_opt(&w, 1232);
	m = wire_view(&w);
	cr_assert(ipaddr_parse("192.0.2.1", &addrs[0]));
	cache_fill(e, &m, addrs, 1, 500);
	memset(&w, 0xff, sizeof(w));	/* somebody else's slot now */

	cr_expect_eq(e->expiry, 500);
	cr_expect_eq(e->n_addrs, 1);
	cr_expect(ipaddr_equal(&e->addrs[0], &addrs[0]));
	cr_expect_eq(e->view.msg.p, e->msg);
	cr_expect_eq(e->view.msg.len, m.answers_end);
	cr_expect_eq(e->view.counts[1], 2);
	cr_expect_eq(e->view.counts[2], 0);
	cr_expect_eq(e->view.counts[3], 0);
	cr_expect(dnsname_equal(&e->view.qname, e->name, e->name_len));
	it = dnsmsg_answers(&e->view);
	cr_assert(dnsmsg_next(&e->view, &it, &rr));
	cr_assert(dnsmsg_next(&e->view, &it, &rr));
	cr_expect_eq(rr.type, DNSTYPE_A);
	cr_expect_arr_eq(rr.rdata.p, "\300\0\2\1", 4);
	cr_expect_not(dnsmsg_next(&e->view, &it, &rr));
}

static void fill_all(uint64_t expiry)
{
	char name[32];

	for (unsigned int i = 0; i < CACHE_MAX; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		put(name, DNSTYPE_A, expiry + i, 1);
	}
}

Test(cache, its_own_place_before_any_other)
{
	struct cached *e;

	fill_all(1000);
	e = get("n5.example", DNSTYPE_A);
	cr_expect_eq(put("n5.example", DNSTYPE_A, 9000, 1), e);
	cr_expect_not_null(get("n0.example", DNSTYPE_A));
}

Test(cache, full_gives_up_what_ends_first)
{
	fill_all(1000);
	put("n3.example", DNSTYPE_A, 990, 1);
	put("new.example", DNSTYPE_A, 5000, 1);
	cr_expect_null(get("n3.example", DNSTYPE_A));
	cr_expect_not_null(get("n0.example", DNSTYPE_A));
	cr_expect_not_null(get("new.example", DNSTYPE_A));
}

Test(cache, expired_goes_before_live)
{
	fill_all(1000);
	put("n9.example", DNSTYPE_A, 50, 1);
	put("new.example", DNSTYPE_A, 5000, 50);
	cr_expect_null(get("n9.example", DNSTYPE_A), "ends at 50, now is 50");
	for (unsigned int i = 0; i < CACHE_MAX; i++)
		cr_expect_neq(c.entry[i].expiry, 50);
}

Test(cache, types_of_a_name_stand_apart)
{
	struct cached *a = put("a.example", DNSTYPE_A, 10, 1);
	struct cached *b = put("a.example", DNSTYPE_AAAA, 20, 1);

	cr_expect_neq(a, b);
	cr_expect_eq(get("a.example", DNSTYPE_A), a);
	cr_expect_eq(get("a.example", DNSTYPE_AAAA), b);
}

Test(cache, negative_until_it_is_filled_again)
{
	struct cached *e = put("a.example", DNSTYPE_A, 10, 1);
	struct dnsmsg m = wire_view(&w);

	cr_expect_not(e->negative);
	cache_fill_negative(e, DNSRCODE_NXDOMAIN, 30);
	cr_expect_eq(get("a.example", DNSTYPE_A), e);
	cr_expect(e->negative);
	cr_expect_eq(e->rcode, DNSRCODE_NXDOMAIN);
	cr_expect_eq(e->n_addrs, 0);
	cr_expect_eq(e->expiry, 30);
	cache_fill(e, &m, addrs, 1, 40);
	cr_expect_not(e->negative);
	cr_expect_eq(e->n_addrs, 1);
}
