/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"

enum { LINE = 1024 };

static void say_condition(const json_t *e, char *text)
{
	char state[SHOW_STATE];

	snprintf(text, LINE, "%s, policy: %s", show_state(e, state),
		 client_text(e, "policy"));
}

static void say_switch(const json_t *e, char *text)
{
	snprintf(text, LINE, "%s, policy: %s",
		 client_flag(e, client_text(e, "event")) ? "on" : "off",
		 client_text(e, "policy"));
}

static void say_blocking(const json_t *e, char *text)
{
	snprintf(text, LINE, "%s, door %s",
		 client_flag(e, "blocking") ? "yes" : "no",
		 client_flag(e, "active") ? "may open" : "shut");
}

static void say_allowed(const json_t *e, char *text)
{
	snprintf(text, LINE, "%s for %lld s (%s)", client_text(e, "address"),
		 client_int(e, "seconds"), client_text(e, "name"));
}

static void say_closed(const json_t *e, char *text)
{
	snprintf(text, LINE, "%lld address%s (%s)", client_int(e, "count"),
		 client_int(e, "count") == 1 ? "" : "es",
		 client_text(e, "reason"));
}

static void say_resolver(const json_t *e, char *text)
{
	const char *problem = client_text(e, "problem");

	snprintf(text, LINE, "%s, restarts: %lld%s%s",
		 client_flag(e, "running") ? "running" : "not running",
		 client_int(e, "restarts"), problem[0] != '\0' ? "; " : "",
		 problem);
}

static void say_datapath(const json_t *e, char *text)
{
	snprintf(text, LINE, "%s: %s", client_text(e, "datapath"),
		 client_text(e, "instead"));
}

static void say_steering(const json_t *e, char *text)
{
	snprintf(text, LINE, "put right, repairs: %lld",
		 client_int(e, "repairs"));
}

static void say_firewall(const json_t *e, char *text)
{
	const char *problem = client_text(e, "problem");

	snprintf(text, LINE, "%s, repairs: %lld%s%s",
		 client_flag(e, "loaded") ? client_text(e, "policy")
					  : "no rules",
		 client_int(e, "repairs"), problem[0] != '\0' ? "; " : "",
		 problem);
}

static void say_problem(const json_t *e, char *text)
{
	const char *step = client_text(e, "step");

	snprintf(text, LINE, "%s%s%s", step, step[0] != '\0' ? ": " : "",
		 client_text(e, "message"));
}

static void say_portal(const json_t *e, char *text)
{
	const char *uri = client_text(e, "uri");

	if (uri[0] != '\0')
		snprintf(text, LINE, "suspected: the check of %s is "
			 "redirected", uri);
	else
		snprintf(text, LINE, "suspected: %s is %s",
			 client_text(e, "name"), client_text(e, "address"));
}

static void say_portal_api(const json_t *e, char *text)
{
	const char *refused = client_text(e, "refused");

	snprintf(text, LINE, "%s%s%s, told by %s",
		 refused[0] != '\0' ? "refused, " : client_text(e, "url"),
		 refused, client_flag(e, "open") ? ", may be asked" : "",
		 client_text(e, "source"));
}

static void say_leak(const json_t *e, char *text)
{
	const char *process = client_text(e, "process");

	snprintf(text, LINE, "%s on %s%s%s", client_text(e, "text"),
		 client_text(e, "interface"), process[0] != '\0' ? ", " : "",
		 process);
}

static void say_wake(const json_t *e, char *text)
{
	snprintf(text, LINE, "after %.1f s of sleep",
		 client_number(e, "slept"));
}

static void say_nm(const json_t *e, char *text)
{
	snprintf(text, LINE, "connectivity %s, state %s",
		 client_text(e, "connectivity"), client_text(e, "state"));
}

static void say_sleep(const json_t *e, char *text)
{
	(void)e;
	snprintf(text, LINE, "the block is in place, the door shut");
}

static const struct {
	const char *name;
	void (*say)(const json_t *e, char *text);
	enum print_paint paint;
} events[] = {
	{ "state", say_condition, PAINT_HEAD },
	{ "netcheck", say_switch, PAINT_HEAD },
	{ "lockdown", say_switch, PAINT_HEAD },
	{ "lan", say_switch, PAINT_HEAD },
	{ "blocking", say_blocking, PAINT_HEAD },
	{ "allowed", say_allowed, PAINT_GOOD },
	{ "closed", say_closed, PAINT_PLAIN },
	{ "resolver", say_resolver, PAINT_WARN },
	{ "datapath", say_datapath, PAINT_WARN },
	{ "steering", say_steering, PAINT_WARN },
	{ "firewall", say_firewall, PAINT_WARN },
	{ "problem", say_problem, PAINT_BAD },
	{ "portal", say_portal, PAINT_WARN },
	{ "portal_api", say_portal_api, PAINT_WARN },
	{ "leak", say_leak, PAINT_BAD },
	{ "ledger", say_resolver, PAINT_WARN },
	{ "sleep", say_sleep, PAINT_PLAIN },
	{ "wake", say_wake, PAINT_HEAD },
	{ "nm", say_nm, PAINT_HEAD },
};

/* Of an event that this version does not know. */
static void say_members(json_t *e, char *text)
{
	json_t *rest = json_copy(e);
	char *json;

	json_object_del(rest, "event");
	json_object_del(rest, "time_ms");
	json = json_dumps(rest, JSON_COMPACT);
	snprintf(text, LINE, "%s", json != NULL ? json : "");
	free(json);
	json_decref(rest);
}

static enum print_paint say(json_t *e, char *text)
{
	const char *name = client_text(e, "event");

	for (size_t i = 0; i < NITEMS(events); i++)
		if (strcmp(events[i].name, name) == 0) {
			events[i].say(e, text);
			return events[i].paint;
		}
	say_members(e, text);
	return PAINT_PLAIN;
}

/* HH:MM:SS.mmm, local time. */
static void print_time(FILE *file, long long ms)
{
	time_t at = ms > 0 && ms < 100000000000000LL ? (time_t)(ms / 1000) : 0;
	struct tm local;
	char when[16];

	localtime_r(&at, &local);
	strftime(when, sizeof(when), "%H:%M:%S", &local);
	fprintf(file, "%s.%03d  ", when, at != 0 ? (int)(ms % 1000) : 0);
}

static void show(struct app *a, json_t *e)
{
	struct print *p = &a->out;
	enum print_paint paint;
	char text[LINE];

	if (!app_json(a, e)) {
		paint = say(e, text);
		print_time(p->file, client_int(e, "time_ms"));
		print_padded(p, 8, client_text(e, "event"));
		fputs("  ", p->file);
		print_painted(p, paint, text);
		fputc('\n', p->file);
	}
	fflush(p->file);
}

enum app_exit monitor_events(struct app *a)
{
	struct client_error e = { .code = 0 };
	json_t *event;
	enum app_exit r = app_call(a, "subscribe", NULL, &event);

	if (r != APP_OK)
		return r;
	json_decref(event);
	while (client_event(&a->client, &event, &e) == CLIENT_OK) {
		show(a, event);
		json_decref(event);
		if (ferror(a->out.file))
			return APP_FAILED;
	}
	return app_report(a, APP_UNREACHABLE, &e);
}
