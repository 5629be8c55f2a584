/* SPDX-License-Identifier: ISC */
/* The allow table after somebody else has written to it. */
#include <criterion/criterion.h>
#include <string.h>

#include "table.h"

enum { EPOCH = 7, NOW = 1000, THEN = 2000, STRANGERS = 200 };

static struct allow t;
static struct allowed truth;

static struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	cr_assert(ipaddr_parse(text, &a), "%s", text);
	return a;
}

static void add(const char *text, uint64_t opened, uint64_t expiry)
{
	struct ipaddr a = addr(text);
	struct allowed_entry *e = allowed_add(&truth, &a, ALLOW_MAX);

	cr_assert_not_null(e);
	e->opened = opened;
	e->expiry = expiry;
	if (opened != 0 && expiry > NOW)
		cr_assert_eq(allow_insert(&t, &a, expiry, NOW), 0);
}

/* Two are open, one is planned, one is over. */
static void setup(void)
{
	memset(&truth, 0, sizeof(truth));
	allow_init(&t, 42);
	allow_set_epoch(&t, EPOCH);
	add("192.0.2.1", 1, THEN);
	add("2001:db8::1", 1, THEN + 1);
	add("192.0.2.3", 0, 0);
	add("192.0.2.4", 1, NOW);
}

TestSuite(table, .init = setup);

static struct allow_entry *entry_of(const char *text)
{
	struct ipaddr a = addr(text);

	struct allow_entry *e = t.entries;

	while (memcmp(e, a.b, sizeof(a.b)) != 0)
		cr_assert(++e < t.entries + ALLOW_ENTRIES, "%s", text);
	return e;
}

static void nothing(void) {}
static void wiped(void) { memset(&t, 0, sizeof(t)); }
static void shut(void) { t.epoch = 0; }
static void other_epoch(void) { t.epoch = EPOCH + 1; }
static void old_epoch(void) { t.epoch = EPOCH - 1; }
static void other_seed(void) { t.seed++; }
static void all_ones(void) { memset(&t, 0xff, sizeof(t)); }
static void one_gone(void) { entry_of("192.0.2.1")->tag = 0; }
static void for_ever(void) { entry_of("192.0.2.1")->expiry = UINT64_MAX; }
static void too_short(void) { entry_of("2001:db8::1")->expiry = NOW; }

static void stranger(void)
{
	struct ipaddr a = addr("203.0.113.1");

	cr_assert_eq(allow_insert(&t, &a, THEN, NOW), 0);
}

/* Somebody opens what we were about to. */
static void planned(void)
{
	struct ipaddr a = addr("192.0.2.3");

	cr_assert_eq(allow_insert(&t, &a, THEN, NOW), 0);
}

static void many(void)
{
	for (unsigned int i = 0; i < STRANGERS; i++) {
		struct ipaddr a = addr("198.51.100.0");

		a.b[15] = (uint8_t)i;
		cr_assert_eq(allow_insert(&t, &a, THEN, NOW), 0);
	}
}

static const struct {
	const char *what;
	void (*done)(void);
	unsigned int wrong;	/* 0: nothing */
} rows[] = {
	{ "nothing", nothing, 0 },
	{ "wiped: epoch and both", wiped, 3 },
	{ "shut", shut, 1 },
	{ "a later epoch", other_epoch, 1 },
	{ "an older epoch", old_epoch, 1 },
	{ "another seed", other_seed, 2 },
	{ "all ones", all_ones, 3 },
	{ "one gone", one_gone, 1 },
	{ "one for ever", for_ever, 1 },
	{ "one over too soon", too_short, 1 },
	{ "a stranger", stranger, 1 },
	{ "one before its time", planned, 1 },
	{ "many strangers", many, STRANGERS },
};

static void expect_right(const char *what)
{
	struct ipaddr have[ALLOW_MAX], a = addr("192.0.2.1"),
		      b = addr("2001:db8::1");

	cr_expect(!table_differs(&t, EPOCH, &truth, NOW), "%s", what);
	cr_expect_eq(allow_lookup(&t, &a, NOW), THEN, "%s", what);
	cr_expect_eq(allow_lookup(&t, &b, NOW), THEN + 1, "%s", what);
	cr_expect_eq(allow_list(&t, NOW, have, NITEMS(have)), 2, "%s", what);
}

Test(table, what_is_wrong_is_put_right)
{
	for (size_t i = 0; i < NITEMS(rows); i++) {
		unsigned int n;

		setup();
		rows[i].done();
		cr_expect_eq(table_differs(&t, EPOCH, &truth, NOW),
			     rows[i].wrong != 0, "%s", rows[i].what);
		n = table_mend(&t, EPOCH, &truth, NOW);
		cr_expect_eq(n, rows[i].wrong, "%s: %u", rows[i].what, n);
		expect_right(rows[i].what);
	}
}

Test(table, shut_stays_shut)
{
	allow_set_epoch(&t, 0);
	truth.n = 0;
	cr_expect(!table_differs(&t, 0, &truth, NOW));
	t.epoch = EPOCH;
	cr_expect(table_differs(&t, 0, &truth, NOW));
	cr_expect_gt(table_mend(&t, 0, &truth, NOW), 0);
	cr_expect_eq(t.epoch, 0);
}
