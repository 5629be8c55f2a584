/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "command.h"

enum { LINE = 512, CELL = 96 };

/* "12 min" */
static const char *span(long long seconds, char *text, size_t size)
{
	if (seconds < 120)
		snprintf(text, size, "%lld s", seconds);
	else if (seconds < 2 * 3600)
		snprintf(text, size, "%lld min", seconds / 60);
	else
		snprintf(text, size, "%lld h", seconds / 3600);
	return text;
}

/* Of what was watched; "not running: why" follows. */
static void verdict(const json_t *l, bool hint, char *text, size_t size)
{
	long long leaks = client_int(l, "leaks"), flows = client_int(l, "flows");
	long long drops = client_int(l, "drops");
	char time[32];
	int n;

	span(client_int(l, "watched"), time, sizeof(time));
	if (leaks == 0)
		n = snprintf(text, size, "none in %s", time);
	else
		n = snprintf(text, size, "%lld packet%s in %lld flow%s%s",
			     leaks, leaks == 1 ? "" : "s", flows,
			     flows == 1 ? "" : "s",
			     hint ? ", see sallyport leaks" : "");
	if (drops > 0)
		snprintf(text + n, size - (size_t)n, " (%lld not seen)",
			 drops);
}

void leaks_head(struct print *p, const json_t *ledger, bool hint)
{
	const char *problem = client_text(ledger, "problem");
	bool running = client_flag(ledger, "running");
	long long leaks = client_int(ledger, "leaks");
	char text[LINE];

	if (ledger == NULL)
		return;
	if (running || leaks > 0 || client_int(ledger, "watched") > 0) {
		verdict(ledger, hint, text, sizeof(text));
		print_head(p, "leaks", leaks > 0 ? PAINT_BAD :
			   client_int(ledger, "drops") > 0 ? PAINT_WARN :
			   PAINT_GOOD, text);
	}
	if (running)
		return;
	if (problem[0] != '\0')
		snprintf(text, sizeof(text), "not running: %s", problem);
	else
		snprintf(text, sizeof(text), "not running: %s",
			 client_flag(ledger, "wanted") ? "nothing is blocked" :
			 "capture = off");
	print_head(p, "ledger", problem[0] != '\0' ? PAINT_BAD : PAINT_PLAIN,
		   text);
}

/* ---- the table */

enum { COLUMNS = 7 };

static const char *const titles[COLUMNS] = {
	"FIRST", "PACKETS", "PROTOCOL", "FROM", "TO", "ON", "PROCESS"
};

static void endpoint(const json_t *row, const char *name, const char *port,
		     char cell[static CELL])
{
	const char *addr = client_text(row, name);
	bool v6 = strchr(addr, ':') != NULL;

	if (client_int(row, port) == 0)
		snprintf(cell, CELL, "%s", addr);
	else
		snprintf(cell, CELL, "%s%s%s:%lld", v6 ? "[" : "", addr,
			 v6 ? "]" : "", client_int(row, port));
}

static void first_seen(const json_t *row, char cell[static CELL])
{
	time_t t = (time_t)client_number(row, "first");
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL ||
	    strftime(cell, CELL, "%F %T", &tm) == 0)
		cell[0] = '\0';
}

static void cells(const json_t *row, char cell[static COLUMNS][CELL])
{
	first_seen(row, cell[0]);
	snprintf(cell[1], CELL, "%lld", client_int(row, "packets"));
	snprintf(cell[2], CELL, "%s", client_text(row, "protocol"));
	endpoint(row, "from", "from_port", cell[3]);
	endpoint(row, "to", "to_port", cell[4]);
	snprintf(cell[5], CELL, "%s", client_text(row, "interface"));
	snprintf(cell[6], CELL, "%s", client_text(row, "process")[0] != '\0' ?
		 client_text(row, "process") : "-");
}

static void table(struct print *p, const json_t *rows)
{
	unsigned int width[COLUMNS];
	char cell[COLUMNS][CELL];

	for (unsigned int c = 0; c < COLUMNS; c++)
		width[c] = print_width(titles[c]);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		cells(json_array_get(rows, i), cell);
		for (unsigned int c = 0; c < COLUMNS; c++)
			if (print_width(cell[c]) > width[c])
				width[c] = print_width(cell[c]);
	}
	for (unsigned int c = 0; c < COLUMNS - 1; c++)
		print_padded(p, width[c] + 2, titles[c]);
	fprintf(p->file, "%s\n", titles[COLUMNS - 1]);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		cells(json_array_get(rows, i), cell);
		for (unsigned int c = 0; c < COLUMNS - 1; c++)
			print_padded(p, width[c] + 2, cell[c]);
		print_text(p->file, cell[COLUMNS - 1]);
		fputc('\n', p->file);
	}
}

/* Those that have counted something. */
static void counted(struct print *p, const char *label, json_t *counts)
{
	struct print_list l;
	const char *name;
	json_t *value;

	print_list_begin(&l, p, label);
	json_object_foreach(counts, name, value) {
		char text[CELL];

		if (json_integer_value(value) == 0)
			continue;
		snprintf(text, sizeof(text), "%s %lld", name,
			 (long long)json_integer_value(value));
		print_list_item(&l, text);
	}
	print_list_end(&l);
}

void leaks_print(struct print *p, const json_t *l)
{
	const json_t *rows = json_object_get(l, "list");
	long long more = client_int(l, "flows") -
			 (long long)json_array_size(rows);

	counted(p, "packets", json_object_get(l, "classes"));
	if (client_int(l, "leaks") == 0)
		return;
	counted(p, "leaks", json_object_get(l, "protocols"));
	if (json_array_size(rows) > 0) {
		fputc('\n', p->file);
		table(p, rows);
	}
	if (more > 0 || client_int(l, "untold") > 0)
		fprintf(p->file, "and %lld more flows, and %lld packets that "
			"were not told apart\n", more > 0 ? more : 0,
			client_int(l, "untold"));
}

enum app_exit leaks_show(struct app *a)
{
	json_t *l;
	enum app_exit r = app_call(a, "leaks", NULL, &l);

	if (r != APP_OK)
		return r;
	if (!app_json(a, l)) {
		leaks_head(&a->out, l, false);
		leaks_print(&a->out, l);
	}
	json_decref(l);
	return APP_OK;
}
