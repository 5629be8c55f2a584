/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "command.h"

enum { LINE = 512 };

const char *show_state(const json_t *condition, char text[static SHOW_STATE])
{
	const char *cause = client_text(condition, "cause");

	if (cause[0] == '\0')
		snprintf(text, SHOW_STATE, "%s",
			 client_text(condition, "state"));
	else
		snprintf(text, SHOW_STATE, "%s (%s)",
			 client_text(condition, "state"), cause);
	return text;
}

/* ---- status */

static void row_on(struct print *p, const char *label, const json_t *o,
		   const char *name)
{
	bool on = client_flag(o, name);

	print_row(p, label, on ? PAINT_GOOD : PAINT_PLAIN, on ? "on" : "off");
}

/* A row only if there is something to say. */
static void row_text(struct print *p, const char *label, enum print_paint paint,
		     const char *text)
{
	if (text[0] != '\0')
		print_row(p, label, paint, text);
}

static void row_count(struct print *p, const char *label, const json_t *o,
		      const char *name, enum print_paint paint)
{
	char text[32];

	if (json_object_get(o, name) == NULL)
		return;
	snprintf(text, sizeof(text), "%lld", client_int(o, name));
	print_row(p, label, client_int(o, name) != 0 ? paint : PAINT_PLAIN,
		  text);
}

/* An array of strings. */
static void row_words(struct print *p, const char *label, const json_t *words)
{
	struct print_list l;

	if (json_array_size(words) == 0)
		return;
	print_list_begin(&l, p, label);
	for (size_t i = 0; i < json_array_size(words); i++) {
		const char *w = json_string_value(json_array_get(words, i));

		print_list_item(&l, w != NULL ? w : "");
	}
	print_list_end(&l);
}

/* "wg0, following, last handshake 12 s ago" */
static void row_followed(struct print *p, const json_t *f)
{
	bool on = client_flag(f, "following");
	char text[LINE], ago[64] = "";

	if (f == NULL)
		return;
	if (json_object_get(f, "handshake") != NULL)
		snprintf(ago, sizeof(ago), ", last handshake %.0f s ago",
			 client_number(f, "handshake"));
	else if (client_flag(f, "wireguard"))
		strcpy(ago, ", no handshake yet");
	snprintf(text, sizeof(text), "%s, %s%s%s",
		 client_text(f, "interface"),
		 on ? "following" : "a front-end has the word",
		 on && !client_flag(f, "there") ? ", not there" : "", ago);
	print_row(p, "followed", on ? PAINT_GOOD : PAINT_PLAIN, text);
	row_text(p, "problem", PAINT_BAD, client_text(f, "problem"));
}

static void part_tunnel(struct print *p, const json_t *s)
{
	const json_t *tunnel = json_object_get(s, "tunnel");
	bool error = strcmp(client_text(s, "state"), "error") == 0;
	char state[SHOW_STATE];

	print_head(p, "tunnel", error ? PAINT_BAD : PAINT_PLAIN,
		   show_state(s, state));
	print_row(p, "policy", PAINT_PLAIN, client_text(s, "policy"));
	row_on(p, "network check", s, "netcheck");
	row_on(p, "lockdown", s, "lockdown");
	row_on(p, "local network", s, "lan");
	row_text(p, "interface", PAINT_PLAIN, client_text(tunnel, "interface"));
	row_followed(p, json_object_get(tunnel, "follow"));
	row_words(p, "relays", json_object_get(tunnel, "relays"));
	row_words(p, "tunnel DNS", json_object_get(tunnel, "dns"));
}

static void row_upstreams(struct print *p, const json_t *upstreams)
{
	struct print_list l;

	if (json_array_size(upstreams) == 0)
		return;
	print_list_begin(&l, p, "upstreams");
	for (size_t i = 0; i < json_array_size(upstreams); i++) {
		const json_t *u = json_array_get(upstreams, i);
		const char *interface = client_text(u, "interface");
		char text[LINE];

		snprintf(text, sizeof(text), "%s%s%s",
			 client_text(u, "address"),
			 interface[0] != '\0' ? "%" : "", interface);
		print_list_item(&l, text);
	}
	print_list_end(&l);
}

