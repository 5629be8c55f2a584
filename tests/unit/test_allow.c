/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "shared/allow.h"

enum { SEED = 7 };

static struct allow table;

static struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	cr_assert(ipaddr_parse(text, &a), "%s", text);
	return a;
}

static struct ipaddr nth(uint32_t n)
{
	uint8_t b[4] = { 198, (uint8_t)(n >> 16), (uint8_t)(n >> 8),
			 (uint8_t)n };

	return ipaddr_v4(b);
}

static void reset(uint32_t epoch)
{
	allow_init(&table, SEED);
	allow_set_epoch(&table, epoch);
}

/* Which entry a fresh table puts a in: the first of its window. */
static size_t home(const struct ipaddr *a)
{
	reset(1);
	cr_assert_eq(allow_insert(&table, a, 100, 0), 0);
	for (size_t i = 0; i < ALLOW_SLOTS; i++)
		if (table.entries[i].tag != 0)
			return i;
	cr_assert(false, "inserted nowhere");
	return 0;
}

/* Fills out with n addresses of one window, which starts at entry at. */
static void crowd(size_t at, struct ipaddr *out, size_t n)
{
	for (uint32_t i = 0; n > 0; i++) {
		struct ipaddr a = nth(i);

		if (home(&a) != at)
			continue;
		*out++ = a;
		n--;
	}
	reset(1);
}

Test(allow, layout)
{
	cr_expect_eq(sizeof(struct allow_entry), 32);
	cr_expect_eq(offsetof(struct allow_entry, key_hi), 0);
	cr_expect_eq(offsetof(struct allow_entry, key_lo), 8);
	cr_expect_eq(offsetof(struct allow_entry, expiry), 16);
	cr_expect_eq(offsetof(struct allow_entry, tag), 24);
	cr_expect_eq(offsetof(struct allow, epoch), 0);
	cr_expect_eq(offsetof(struct allow, seed), 8);
	cr_expect_eq(offsetof(struct allow, entries), CACHELINE);
	cr_expect_eq(sizeof(struct allow),
		     CACHELINE + 32 * (size_t)ALLOW_ENTRIES);
}

Test(allow, entry_in_memory)
{
	struct ipaddr a = addr("192.0.2.1");
	const struct allow_entry *e = &table.entries[home(&a)];

	cr_expect_arr_eq((const uint8_t *)&e->key_hi, a.b, 16,
			 "the octets as they stand");
	cr_expect_eq(e->expiry, 100);
	cr_expect_eq(e->tag >> 32, 1, "epoch in the upper half");
}

Test(allow, shut_table)
{
	struct ipaddr a = addr("192.0.2.1");

	allow_init(&table, SEED);
	cr_expect_eq(allow_lookup(&table, &a, 0), 0);
	cr_expect_eq(allow_insert(&table, &a, 100, 0), -EINVAL);
	allow_remove(&table, &a);
	allow_set_epoch(&table, 1);
	cr_expect_eq(allow_lookup(&table, &a, 0), 0);
}

Test(allow, lifetime)
{
	struct ipaddr a = addr("192.0.2.1"), b = addr("192.0.2.2");

	reset(1);
	cr_assert_eq(allow_insert(&table, &a, 100, 0), 0);
	cr_expect_eq(allow_lookup(&table, &a, 0), 100);
	cr_expect_eq(allow_lookup(&table, &a, 99), 100, "last instant");
	cr_expect_eq(allow_lookup(&table, &a, 100), 0, "the expiry itself");
	cr_expect_eq(allow_lookup(&table, &b, 0), 0, "neighbour");

	cr_assert_eq(allow_insert(&table, &a, 200, 100), 0);
	cr_expect_eq(allow_lookup(&table, &a, 150), 200, "revived");
	cr_assert_eq(allow_insert(&table, &a, 160, 150), 0);
	cr_expect_eq(allow_lookup(&table, &a, 159), 160, "moved nearer");
	allow_remove(&table, &a);
	cr_expect_eq(allow_lookup(&table, &a, 0), 0, "removed");
	allow_remove(&table, &a);
	cr_assert_eq(allow_insert(&table, &a, UINT64_MAX, 150), 0);
	cr_expect_eq(allow_lookup(&table, &a, UINT64_MAX - 1), UINT64_MAX);
}

Test(allow, families_do_not_meet)
{
	struct ipaddr v4 = addr("192.0.2.1"), v6 = addr("::192.0.2.1"),
		      nat64 = addr("64:ff9b::192.0.2.1");

	reset(1);
	cr_assert_eq(allow_insert(&table, &v4, 100, 0), 0);
	cr_expect_eq(allow_lookup(&table, &v6, 0), 0);
	cr_expect_eq(allow_lookup(&table, &nat64, 0), 0);
	cr_assert_eq(allow_insert(&table, &v6, 200, 0), 0);
	cr_expect_eq(allow_lookup(&table, &v4, 0), 100);
	cr_expect_eq(allow_lookup(&table, &v6, 0), 200);
}

