/* SPDX-License-Identifier: ISC */
#include "bench/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

size_t measure_row(struct measure *m, const char *name)
{
	if (m->n_rows == MEASURE_ROWS)
		abort();
	m->row[m->n_rows].name = name;
	return m->n_rows++;
}

void measure_add(struct measure *m, size_t row, double value)
{
	struct measure_row *r = &m->row[row];

	if (r->n < MEASURE_ROUNDS)
		r->v[r->n++] = value;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double measure_percentile(const struct measure_row *r, double p)
{
	double sorted[MEASURE_ROUNDS];
	size_t rank = (size_t)ceil(p / 100 * (double)r->n);

	if (r->n == 0)
		return 0;
	memcpy(sorted, r->v, r->n * sizeof(sorted[0]));
	qsort(sorted, r->n, sizeof(sorted[0]), compare);
	return sorted[rank == 0 ? 0 : rank - 1];
}

static double median_of(const struct measure *m, const char *name)
{
	for (size_t i = 0; i < m->n_rows; i++)
		if (strcmp(m->row[i].name, name) == 0)
			return measure_percentile(&m->row[i], 50);
	return 0;
}

void measure_print(const struct measure *m, const char *base, FILE *out,
		   FILE *tsv)
{
	double floor = median_of(m, base);

	fprintf(out, "%s, %s; ratios against \"%s\"\n", m->bench, m->unit,
		base);
	fprintf(out, "%-28s %8s %8s %8s %8s %7s %4s\n", "", "min", "median",
		"p90", "max", "ratio", "n");
	for (size_t i = 0; i < m->n_rows; i++) {
		const struct measure_row *r = &m->row[i];
		double p[] = {
			measure_percentile(r, 0), measure_percentile(r, 50),
			measure_percentile(r, 90), measure_percentile(r, 100),
		};
		double ratio = floor > 0 ? p[1] / floor : 0;

		fprintf(out, "%-28s %8.1f %8.1f %8.1f %8.1f %7.2f %4zu\n",
			r->name, p[0], p[1], p[2], p[3], ratio, r->n);
		if (tsv != NULL)
			fprintf(tsv, "%s\t%s\t%s\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f"
				"\t%zu\n", m->bench, r->name, m->unit, p[0],
				p[1], p[2], p[3], ratio, r->n);
	}
}
