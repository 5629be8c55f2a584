/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>

#include "clock.h"
#include "pace.h"

enum { GAP = 100 };

/* At these times, ms, and how long each is told to wait. */
static const struct {
	const char *what;
	unsigned int burst, n;
	struct {
		unsigned int at, wait;
	} turn[6];
} rows[] = {
	{ "one at a time", 1, 5,
	  { { 0, 0 }, { 0, 100 }, { 99, 1 }, { 100, 0 }, { 101, 99 } } },
	{ "a burst, then one at a time", 3, 6,
	  { { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 100 }, { 100, 0 },
	    { 100, 100 } } },
	{ "who is told to wait has used nothing up", 1, 4,
	  { { 0, 0 }, { 50, 50 }, { 60, 40 }, { 100, 0 } } },
	{ "a rest gives back one burst and no more", 2, 5,
	  { { 0, 0 }, { 0, 0 }, { 5000, 0 }, { 5000, 0 },
	    { 5000, 100 } } },
	{ "half a burst comes back in half the time", 2, 5,
	  { { 0, 0 }, { 0, 0 }, { 100, 0 }, { 100, 100 }, { 250, 0 } } },
};

Test(pace, turns)
{
	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct pace p = { .gap = GAP * CLOCK_MS,
				  .burst = rows[i].burst };

		for (unsigned int k = 0; k < rows[i].n; k++) {
			uint64_t now = CLOCK_S + rows[i].turn[k].at * CLOCK_MS;

			cr_expect_eq(pace_wait(&p, now),
				     rows[i].turn[k].wait * CLOCK_MS,
				     "%s: turn %u", rows[i].what, k);
		}
	}
}

Test(pace, a_storm_gets_so_many_a_second)
{
	struct pace p = { .gap = GAP * CLOCK_MS, .burst = 16 };
	unsigned int n = 0;

	for (uint64_t t = 0; t < 60 * CLOCK_S; t += CLOCK_MS)
		n += pace_wait(&p, CLOCK_S + t) == 0;
	cr_expect_eq(n, 16 + 60 * 10 - 1, "%u", n);
}