static void row_hostdns(struct print *p, const json_t *h)
{
	char text[LINE];

	snprintf(text, sizeof(text), "%s (%s)",
		 client_flag(h, "steered") ? "led into sallyport0, untouched" :
		 client_flag(h, "pointed") ? "asks our resolver"
					   : "untouched",
		 client_text(h, "backend"));
	print_row(p, "host DNS", PAINT_PLAIN, text);
}

static void row_sleep(struct print *p, const json_t *w)
{
	const char *problem = client_text(w, "problem");
	char text[LINE];

	if (w == NULL)
		return;
	if (client_flag(w, "asleep"))
		strcpy(text, "shut until the machine wakes");
	else
		snprintf(text, sizeof(text), "%s%s%s",
			 client_flag(w, "waits") ? "shut first" :
			 "seen by the clock alone",
			 problem[0] != '\0' ? "; " : "", problem);
	print_row(p, "sleep", PAINT_PLAIN, text);
}

static void row_portal(struct print *p, const json_t *api)
{
	const char *refused = client_text(api, "refused");
	char text[LINE];

	if (api == NULL)
		return;
	snprintf(text, sizeof(text), "%s%s%s, told by %s",
		 refused[0] != '\0' ? "refused, " : client_text(api, "url"),
		 refused, client_flag(api, "open") ? ", may be asked" : "",
		 client_text(api, "source"));
	print_row(p, "portal api", refused[0] != '\0' ? PAINT_WARN :
		  PAINT_PLAIN, text);
}

static void part_door(struct print *p, const json_t *s)
{
	long long allowed = client_int(s, "allowed");
	bool active = client_flag(s, "active");
	char text[LINE];

	fputc('\n', p->file);
	snprintf(text, sizeof(text), "%lld address%s open, episode %lld",
		 allowed, allowed == 1 ? "" : "es", client_int(s, "epoch"));
	print_head(p, "door", active ? PAINT_GOOD : PAINT_PLAIN,
		   active ? text : "shut");
	if (client_flag(s, "portal_suspected"))
		print_row(p, "portal", PAINT_WARN, "suspected");
	row_portal(p, json_object_get(s, "portal_api"));
	row_words(p, "names", json_object_get(s, "names"));
	row_upstreams(p, json_object_get(s, "upstreams"));
	row_hostdns(p, json_object_get(s, "hostdns"));
	row_sleep(p, json_object_get(s, "wake"));
}

static void part_resolver(struct print *p, const json_t *r)
{
	bool running = client_flag(r, "running");
	const char *problem = client_text(r, "problem");
	char text[LINE];

	fputc('\n', p->file);
	if (json_object_get(r, "pid") != NULL)
		snprintf(text, sizeof(text), "running, pid %lld",
			 client_int(r, "pid"));
	else
		strcpy(text, "running");
	print_head(p, "resolver", problem[0] != '\0' ? PAINT_BAD :
		   running ? PAINT_GOOD : PAINT_PLAIN,
		   running ? text : "not running");
	row_text(p, "datapath", PAINT_PLAIN, client_text(r, "datapath"));
	row_text(p, "no socket", PAINT_WARN, client_text(r, "instead"));
	row_words(p, "listens on", json_object_get(r, "listen"));
	row_words(p, "asks on", json_object_get(r, "links"));
	row_words(p, "by AF_XDP on", json_object_get(r, "xdp"));
	row_text(p, "mode", PAINT_PLAIN, client_text(r, "mode"));
	row_text(p, "other names", PAINT_PLAIN, client_text(r, "refuse"));
	row_count(p, "restarts", r, "restarts", PAINT_WARN);
	row_text(p, "problem", PAINT_BAD, problem);
}

static void part_firewall(struct print *p, const json_t *f)
{
	bool loaded = client_flag(f, "loaded");
	bool verified = client_flag(f, "verified");

	fputc('\n', p->file);
	print_head(p, "firewall", !loaded ? PAINT_PLAIN :
		   verified ? PAINT_GOOD : PAINT_BAD,
		   !loaded ? "no rules" : verified ? "in force" :
		   "the kernel does not hold our rules");
	row_text(p, "mode", PAINT_PLAIN, client_text(f, "mode"));
	row_text(p, "table", PAINT_PLAIN, client_text(f, "table"));
	row_text(p, "door", PAINT_PLAIN, client_text(f, "door"));
	row_text(p, "not hash", PAINT_WARN, client_text(f, "no_hash"));
	row_count(p, "repairs", f, "repairs", PAINT_WARN);
	row_count(p, "rejected", f, "rejected", PAINT_PLAIN);
	row_count(p, "dropped", f, "dropped", PAINT_PLAIN);
}

