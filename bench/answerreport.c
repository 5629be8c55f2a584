/* SPDX-License-Identifier: ISC */
/*
 * Tables out of what bench_answer wrote: one for each measure.
 *
 *   bench_answerreport FILE TSV NAME MEASURE UNIT less|more BASE
 *
 * A line "round" in FILE begins the next round.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

static size_t row_called(struct measure *m, const char *name)
{
	char *copy;

	for (size_t i = 0; i < m->n_rows; i++)
		if (strcmp(m->row[i].name, name) == 0)
			return i;
	copy = strdup(name);
	if (copy == NULL)
		err(1, "row");
	return measure_row(m, copy);
}

static void read_line(struct measure *m, const char *measure, char *line)
{
	char *row = strchr(line, '\t');
	char *value = row == NULL ? NULL : strchr(row + 1, '\t');

	if (strcmp(line, "round\n") == 0)
		measure_round(m);
	if (value == NULL)
		return;
	*row++ = '\0';
	*value++ = '\0';
	if (strcmp(line, measure) == 0)
		measure_add(m, row_called(m, row), strtod(value, NULL));
}

int main(int argc, char **argv)
{
	char line[256];
	FILE *in, *tsv;

	if (argc != 8)
		errx(2, "how it is used stands on top of bench/answerreport.c");
	in = fopen(argv[1], "r");
	tsv = measure_tsv(argv[2]);
	if (in == NULL)
		err(1, "%s", argv[1]);

	struct measure m = { .bench = argv[3], .unit = argv[5],
			     .more = strcmp(argv[6], "more") == 0 };

	while (fgets(line, sizeof(line), in) != NULL)
		read_line(&m, argv[4], line);
	if (m.n_rows > 0)
		measure_print(&m, argv[7], stdout, tsv);
	fclose(in);
	fclose(tsv);
	return 0;
}
