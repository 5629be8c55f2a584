/* SPDX-License-Identifier: ISC */
/*
 * measure.h - paired runs: rows take turns, round by round, and are compared
 * as ratios within one run
 *
 * Absolute times are this machine's noise; only ratios are claimed.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <stddef.h>
#include <stdio.h>

enum { MEASURE_ROWS = 16, MEASURE_ROUNDS = 256 };

struct measure_row {
	const char *name;
	size_t n;
	double v[MEASURE_ROUNDS];	/* in measure.unit */
};

struct measure {
	const char *bench, *unit;
	size_t n_rows;
	struct measure_row row[MEASURE_ROWS];
};

/* The row's number; names live as long as m. */
size_t measure_row(struct measure *m, const char *name);
void measure_add(struct measure *m, size_t row, double value);

/* p in 0..100; nearest rank. Of a row without values: 0. */
double measure_percentile(const struct measure_row *r, double p);

/*
 * A table for people, each row's median against that of the row called base;
 * the same as tab-separated lines in tsv, unless that is NULL.
 */
void measure_print(const struct measure *m, const char *base, FILE *out,
		   FILE *tsv);

#endif /* MEASURE_H */
