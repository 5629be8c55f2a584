/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"

static const struct {
	const char *what;
	unsigned int n;		/* values n, n - 1, ... 1 */
	double p, want;
} ranks[] = {
	{ "no value", 0, 50, 0 },
	{ "one value, least", 1, 0, 1 },
	{ "one value, greatest", 1, 100, 1 },
	{ "least", 10, 0, 1 },
	{ "greatest", 10, 100, 10 },
	{ "median of even: the lower", 10, 50, 5 },
	{ "median of odd", 11, 50, 6 },
	{ "just above a rank", 10, 50.1, 6 },
	{ "99.9 of 1000 is no maximum", 1000, 99.9, 999 },
	{ "99.9 of 999 is", 999, 99.9, 999 },
	{ "99 of 100", 100, 99, 99 },
	{ "many", 100000, 99.9, 99900 },
};

Test(measure, percentile)
{
	for (size_t i = 0; i < sizeof(ranks) / sizeof(ranks[0]); i++) {
		struct measure m = { .bench = "test", .unit = "1" };
		size_t row = measure_row(&m, "row");

		for (unsigned int v = ranks[i].n; v > 0; v--)
			measure_add(&m, row, v);
		cr_expect_eq(measure_percentile(&m.row[row], ranks[i].p),
			     ranks[i].want, "%s", ranks[i].what);
		measure_free(&m);
	}
}

/* Values as text: a digit is a value, a blank begins a round. */
static void fill(struct measure *m, const char *name, const char *text)
{
	size_t row = measure_row(m, name);

	m->round = 0;
	for (; *text != '\0'; text++) {
		if (*text == ' ')
			measure_round(m);
		else if (*text >= '0' && *text <= '9')
			measure_add(m, row, *text - '0');
	}
}

static const struct {
	const char *what, *row, *base;
	size_t n, rounds;
	double spread, ratio, paired, paired_spread;
} pairs[] = {
	{ "each value a round", "246", "123", 3, 3, 1, 2, 2, 0 },
	{ "medians say less than pairs", "289", "148", 3, 3,
	  7.0 / 8, 2, 2, (2 - 9.0 / 8) / 2 },
	{ "the longer row's rest has no pair", "2222", "12", 4, 4,
	  0, 2, 1, 1 },
	{ "medians of rounds", " 119 339", " 113 333", 6, 2, 8.0 / 3, 1, 1, 0 },
	{ "a round that the base has not", " 4 9 4", " 2  2", 3, 3,
	  5.0 / 4, 2, 2, 0 },
	{ "a round that only the base has", " 4  4", " 2 1 2", 2, 2,
	  0, 2, 2, 0 },
	{ "nothing in common", " 4", "  2", 1, 1, 0, 2, NAN, NAN },
	{ "no value", "", "12", 0, 0, 0, 0, NAN, NAN },
	{ "a base of nothing", "12", "00", 2, 2, 1, 0, NAN, NAN },
	{ "a row of nothing", "00", "12", 2, 2, 0, 0, 0, 0 },
};

static bool same(double a, double b)
{
	return isnan(b) ? isnan(a) : fabs(a - b) < 1e-9;
}

Test(measure, summary)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct measure m = { .bench = "test", .unit = "1" };
		struct measure_summary s;

		fill(&m, "base", pairs[i].base);
		fill(&m, "row", pairs[i].row);
		s = measure_summary(&m, 1, "base");
		cr_expect_eq(s.n, pairs[i].n, "%s: n", pairs[i].what);
		cr_expect_eq(s.rounds, pairs[i].rounds, "%s: rounds",
			     pairs[i].what);
		cr_expect(same(s.spread, pairs[i].spread), "%s: spread %f",
			  pairs[i].what, s.spread);
		cr_expect(same(s.ratio, pairs[i].ratio), "%s: ratio %f",
			  pairs[i].what, s.ratio);
		cr_expect(same(s.paired, pairs[i].paired), "%s: paired %f",
			  pairs[i].what, s.paired);
		cr_expect(same(s.paired_spread, pairs[i].paired_spread),
			  "%s: paired spread %f", pairs[i].what,
			  s.paired_spread);
		measure_free(&m);
	}
}

Test(measure, lines)
{
	struct measure m = { .bench = "test", .unit = "us", .more = true };
	char *people, *lines;
	size_t n_people, n_lines;
	FILE *out = open_memstream(&people, &n_people);
	FILE *tsv = open_memstream(&lines, &n_lines);

	fill(&m, "base", " 123");
	fill(&m, "row", "  468");
	measure_print(&m, "base", out, tsv);
	fclose(out);
	fclose(tsv);
	cr_expect_str_eq(lines,
		"test\tbase\tus\tmore\tbase\t3\t1\t1\t2\t3\t3\t3\t3"
		"\t1.0000\t1.0000\t1.0000\t0.0000\n"
		"test\trow\tus\tmore\tbase\t3\t1\t4\t6\t8\t8\t8\t8"
		"\t0.6667\t3.0000\t-\t-\n");
	cr_expect(strstr(people, "more is better") != NULL);
	cr_expect(strstr(people, "3.00") != NULL);
	free(people);
	free(lines);
	measure_free(&m);
}

Test(measure, brief)
{
	unsetenv("BENCH_SMOKE");
	cr_expect_eq(measure_times(100, 2), 100);
	setenv("BENCH_SMOKE", "", 1);
	cr_expect_eq(measure_times(100, 2), 100, "empty is not set");
	setenv("BENCH_SMOKE", "1", 1);
	cr_expect_eq(measure_times(100, 2), 2);
}
