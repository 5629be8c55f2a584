/* SPDX-License-Identifier: ISC */
#include "bench/measure.h"

#include <err.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- values come in */

static void *room_for(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n, size);
	if (p == NULL)
		err(2, "measure");
	return p;
}

size_t measure_row(struct measure *m, const char *name)
{
	if (m->n_rows == MEASURE_ROWS)
		errx(2, "%s: more than %d rows", m->bench, MEASURE_ROWS);
	m->row[m->n_rows] = (struct measure_row){ .name = name };
	return m->n_rows++;
}

void measure_round(struct measure *m)
{
	m->round++;
}

void measure_add(struct measure *m, size_t row, double value)
{
	struct measure_row *r = &m->row[row];

	if (r->n == r->room) {
		r->room = r->room == 0 ? 64 : 2 * r->room;
		r->v = room_for(r->v, r->room, sizeof(r->v[0]));
		r->round = room_for(r->round, r->room, sizeof(r->round[0]));
	}
	r->round[r->n] = m->round > 0 ? m->round : (uint32_t)r->n + 1;
	r->v[r->n++] = value;
}

void measure_free(struct measure *m)
{
	for (size_t i = 0; i < m->n_rows; i++) {
		free(m->row[i].v);
		free(m->row[i].round);
	}
	m->n_rows = 0;
	m->round = 0;
}

/* ---- order */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The caller's, to be freed. */
static double *sorted(const double *v, size_t n)
{
	double *s = room_for(NULL, n + 1, sizeof(s[0]));

	if (n > 0)
		memcpy(s, v, n * sizeof(s[0]));
	qsort(s, n, sizeof(s[0]), compare);
	return s;
}

static double at_rank(const double *sorted, size_t n, double p)
{
	/* 99.9 % of 1000 is 999, not the 1000th that rounding makes of it. */
	size_t rank = (size_t)ceil(p / 100 * (double)n - 1e-9);

	return n == 0 ? 0 : sorted[rank == 0 ? 0 : rank - 1];
}

static double spread_of(const double *sorted, size_t n)
{
	double median = at_rank(sorted, n, 50);
	double range = at_rank(sorted, n, 75) - at_rank(sorted, n, 25);

	return median != 0 ? range / fabs(median) : 0;
}

double measure_percentile(const struct measure_row *r, double p)
{
	double *s = sorted(r->v, r->n);
	double v = at_rank(s, r->n, p);

	free(s);
	return v;
}

/* ---- against the base */

static const struct measure_row *row_called(const struct measure *m,
					    const char *name)
{
	for (size_t i = 0; i < m->n_rows; i++)
		if (strcmp(m->row[i].name, name) == 0)
			return &m->row[i];
	errx(2, "%s: no row \"%s\"", m->bench, name);
}

/* Of the round that begins at *at, which moves to the next. */
static double round_median(const struct measure_row *r, size_t *at)
{
	size_t from = *at;
	double *s, median;

	while (*at < r->n && r->round[*at] == r->round[from])
		++*at;
	s = sorted(r->v + from, *at - from);
	median = at_rank(s, *at - from, 50);
	free(s);
	return median;
}

static size_t rounds_of(const struct measure_row *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += i == 0 || r->round[i] != r->round[i - 1];
	return n;
}

/* How many quotients; at most as many as r has rounds. */
static size_t quotients(const struct measure_row *r,
			const struct measure_row *base, double *q)
{
	size_t n = 0, i = 0, j = 0;

	while (i < r->n && j < base->n) {
		uint32_t mine = r->round[i], other = base->round[j];
		double x = mine <= other ? round_median(r, &i) : 0;
		double y = other <= mine ? round_median(base, &j) : 0;

		if (mine == other && y != 0)
			q[n++] = x / y;
	}
	return n;
}

static void pair(struct measure_summary *s, const struct measure_row *r,
		 const struct measure_row *base)
{
	double *q = room_for(NULL, s->rounds + 1, sizeof(q[0]));
	size_t n = quotients(r, base, q);

	qsort(q, n, sizeof(q[0]), compare);
	s->paired = n > 0 ? at_rank(q, n, 50) : NAN;
	s->paired_spread = n > 0 ? spread_of(q, n) : NAN;
	free(q);
}

struct measure_summary measure_summary(const struct measure *m, size_t row,
				       const char *base)
{
	const struct measure_row *r = &m->row[row], *b = row_called(m, base);
	double floor = measure_percentile(b, 50);
	double *v = sorted(r->v, r->n);
	struct measure_summary s = {
		.n = r->n, .rounds = rounds_of(r),
		.min = at_rank(v, r->n, 0), .p50 = at_rank(v, r->n, 50),
		.p90 = at_rank(v, r->n, 90), .p99 = at_rank(v, r->n, 99),
		.p999 = at_rank(v, r->n, 99.9), .max = at_rank(v, r->n, 100),
		.spread = spread_of(v, r->n),
	};

	s.ratio = floor != 0 ? s.p50 / floor : 0;
	pair(&s, r, b);
	free(v);
	return s;
}

/* ---- and go out */

static void tell(const char *name, const struct measure_summary *s, FILE *out)
{
	fprintf(out, "%-30s %9.1f %9.1f %9.1f %9.1f %9.1f %9.1f %5.0f%% %7.2f",
		name, s->min, s->p50, s->p90, s->p99, s->p999, s->max,
		100 * s->spread, s->ratio);
	if (isnan(s->paired))
		fprintf(out, " %7s %6s", "-", "-");
	else
		fprintf(out, " %7.2f %5.0f%%", s->paired,
			100 * s->paired_spread);
	fprintf(out, " %7zu\n", s->n);
}

static void record(const struct measure *m, const char *row, const char *base,
		   const struct measure_summary *s, FILE *tsv)
{
	fprintf(tsv, "%s\t%s\t%s\t%s\t%s\t%zu\t%zu", m->bench, row, m->unit,
		m->more ? "more" : "less", base, s->n, s->rounds);
	fprintf(tsv, "\t%.6g\t%.6g\t%.6g\t%.6g\t%.6g\t%.6g\t%.4f\t%.4f",
		s->min, s->p50, s->p90, s->p99, s->p999, s->max, s->spread,
		s->ratio);
	if (isnan(s->paired))
		fputs("\t-\t-\n", tsv);
	else
		fprintf(tsv, "\t%.4f\t%.4f\n", s->paired, s->paired_spread);
}

void measure_print(const struct measure *m, const char *base, FILE *out,
		   FILE *tsv)
{
	fprintf(out, "%s, %s (%s is better); ratios against \"%s\"\n",
		m->bench, m->unit, m->more ? "more" : "less", base);
	fprintf(out, "%-30s %9s %9s %9s %9s %9s %9s %6s %7s %7s %6s %7s\n", "",
		"min", "p50", "p90", "p99", "p99.9", "max", "spread", "ratio",
		"paired", "spread", "n");
	for (size_t i = 0; i < m->n_rows; i++) {
		struct measure_summary s = measure_summary(m, i, base);

		tell(m->row[i].name, &s, out);
		if (tsv != NULL)
			record(m, m->row[i].name, base, &s, tsv);
	}
	fflush(out);
}

FILE *measure_tsv(const char *path)
{
	FILE *f = path != NULL ? fopen(path, "a") : NULL;

	if (path != NULL && f == NULL)
		err(2, "%s", path);
	return f;
}

bool measure_smoke(void)
{
	const char *set = getenv("BENCH_SMOKE");

	return set != NULL && strcmp(set, "1") == 0;
}

unsigned int measure_times(unsigned int full, unsigned int brief)
{
	return measure_smoke() ? brief : full;
}
