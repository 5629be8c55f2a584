/* SPDX-License-Identifier: ISC */
/*
 * measure.h - paired runs: rows take turns, round by round, and are compared
 * as ratios within one run
 *
 * Absolute times are this machine's noise; only ratios are claimed.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { MEASURE_ROWS = 48 };

struct measure_row {
	const char *name;
	size_t n, room;
	double *v;		/* in measure.unit, as they came */
	uint32_t *round;	/* in which v[] was measured; never falls */
};

struct measure {
	const char *bench, *unit;
	bool more;		/* more is better: a rate */
	uint32_t round;		/* see measure_round() */
	size_t n_rows;
	struct measure_row row[MEASURE_ROWS];
};

/* Of a row without values, all is 0. */
struct measure_summary {
	size_t n, rounds;
	double min, p50, p90, p99, p999, max;
	double spread;		/* interquartile range over median */
	double ratio;		/* of medians, row to base */
	/* Median over the rounds in common of row to base, each the median
	 * of its round, and its spread; NAN without a round in common. */
	double paired, paired_spread;
};

/* The row's number; names live as long as m. */
size_t measure_row(struct measure *m, const char *name);

/*
 * What is added from here on belongs to a new round, until the next call.
 * Where it is never called each value is a round: the first of a row is
 * compared with the first of the base, and so on.
 */
void measure_round(struct measure *m);
void measure_add(struct measure *m, size_t row, double value);

/* p in 0..100; nearest rank. Of a row without values: 0. */
double measure_percentile(const struct measure_row *r, double p);

/* base: a row's name. */
struct measure_summary measure_summary(const struct measure *m, size_t row,
				       const char *base);

/*
 * A table for people, each row against the row called base; the same as a
 * tab-separated line a row in tsv, unless that is NULL. Columns: bench/run.
 */
void measure_print(const struct measure *m, const char *base, FILE *out,
		   FILE *tsv);

/* Forgets values and rows. */
void measure_free(struct measure *m);

/* To be appended to; NULL for NULL. Does not return without. */
FILE *measure_tsv(const char *path);

/*
 * BENCH_SMOKE=1 is set: nobody reads the times, a few rounds show that it
 * works. measure_times() is brief then, else full.
 */
bool measure_smoke(void);
unsigned int measure_times(unsigned int full, unsigned int brief);

#endif /* MEASURE_H */
