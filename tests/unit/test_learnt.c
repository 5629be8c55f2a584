/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <stdio.h>

#include "compat.h"
#include "learnt.h"
#include "wire.h"

static struct learnt l;

static bool add(const char *name, uint64_t expiry, uint64_t now)
{
	static struct wire w;
	struct dnsmsg m;

	wire_start(&w, 1, 0, name, DNSTYPE_A);
	m = wire_view(&w);
	return learnt_add(&l, &m.qname, expiry, now);
}

static bool has(const char *name, uint64_t now)
{
	uint8_t wire[DNSNAME_MAX];
	size_t len = dnsname_from_text(name, wire);

	return learnt_has(&l, wire, len, now);
}

static const struct {
	const char *what, *name;
	uint64_t now;
	bool known;
} looks[] = {
	{ "at once", "edge.example", 10, true },
	{ "the last nanosecond", "edge.example", 99, true },
	{ "its end", "edge.example", 100, false },
	{ "long after", "edge.example", UINT64_MAX, false },
	{ "a parent", "example", 10, false },
	{ "a child", "www.edge.example", 10, false },
	{ "another of the same length", "edge.exampla", 10, false },
};

Test(learnt, look_up)
{
	cr_expect_not(has("edge.example", 1), "when empty");
	cr_assert(add("EDGE.Example", 100, 10));
	for (size_t i = 0; i < NITEMS(looks); i++)
		cr_expect_eq(has(looks[i].name, looks[i].now), looks[i].known,
			     "%s", looks[i].what);
	learnt_clear(&l);
	cr_expect_not(has("edge.example", 10), "when cleared");
}

Test(learnt, again_is_one_entry)
{
	cr_assert(add("a.example", 100, 10));
	cr_assert(add("A.example", 300, 10));
	cr_expect_eq(l.n, 1);
	cr_expect(has("a.example", 200));
}

static void fill(void)
{
	char name[32];

	for (unsigned int i = 0; i < LEARNT_MAX; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		cr_assert(add(name, 1000 + i, 1));
	}
}

Test(learnt, full_refuses_and_forgets_nobody)
{
	fill();
	cr_expect_not(add("one-more.example", 5000, 1));
	cr_expect_not(has("one-more.example", 1));
	cr_expect(has("n0.example", 1));
	cr_expect(has("n127.example", 1));
	cr_expect(add("n0.example", 9000, 1), "its own place when full");
	cr_expect(has("n0.example", 8999));
}

Test(learnt, expired_gives_way)
{
	fill();
	cr_expect(add("one-more.example", 5000, 1000), "n0 ends at 1000");
	cr_expect(has("one-more.example", 1001));
	cr_expect(has("n1.example", 1000));
	cr_expect_eq(l.n, LEARNT_MAX);
}

/* An expired entry before the name's own one must not make a second one. */
Test(learnt, own_place_behind_an_expired_one)
{
	cr_assert(add("old.example", 10, 1));
	cr_assert(add("a.example", 100, 1));
	cr_assert(add("a.example", 200, 50));
	cr_expect_eq(l.n, 2);
	cr_expect(has("a.example", 150));
}
