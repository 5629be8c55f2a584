/* SPDX-License-Identifier: ISC */
/*
 * sallyport replay: captures through the code of the daemon, with a firewall
 * that only remembers. The same input gives the same output: no clock of this
 * machine, no order of a hash decides anything.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "line.h"
#include "log.h"
#include "summary.h"
#include "tools/command.h"

/* Packets between looks at the clock; with --speed they may take long. */
enum { BURST = 1 << 16, BURST_PACED = 64 };
enum { OUTPUT = 1 << 16 };		/* octets written at a time */

static const char usual[] = "/etc/sallyport/sallyport.conf";
static const uint64_t PROGRESS_NS = CLOCK_S / 4;

struct replay {
	struct app *app;
	struct dryrun *run;
	struct source_file *source;
	struct line line;
	double speed;			/* times as fast; 0 = without waiting */
	uint64_t limit, loops;
	/* pacing: the first packet, and when it was told, CLOCK_MONOTONIC */
	uint64_t first, begun;
	bool paced;
	uint64_t progress;		/* when it was last shown; 0 = never */
	bool terminal;			/* progress is shown */
};

/* ---- time that passes, which the output does not know */

static uint64_t monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * CLOCK_S + (uint64_t)ts.tv_nsec;
}

static void pace(struct replay *r, uint64_t time)
{
	uint64_t due, now;
	struct timespec ts;

	if (!r->paced || time < r->first) {
		r->paced = true;
		r->first = time;
		r->begun = monotonic();
		return;
	}
	due = r->begun + (uint64_t)((double)(time - r->first) / r->speed);
	if (due > monotonic())
		fflush(r->app->out.file);
	/* What shrinks: the time left; a signal may end a sleep early. */
	while ((now = monotonic()) < due) {
		ts = (struct timespec){
			.tv_sec = (time_t)((due - now) / CLOCK_S),
			.tv_nsec = (long)((due - now) % CLOCK_S),
		};
		nanosleep(&ts, NULL);
	}
}

static void show_progress(struct replay *r)
{
	uint64_t now = monotonic();
	int percent = source_file_percent(r->source);

	if (r->progress == 0)
		r->progress = now;
	if (now - r->progress < PROGRESS_NS)
		return;
	r->progress = now;
	fputs("\r", stderr);
	print_text(stderr, r->line.path);
	if (percent >= 0)
		fprintf(stderr, ": %d %%", percent);
	fprintf(stderr, ", %llu packets\033[K",
		(unsigned long long)r->run->counts.packets);
}

static void hide_progress(struct replay *r)
{
	if (r->progress != 0)
		fputs("\r\033[K", stderr);
	r->progress = 0;
}

/* ---- a file */

static void seen(void *context, enum link link, const struct source_record *p)
{
	struct replay *r = context;

	if (r->speed > 0)
		pace(r, p->time);
	dryrun_packet(r->run, link, p);
	if (r->run->counts.packets == r->limit)
		source_file_stop(r->source);
}

/* The sentence is at hand in e. */
static enum app_exit unreadable(struct replay *r, const char *path,
				const char *error)
{
	struct client_error e = { .code = 0 };

	hide_progress(r);
	why_set(&e.why, 0, "%s: %s", path, error);
	return app_report(r->app, APP_UNREADABLE, &e);
}

static enum app_exit play(struct replay *r, const char *path)
{
	int burst = r->speed > 0 ? BURST_PACED : BURST, n;
	char error[WHY_MAX];

	r->line.path = path;
	if (source_file_open(&r->source, path, r->app->bpf, error,
			     sizeof(error)) < 0)
		return unreadable(r, path, error);
	do {
		n = source_file_read(r->source, burst, seen, r, error,
				     sizeof(error));
		if (r->terminal)
			show_progress(r);
	} while (n > 0 && r->run->counts.packets != r->limit);
	hide_progress(r);
	source_file_close(r->source);
	return n < 0 ? unreadable(r, path, error) : APP_OK;
}

static enum app_exit play_all(struct replay *r)
{
	enum app_exit end = APP_OK;

	for (uint64_t loop = 0; loop < r->loops; loop++) {
		r->paced = false;
		for (int i = 0; i < r->app->n_words; i++) {
			enum app_exit one = APP_OK;

			if (r->run->counts.packets != r->limit)
				one = play(r, r->app->words[i]);
			end = one != APP_OK ? one : end;
		}
		dryrun_restart(r->run);
		/* A file that cannot be read will not get better. */
		if (end != APP_OK || r->run->counts.packets == r->limit)
			break;
	}
	return end;
}

