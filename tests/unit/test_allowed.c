/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <string.h>

#include "allowed.h"
#include "compat.h"

static struct allowed list;

static struct ipaddr nth(unsigned int i)
{
	struct ipaddr a;

	cr_assert(ipaddr_parse("2001:db8::", &a));
	a.b[14] = (uint8_t)(i >> 8);
	a.b[15] = (uint8_t)i;
	return a;
}

/* Entries 0..n-1; i ends at i + 1. */
static void fill(unsigned int n)
{
	list.n = 0;
	for (unsigned int i = 0; i < n; i++) {
		struct ipaddr a = nth(i);
		struct allowed_entry *e = allowed_add(&list, &a, ALLOW_MAX);

		cr_assert_not_null(e);
		e->expiry = i + 1;
	}
}

Test(allowed, room)
{
	static const struct {
		const char *what;
		unsigned int have, max;
		bool want;
	} rows[] = {
		{ "first of one", 0, 1, true },
		{ "second of one", 1, 1, false },
		{ "none allowed", 0, 0, false },
		{ "last", ALLOW_MAX - 1, ALLOW_MAX, true },
		{ "full", ALLOW_MAX, ALLOW_MAX, false },
		{ "max beyond the memory", ALLOW_MAX, 2 * ALLOW_MAX, false },
		{ "max made smaller", 5, 3, false },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct ipaddr a = nth(999);

		fill(rows[i].have);
		cr_expect_eq(allowed_add(&list, &a, rows[i].max) != NULL,
			     rows[i].want, "%s", rows[i].what);
		cr_expect_eq(list.n, rows[i].have + rows[i].want, "%s",
			     rows[i].what);
	}
}

Test(allowed, a_new_entry_is_clean)
{
	struct ipaddr a = nth(0);
	struct allowed_entry *e;

	memset(&list, 0xff, sizeof(list));
	list.n = 0;
	e = allowed_add(&list, &a, 1);
	cr_assert_not_null(e);
	cr_expect(ipaddr_equal(&e->addr, &a));
	cr_expect_eq(e->opened, 0);
	cr_expect_eq(e->expiry, 0);
	cr_expect_eq(e->name_len, 0);
}

Test(allowed, find)
{
	struct ipaddr v4, mapped, a = nth(3), none = nth(4);

	fill(4);
	cr_expect_eq(allowed_find(&list, &a), &list.entry[3]);
	cr_expect_null(allowed_find(&list, &none));
	cr_assert(ipaddr_parse("192.0.2.1", &v4));
	mapped = v4;
	cr_expect_null(allowed_find(&list, &v4));
	cr_assert_not_null(allowed_add(&list, &v4, ALLOW_MAX));
	cr_expect_not_null(allowed_find(&list, &mapped));
	allowed_cut(&list, 3);
	cr_expect_null(allowed_find(&list, &a), "cut off");
	allowed_cut(&list, 0);
	a = nth(0);
	cr_expect_null(allowed_find(&list, &a));
}

Test(allowed, expire)
{
	static const struct {
		const char *what;
		unsigned int have;
		uint64_t now;
		unsigned int want;
	} rows[] = {
		{ "empty", 0, UINT64_MAX, 0 },
		{ "none yet", 4, 0, 0 },
		{ "to the nanosecond", 4, 1, 1 },
		{ "half", 4, 2, 2 },
		{ "all but one", 4, 3, 3 },
		{ "all", 4, 4, 4 },
		{ "all of a full one", ALLOW_MAX, UINT64_MAX, ALLOW_MAX },
	};
	struct ipaddr out[ALLOW_MAX];

	for (size_t i = 0; i < NITEMS(rows); i++) {
		fill(rows[i].have);
		cr_expect_eq(allowed_expire(&list, rows[i].now, out),
			     rows[i].want, "%s", rows[i].what);
		cr_expect_eq(list.n, rows[i].have - rows[i].want, "%s",
			     rows[i].what);
		for (unsigned int k = 0; k < rows[i].want; k++) {
			struct ipaddr a = nth(k);

			cr_expect(ipaddr_equal(&out[k], &a), "%s",
				  rows[i].what);
		}
	}
}

Test(allowed, what_stays_keeps_its_order)
{
	struct ipaddr out[ALLOW_MAX];

	fill(5);
	list.entry[1].expiry = 100;
	list.entry[3].expiry = 50;
	cr_expect_eq(allowed_expire(&list, 10, out), 3);
	cr_assert_eq(list.n, 2);
	cr_expect_eq(list.entry[0].expiry, 100);
	cr_expect_eq(list.entry[1].expiry, 50);
}