Test(allow, epochs)
{
	struct ipaddr a = addr("2001:db8::1");

	reset(UINT32_MAX - 1);
	cr_assert_eq(allow_insert(&table, &a, 100, 0), 0);
	allow_set_epoch(&table, UINT32_MAX);
	cr_expect_eq(allow_lookup(&table, &a, 0), 0, "of an older epoch");
	cr_assert_eq(allow_insert(&table, &a, 100, 0), 0);
	cr_expect_eq(allow_lookup(&table, &a, 0), 100);
	allow_set_epoch(&table, 0);
	cr_expect_eq(allow_lookup(&table, &a, 0), 0, "shut");
}

Test(allow, old_entry_is_not_found_by_key)
{
	struct ipaddr a = addr("192.0.2.1");

	reset(1);
	cr_assert_eq(allow_insert(&table, &a, 900, 0), 0);
	allow_set_epoch(&table, 2);
	allow_remove(&table, &a);
	cr_assert_eq(allow_insert(&table, &a, 100, 0), 0);
	cr_expect_eq(allow_lookup(&table, &a, 0), 100);
}

Test(allow, version_wraps)
{
	struct ipaddr a[2];

	crowd(5, a, NITEMS(a));
	table.entries[5].tag = UINT32_MAX;
	cr_assert_eq(allow_insert(&table, &a[0], 100, 0), 0);
	cr_expect_eq(table.entries[5].tag, (uint64_t)1 << 32 | 1,
		     "0 is for an entry that is being written");
	cr_assert_eq(allow_insert(&table, &a[1], 200, 0), 0);
	cr_expect_eq(allow_lookup(&table, &a[0], 0), 100);
	cr_expect_eq(allow_lookup(&table, &a[1], 0), 200);
}

Test(allow, half_written)
{
	struct ipaddr a[2];

	crowd(5, a, NITEMS(a));
	cr_assert_eq(allow_insert(&table, &a[0], 100, 0), 0);
	cr_assert_eq(allow_insert(&table, &a[1], 200, 0), 0);
	table.entries[5].tag &= ~(uint64_t)UINT32_MAX;
	cr_expect_eq(allow_lookup(&table, &a[0], 0), 0, "nobody's");
	cr_expect_eq(allow_lookup(&table, &a[1], 0), 200, "and no gap");
}

/* As somebody else's store into the kernel's map may leave it. */
Test(allow, torn_gap)
{
	struct ipaddr a[2], have[2];

	crowd(5, a, NITEMS(a));
	cr_assert_eq(allow_insert(&table, &a[0], 100, 0), 0);
	cr_assert_eq(allow_insert(&table, &a[1], 200, 0), 0);
	table.entries[5].tag = 0;
	cr_expect_eq(allow_lookup(&table, &a[1], 0), 0, "hidden");
	cr_assert_eq(allow_insert(&table, &a[1], 300, 0), 0);
	cr_expect_eq(allow_lookup(&table, &a[1], 0), 300, "in the gap");
	cr_expect_eq(allow_list(&table, 0, have, 2), 1, "there only");
	table.entries[5].tag = 0;
	allow_remove(&table, &a[1]);
	cr_assert_eq(allow_insert(&table, &a[0], 100, 0), 0);
	cr_expect_eq(allow_lookup(&table, &a[1], 0), 0, "stays closed");
}

/* The windows at both ends of the table. */
static const struct {
	const char *what;
	size_t at;
} windows[] = {
	{ "first slot", 0 },
	{ "window ends with the slots", ALLOW_SLOTS - ALLOW_PROBES },
	{ "window ends behind them", ALLOW_SLOTS - ALLOW_PROBES + 1 },
	{ "last slot", ALLOW_SLOTS - 1 },
};

Test(allow, full_window_refuses)
{
	for (size_t w = 0; w < NITEMS(windows); w++) {
		struct ipaddr a[ALLOW_PROBES + 1];

		crowd(windows[w].at, a, NITEMS(a));
		for (size_t i = 0; i < ALLOW_PROBES; i++)
			cr_assert_eq(allow_insert(&table, &a[i], 100 + i, 0),
				     0, "%s: %zu", windows[w].what, i);
		cr_expect_eq(allow_insert(&table, &a[ALLOW_PROBES], 500, 0),
			     -ENOSPC, "%s", windows[w].what);
		for (size_t i = 0; i < ALLOW_PROBES; i++)
			cr_expect_eq(allow_lookup(&table, &a[i], 0), 100 + i,
				     "%s: nothing evicted", windows[w].what);
		cr_expect_eq(table.entries[ALLOW_ENTRIES - 1].tag, 0,
			     "%s: the gap that stays", windows[w].what);
		cr_expect_eq(allow_insert(&table, &a[7], 300, 0), 0,
			     "%s: one that is in", windows[w].what);
		cr_expect_eq(allow_insert(&table, &a[ALLOW_PROBES], 500, 100),
			     0, "%s: one has expired", windows[w].what);
		cr_expect_eq(allow_lookup(&table, &a[ALLOW_PROBES], 100), 500,
			     "%s", windows[w].what);
		cr_expect_eq(allow_lookup(&table, &a[0], 0), 0,
			     "%s: its entry is another's", windows[w].what);
	}
}