/* ---- options */

static bool number(const char *text, uint64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' && *n > 0 && text[0] >= '0' &&
	       text[0] <= '9';
}

static bool speed(const char *text, double *times)
{
	char *end;

	*times = 0;
	if (strcmp(text, "max") == 0)
		return true;
	*times = strtod(text, &end);
	return *end == '\0' && strspn(text, "0123456789.") == strlen(text) &&
	       *times >= 0.001 && *times <= 1e6;
}

static bool has_stdin(const struct app *a)
{
	for (int i = 0; i < a->n_words; i++)
		if (strcmp(a->words[i], "-") == 0)
			return true;
	return false;
}

static enum app_exit take_options(struct replay *r, const struct app *a)
{
	r->loops = 1;
	r->limit = UINT64_MAX;
	if (a->n_words == 0)
		return app_usage(a, "replay needs a capture, or - for the "
				 "standard input");
	if (a->speed != NULL && !speed(a->speed, &r->speed))
		return app_usage(a, "--speed is max, or a number from 0.001 "
				 "to 1000000, not \"%s\"", a->speed);
	if (a->loop != NULL && !number(a->loop, &r->loops))
		return app_usage(a, "--loop is a number from 1, not \"%s\"",
				 a->loop);
	if (a->limit != NULL && !number(a->limit, &r->limit))
		return app_usage(a, "--limit is a number from 1, not \"%s\"",
				 a->limit);
	if (r->loops > 1 && has_stdin(a))
		return app_usage(a, "the standard input cannot be read again: "
				 "no --loop");
	return APP_OK;
}

/* What the machine's own file says, unless another is named. */
static enum app_exit open_run(struct replay *r, struct app *a)
{
	static struct conf c;
	struct client_error e = { .code = 0 };
	int error = a->policy != NULL ? conf_try(&c, a->policy, &e.why) :
					conf_load(&c, usual, false, &e.why);
	size_t i;
	json_t *local;

	if (error == 0)
		error = dryrun_open(r->run, &c, &e.why);
	if (error < 0)
		return app_report(a, APP_UNREADABLE, &e);
	json_array_foreach(a->locals, i, local) {
		const char *text = json_string_value(local);

		if (dryrun_local(r->run, text))
			continue;
		dryrun_close(r->run);
		return app_usage(a, "--local is an address such as 10.1.0.5 or "
				 "10.1.0.5/16, not \"%s\"", text);
	}
	dryrun_restart(r->run);
	return APP_OK;
}

static void attend(struct replay *r, const struct app *a)
{
	r->line.file = a->out.file;
	r->line.judge = &r->run->door.policy.judge;
	r->terminal = isatty(STDERR_FILENO) == 1 &&
		      (a->stats || isatty(STDOUT_FILENO) != 1);
	r->run->context = &r->line;
	if (!a->stats)
		r->run->tell = a->json ? line_json : line_text;
}

static enum app_exit finish(struct replay *r, struct app *a,
			    enum app_exit end)
{
	if (a->json)
		summary_json(a->out.file, r->run);
	else
		summary_text(&a->out, r->run);
	if (end == APP_OK && !summary_clean(r->run))
		end = APP_LEAKED;
	if (fflush(a->out.file) == 0 && !ferror(a->out.file))
		return end;
	perror("sallyport: stdout");
	return APP_UNREADABLE;
}

enum app_exit replay_run(struct app *a)
{
	struct replay r = { .app = a };
	enum app_exit end = take_options(&r, a);

	if (end != APP_OK)
		return end;
	r.run = calloc(1, sizeof(*r.run));
	if (r.run == NULL) {
		perror("sallyport");
		return APP_UNREADABLE;
	}
	/* Without a larger buffer it is only slower. */
	(void)!setvbuf(a->out.file, NULL, _IOFBF, OUTPUT);
	log_set_level(LEVEL_ERROR);
	end = open_run(&r, a);
	if (end == APP_OK) {
		attend(&r, a);
		end = finish(&r, a, play_all(&r));
		dryrun_close(r.run);
	}
	free(r.run);
	return end;
}
