/* SPDX-License-Identifier: ISC */
/*
 * The timeline as bars: each begins where the one above it ends, so a bar's
 * length is what that stage took.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "command.h"

enum { BAR_MIN = 8, NUMBER = 13 /* " 123456.78 ms" */ };

/* Milliseconds, at most eleven days: what is beyond would fill the screen. */
static double milliseconds(const json_t *o, const char *name)
{
	double ms = client_number(o, name);

	return ms > 1e9 ? 1e9 : ms < -1e9 ? -1e9 : ms;
}

static unsigned int widest(const json_t *rows)
{
	unsigned int width = 0;

	for (size_t i = 0; i < json_array_size(rows); i++) {
		unsigned int n = print_width(
			client_text(json_array_get(rows, i), "name"));

		if (n > width)
			width = n;
	}
	return width;
}

static double longest(const json_t *events)
{
	double most = 0;

	for (size_t i = 0; i < json_array_size(events); i++) {
		double ms = milliseconds(json_array_get(events, i), "ms");

		if (ms > most)
			most = ms;
	}
	return most;
}

/* The column of ms, 0..columns; ms <= most. What lies before is at 0. */
static unsigned int column(double ms, double most, unsigned int columns)
{
	return ms > 0 ? (unsigned int)(ms / most * columns + 0.5) : 0;
}

static void bar(struct print *p, unsigned int from, unsigned int to)
{
	if (to <= from)
		to = from + 1;
	fprintf(p->file, "%*s", (int)from, "");
	for (unsigned int i = from; i < to; i++)
		fputs(p->blocks ? "\u2588" : "#", p->file);
}

static void chart(struct print *p, const json_t *events)
{
	unsigned int name = widest(events);
	unsigned int used = 2 + name + NUMBER + 3;
	/* One column is for a bar of no length at the very end. */
	unsigned int columns = p->width > used + BAR_MIN ?
			       p->width - used - 1 : BAR_MIN;
	double most = longest(events);
	unsigned int from = 0;

	for (size_t i = 0; i < json_array_size(events); i++) {
		const json_t *e = json_array_get(events, i);
		double ms = milliseconds(e, "ms");
		unsigned int to = column(ms, most, columns);

		fputs("  ", p->file);
		print_padded(p, name, client_text(e, "name"));
		fprintf(p->file, "%10.2f ms  |", ms);
		bar(p, from, to);
		fputc('\n', p->file);
		from = to;
	}
}

static void episode(struct print *p, const json_t *e)
{
	double started = client_number(e, "started");
	time_t at = started > 0 && started < 1e11 ? (time_t)started : 0;
	struct tm local;
	char when[32], text[512];

	localtime_r(&at, &local);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &local);
	snprintf(text, sizeof(text), "%s, %s", when, client_text(e, "reason"));
	snprintf(when, sizeof(when), "episode %lld", client_int(e, "epoch"));
	print_head(p, when, PAINT_PLAIN, text);
	chart(p, json_object_get(e, "events"));
}

static void summary(struct print *p, const json_t *rows)
{
	unsigned int name = widest(rows);

	if (json_array_size(rows) == 0)
		return;
	fputc('\n', p->file);
	print_painted(p, PAINT_HEAD, "all episodes");
	fputs(":\n  ", p->file);
	print_padded(p, name, "");
	fputs("       n        p50           p99\n", p->file);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *r = json_array_get(rows, i);

		fputs("  ", p->file);
		print_padded(p, name, client_text(r, "name"));
		fprintf(p->file, "%8lld %10.2f ms %10.2f ms\n",
			client_int(r, "n"), milliseconds(r, "p50"),
			milliseconds(r, "p99"));
	}
}

static void timeline(struct app *a, const json_t *t)
{
	const json_t *episodes = json_object_get(t, "episodes");
	size_t n = json_array_size(episodes);

	if (n == 0) {
		fputs("nothing was measured yet: a timeline begins when the "
		      "machine is blocked\n", a->out.file);
		return;
	}
	for (size_t i = 0; i < (a->all ? n : 1); i++) {
		if (i > 0)
			fputc('\n', a->out.file);
		episode(&a->out, json_array_get(episodes, i));
	}
	summary(&a->out, json_object_get(t, "summary"));
}

enum app_exit chart_timeline(struct app *a)
{
	json_t *t;
	enum app_exit r = app_call(a, "timeline", NULL, &t);

	if (r != APP_OK)
		return r;
	if (!app_json(a, t))
		timeline(a, t);
	json_decref(t);
	return APP_OK;
}
