/* SPDX-License-Identifier: ISC */
/*
 * bench_table [-m] BENCH UNIT BASE [TSV]
 *
 * For what scripts have measured: standard input has a line a value, "round
 * TAB row TAB value", rounds not falling. -m: more is better.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"

static size_t row_of(struct measure *m, const char *name)
{
	for (size_t i = 0; i < m->n_rows; i++)
		if (strcmp(m->row[i].name, name) == 0)
			return i;
	name = strdup(name);
	if (name == NULL)
		err(2, "strdup");
	return measure_row(m, name);
}

static void take(struct measure *m, char *line)
{
	char *row = strchr(line, '\t');
	char *value = row != NULL ? strchr(row + 1, '\t') : NULL;
	unsigned long round = strtoul(line, NULL, 10);
	char *end;
	double v;

	/* Told from 0 on; measure.h counts from 1. */
	if (value == NULL || round + 1 < m->round || round >= UINT32_MAX)
		errx(2, "not a value: %s", line);
	*row++ = '\0';
	*value++ = '\0';
	v = strtod(value, &end);
	if (end == value || (*end != '\n' && *end != '\0'))
		errx(2, "%s: not a number: %s", row, value);
	m->round = (uint32_t)round + 1;
	measure_add(m, row_of(m, row), v);
}

int main(int argc, char **argv)
{
	struct measure m = { .more = argc > 1 && strcmp(argv[1], "-m") == 0 };
	char **arg = argv + 1 + m.more;
	int n = argc - 1 - m.more;
	char line[512];
	FILE *tsv;

	if (n < 3 || n > 4)
		errx(2, "usage: bench_table [-m] BENCH UNIT BASE [TSV]");
	m.bench = arg[0];
	m.unit = arg[1];
	tsv = measure_tsv(n == 4 ? arg[3] : NULL);
	while (fgets(line, sizeof(line), stdin) != NULL)
		take(&m, line);
	measure_print(&m, arg[2], stdout, tsv);
	if (tsv != NULL && fclose(tsv) != 0)
		err(2, "%s", arg[3]);
	return 0;
}