Test(allow, found_behind_a_free_entry)
{
	struct ipaddr a[3];

	crowd(5, a, NITEMS(a));
	for (size_t i = 0; i < NITEMS(a); i++)
		cr_assert_eq(allow_insert(&table, &a[i], 100, 0), 0);
	allow_remove(&table, &a[0]);
	cr_expect_eq(allow_lookup(&table, &a[2], 0), 100,
		     "a look-up does not stop at a gap");
	cr_assert_eq(allow_insert(&table, &a[2], 200, 0), 0);
	allow_remove(&table, &a[2]);
	cr_expect_eq(allow_lookup(&table, &a[2], 0), 0,
		     "there was no second one in the gap");
}

static struct ipaddr v6_with(size_t at, uint32_t n)
{
	struct ipaddr a = addr("2001:db8::1");

	a.b[at] = (uint8_t)(n >> 8);
	a.b[at + 1] = (uint8_t)n;
	return a;
}

static struct ipaddr neighbour(uint32_t n) { return nth(n); }
static struct ipaddr far_apart(uint32_t n) { return nth(n * 257); }
static struct ipaddr each_own_net(uint32_t n) { return nth(n << 8); }
static struct ipaddr v6_host(uint32_t n) { return v6_with(14, n); }
static struct ipaddr v6_subnet(uint32_t n) { return v6_with(6, n); }
static struct ipaddr v6_net(uint32_t n) { return v6_with(3, n * 257); }

/* Addresses come in rows. */
static const struct {
	const char *what;
	struct ipaddr (*nth)(uint32_t n);
} rows[] = {
	{ "neighbours", neighbour }, { "far apart", far_apart },
	{ "each in its own /24", each_own_net },
	{ "v6 neighbours", v6_host }, { "each in its own /64", v6_subnet },
	{ "each in its own /40", v6_net },
};

static size_t no_gaps(void)
{
	size_t n = 0;

	for (size_t i = 0; i < ALLOW_ENTRIES; i++)
		n += table.entries[i].tag >> 32 == table.epoch;
	return n;
}

/* Or look-ups would be dearer with each address there ever was. */
Test(allow, gaps_return)
{
	struct ipaddr a[3];

	crowd(0, a, NITEMS(a));
	for (size_t i = 0; i < NITEMS(a); i++)
		cr_assert_eq(allow_insert(&table, &a[i], 100, 0), 0);
	allow_remove(&table, &a[1]);
	cr_expect_eq(no_gaps(), 3, "one lies behind it");
	allow_remove(&table, &a[2]);
	cr_expect_eq(no_gaps(), 1, "both");
	cr_expect_eq(allow_lookup(&table, &a[0], 0), 100);
	cr_expect_eq(table.entries[1].tag, 1, "the version stays");
	cr_assert_eq(allow_insert(&table, &a[2], 200, 0), 0);
	cr_expect_eq(table.entries[1].tag, (uint64_t)1 << 32 | 2);
	allow_remove(&table, &a[0]);
	cr_expect_eq(allow_lookup(&table, &a[2], 0), 200);
	allow_remove(&table, &a[2]);
	cr_expect_eq(no_gaps(), 0, "up to the table's begin");
}

/* Whatever the seed is: nobody can choose, or be unlucky. */
Test(allow, design_load_fits)
{
	for (size_t r = 0; r < NITEMS(rows); r++) {
		unsigned int refused = 0;

		for (uint64_t seed = 0; seed < 2000; seed++) {
			allow_init(&table, seed << 56 | seed);
			allow_set_epoch(&table, 1);
			for (uint32_t i = 0; i < ALLOW_MAX; i++) {
				struct ipaddr a = rows[r].nth(i);

				if (allow_insert(&table, &a, 100, 0) != 0)
					refused++;
			}
		}
		cr_expect_eq(refused, 0, "%s: %u", rows[r].what, refused);
	}
}

/* What allow_lookup() would find, and nothing else. */
Test(allow, list)
{
	struct ipaddr want[3] = { nth(1), nth(2), nth(3) }, have[3];
	struct allow_entry *e;

	reset(1);
	for (size_t i = 0; i < NITEMS(want); i++)
		cr_assert_eq(allow_insert(&table, &want[i], 100 + i, 0), 0);
	cr_expect_eq(allow_list(&table, 0, have, 3), 3);
	cr_expect_eq(allow_list(&table, 0, have, 2), 2, "no room for more");
	cr_expect_eq(allow_list(&table, 100, have, 3), 2, "one has expired");
	cr_expect_eq(allow_list(&table, 101, have, 3), 1, "two have");
	cr_expect(ipaddr_equal(&have[0], &want[2]));
	/* Far from where its key belongs: nobody finds it there. */
	for (e = table.entries; e->tag == 0; e++)
		;
	e[ALLOW_SLOTS / 2 <= e - table.entries ? -100 : 100] = *e;
	cr_expect_eq(allow_list(&table, 0, have, 3), 3, "outside its window");
	allow_set_epoch(&table, 0);
	cr_expect_eq(allow_list(&table, 0, have, 3), 0, "shut");
}