/* Those that have counted something. */
static void part_counters(struct print *p, json_t *counters)
{
	const char *name;
	json_t *value;
	struct print_list l;
	bool any = false;

	json_object_foreach(counters, name, value) {
		char text[LINE];

		if (json_integer_value(value) == 0)
			continue;
		if (!any) {
			fputc('\n', p->file);
			print_list_begin(&l, p, "counted");
			any = true;
		}
		snprintf(text, sizeof(text), "%s %lld", name,
			 (long long)json_integer_value(value));
		print_list_item(&l, text);
	}
	if (any)
		print_list_end(&l);
}

enum app_exit show_status(struct app *a)
{
	struct print *p = &a->out;
	json_t *s;
	enum app_exit r = app_call(a, "status", NULL, &s);

	if (r != APP_OK)
		return r;
	if (!app_json(a, s)) {
		part_tunnel(p, s);
		part_door(p, s);
		part_resolver(p, json_object_get(s, "resolver"));
		part_firewall(p, json_object_get(s, "firewall"));
		if (json_object_get(s, "ledger") != NULL)
			fputc('\n', p->file);
		leaks_head(p, json_object_get(s, "ledger"), true);
		part_counters(p, json_object_get(s, "counters"));
		if (client_text(s, "problem")[0] != '\0') {
			fputc('\n', p->file);
			print_head(p, "problem", PAINT_BAD,
				   client_text(s, "problem"));
		}
	}
	json_decref(s);
	return APP_OK;
}

/* ---- allowed */

static unsigned int widest(const json_t *rows, const char *name,
			   const char *title)
{
	unsigned int width = print_width(title);

	for (size_t i = 0; i < json_array_size(rows); i++) {
		unsigned int n = print_width(client_text(
				json_array_get(rows, i), name));

		if (n > width)
			width = n;
	}
	return width;
}

static void table_allowed(struct print *p, const json_t *rows)
{
	unsigned int address = widest(rows, "address", "ADDRESS");
	unsigned int name = widest(rows, "name", "NAME");

	print_padded(p, address + 2, "ADDRESS");
	print_padded(p, name + 2, "NAME");
	fputs("  LEFT    OPENED\n", p->file);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);

		print_padded(p, address + 2, client_text(row, "address"));
		print_padded(p, name + 2, client_text(row, "name"));
		fprintf(p->file, "%4lld s  %+6.2f s\n",
			client_int(row, "seconds_left"),
			client_number(row, "opened_at_ms") / 1000);
	}
}

enum app_exit show_allowed(struct app *a)
{
	json_t *rows;
	enum app_exit r = app_call(a, "allowed", NULL, &rows);

	if (r != APP_OK)
		return r;
	if (!app_json(a, rows)) {
		if (json_array_size(rows) == 0)
			fputs("nothing is open\n", a->out.file);
		else
			table_allowed(&a->out, rows);
	}
	json_decref(rows);
	return APP_OK;
}

/* ---- texts */

static enum app_exit show_document(struct app *a, const char *method,
				   const char *if_empty)
{
	json_t *result;
	enum app_exit r = app_call(a, method, NULL, &result);

	if (r != APP_OK)
		return r;
	if (!app_json(a, result)) {
		const char *text = client_text(result, "text");

		if (text[0] == '\0')
			text = if_empty;
		print_lines(a->out.file, text);
		if (text[strlen(text) - 1] != '\n')
			fputc('\n', a->out.file);
	}
	json_decref(result);
	return APP_OK;
}

enum app_exit show_rules(struct app *a)
{
	return show_document(a, "rules", "no rules are loaded\n");
}

enum app_exit show_metrics(struct app *a)
{
	return show_document(a, "metrics", "# EOF\n");
}
