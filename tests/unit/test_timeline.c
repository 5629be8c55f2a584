/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <string.h>

#include "record.h"
#include "timeline.h"

static struct timeline t;

static void reset(void)
{
	memset(&t, 0, sizeof(t));
}

TestSuite(timeline, .init = reset);

/* n episodes; the query of the i-th comes i ms after its start, from 1. */
static void fill(unsigned int n)
{
	reset();
	for (unsigned int i = 1; i <= n; i++) {
		uint64_t start = i * CLOCK_S;
		struct episode *e = timeline_begin(&t, i, "link", start);

		timeline_mark(e, TIMELINE_QUERY, start + i * CLOCK_MS);
	}
}

Test(timeline, percentiles_by_nearest_rank)
{
	static const struct {
		unsigned int n, counted;
		double p50, p99;
	} rows[] = {
		{ 0, 0, 0, 0 }, { 1, 1, 1, 1 }, { 2, 2, 1, 2 },
		{ 3, 3, 2, 3 }, { 4, 4, 2, 4 }, { 63, 63, 32, 63 },
		{ TIMELINE_EPISODES, 64, 32, 64 },
		/* The ring holds 37..100. */
		{ 100, 64, 68, 100 },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct timeline_summary s;

		fill(rows[i].n);
		timeline_sum(&t, TIMELINE_QUERY, &s);
		cr_expect_eq(s.n, rows[i].counted, "%u", rows[i].n);
		cr_expect_float_eq(s.p50, rows[i].p50, 1e-9, "%u: %f",
				   rows[i].n, s.p50);
		cr_expect_float_eq(s.p99, rows[i].p99, 1e-9, "%u: %f",
				   rows[i].n, s.p99);
		timeline_sum(&t, TIMELINE_TUNNEL, &s);
		cr_expect_eq(s.n, 0, "never happened");
	}
}

Test(timeline, order_does_not_matter_for_percentiles)
{
	static const unsigned int at[] = { 9, 1, 5, 7, 3 };
	struct timeline_summary s;

	for (unsigned int i = 0; i < NITEMS(at); i++)
		timeline_mark(timeline_begin(&t, i + 1, "link", i + 1),
			      TIMELINE_ROUTE, i + 1 + at[i] * CLOCK_MS);
	timeline_sum(&t, TIMELINE_ROUTE, &s);
	cr_expect_float_eq(s.p50, 5, 1e-9);
	cr_expect_float_eq(s.p99, 9, 1e-9);
}

Test(timeline, newest_first_round_the_ring)
{
	static const struct {
		unsigned int n, kept;
	} rows[] = {
		{ 0, 0 }, { 1, 1 }, { TIMELINE_EPISODES - 1, 63 },
		{ TIMELINE_EPISODES, 64 }, { TIMELINE_EPISODES + 1, 64 },
		{ 3 * TIMELINE_EPISODES, 64 },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		unsigned int k = 0;
		const struct episode *e;

		fill(rows[i].n);
		for (; (e = timeline_get(&t, k)) != NULL; k++)
			cr_expect_eq(e->epoch, rows[i].n - k, "%u: %u",
				     rows[i].n, k);
		cr_expect_eq(k, rows[i].kept, "%u", rows[i].n);
		if (rows[i].n == 0)
			cr_expect_null(timeline_last(&t));
		else
			cr_expect_eq(timeline_last(&t)->epoch, rows[i].n);
	}
}

Test(timeline, a_row_taken_again_is_clean)
{
	fill(TIMELINE_EPISODES);
	cr_expect_eq(timeline_begin(&t, 99, "wake", 99 * CLOCK_S)
			     ->at[TIMELINE_QUERY], 0);
}

Test(timeline, the_same_reconnect_is_one_row)
{
	struct episode *first = timeline_begin(&t, 1, "link", CLOCK_S);

	timeline_mark(first, TIMELINE_LINK, CLOCK_S);
	cr_expect_eq(timeline_begin(&t, 2, "network", CLOCK_S), first);
	cr_expect_eq(t.n, 1);
	cr_expect_eq(first->epoch, 2);
	cr_expect_str_eq(first->reason, "link", "what began it");
	cr_expect_eq(first->at[TIMELINE_LINK], CLOCK_S, "what it had");
	cr_expect_neq(timeline_begin(&t, 3, "link", CLOCK_S + 1), first);
	cr_expect_eq(t.n, 2);
}

Test(timeline, marks)
{
	static const struct {
		const char *what;
		uint64_t first, second, want;
	} rows[] = {
		{ "the start itself", 1000, 0, 1000 },
		{ "later", 1001, 0, 1001 },
		{ "before it began", 999, 0, 0 },
		{ "did not happen", 0, 0, 0 },
		{ "the first counts", 2000, 3000, 2000 },
		{ "even if the second is earlier", 3000, 2000, 3000 },
		{ "too early, then right", 1, 5000, 5000 },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct episode *e;

		reset();
		e = timeline_begin(&t, 1, "link", 1000);
		timeline_mark(e, TIMELINE_PROBE, rows[i].first);
		timeline_mark(e, TIMELINE_PROBE, rows[i].second);
		cr_expect_eq(e->at[TIMELINE_PROBE], rows[i].want, "%s",
			     rows[i].what);
	}
	timeline_mark(NULL, TIMELINE_PROBE, 1);
}

Test(timeline, wall_clock_of_the_start)
{
	struct timespec now;
	struct episode *e;
	int64_t wall, apart;

	clock_gettime(CLOCK_REALTIME, &now);
	wall = (int64_t)now.tv_sec * (int64_t)CLOCK_S + now.tv_nsec;
	e = timeline_begin(&t, 1, "wake", record_clock - 20 * CLOCK_S);
	apart = wall - 20 * (int64_t)CLOCK_S - e->wall;
	cr_expect(apart <= 0 && apart > -60 * (int64_t)CLOCK_S, "%lld ns",
		  (long long)apart);
}

Test(timeline, a_long_reason_is_cut)
{
	char reason[2 * TIMELINE_REASON];

	memset(reason, 'x', sizeof(reason));
	reason[sizeof(reason) - 1] = '\0';
	cr_expect_eq(strlen(timeline_begin(&t, 1, reason, 1)->reason),
		     TIMELINE_REASON - 1);
}

Test(timeline, names)
{
	for (unsigned int i = 0; i < TIMELINE__N; i++)
		for (unsigned int k = 0; k < i; k++)
			cr_expect_str_neq(timeline_name(i), timeline_name(k));
	cr_expect_str_eq(timeline_name(TIMELINE_PROBE_DONE), "probe_done");
	cr_expect_str_eq(timeline_name(TIMELINE_NM_FULL), "nm_full");
}
