/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "tunnel.h"

/* ---- switches */

static void say_switch(struct app *a, const char *title, const json_t *s,
		       const char *name)
{
	bool on = client_flag(s, name);

	fprintf(a->out.file, "%s: ", title);
	print_painted(&a->out, on ? PAINT_GOOD : PAINT_PLAIN,
		      on ? "on" : "off");
	fputs(", policy: ", a->out.file);
	print_text(a->out.file, client_text(s, "policy"));
	fputc('\n', a->out.file);
}

/* The member alone, under --json. */
static void show_switch(struct app *a, const char *title, const json_t *s,
			const char *name)
{
	json_t *one = json_pack("{s:b}", name, client_flag(s, name));

	if (!app_json(a, one))
		say_switch(a, title, s, name);
	json_decref(one);
}

static enum app_exit change_switch(struct app *a, const char *title,
				   const char *name, const char *method)
{
	const char *word = a->n_words > 0 ? a->words[0] : NULL;
	json_t *params = NULL, *result;
	enum app_exit r;

	if (word != NULL) {
		bool on = strcmp(word, "on") == 0;

		if (!on && strcmp(word, "off") != 0)
			return app_usage(a, "%s is on or off, not \"%s\"", name,
					 word);
		params = json_pack("{s:b}", "on", on);
	}
	r = app_call(a, word != NULL ? method : "status", params, &result);
	if (r != APP_OK)
		return r;
	if (word == NULL)
		show_switch(a, title, result, name);
	else if (!app_json(a, result))
		say_switch(a, title, result, name);
	json_decref(result);
	return APP_OK;
}

enum app_exit change_netcheck(struct app *a)
{
	return change_switch(a, "network check", "netcheck", "netcheck.set");
}

enum app_exit change_lockdown(struct app *a)
{
	return change_switch(a, "lockdown", "lockdown", "lockdown.set");
}

enum app_exit change_lan(struct app *a)
{
	return change_switch(a, "local network", "lan", "lan.set");
}

/* ---- state */

/* "a, b, c or d" */
static const char *words_of(unsigned int n, const char *(*name)(unsigned int),
			    char text[static 256])
{
	size_t have = 0;

	for (unsigned int i = 0; i < n; i++)
		have += (size_t)snprintf(text + have, 256 - have, "%s%s",
					 i == 0 ? "" :
					 i + 1 == n ? " or " : ", ", name(i));
	return text;
}

static const char *state_name(unsigned int i)
{
	return tunnel_state_name((enum tunnel_state)i);
}

static const char *cause_name(unsigned int i)
{
	return tunnel_cause_name((enum tunnel_cause)i);
}

static enum app_exit check_words(struct app *a)
{
	enum tunnel_state state = tunnel_state_parse(a->words[0]);
	char text[256];

	if (state == TUNNEL__N)
		return app_usage(a, "\"%s\" is no state; states are %s; or "
				 "follow", a->words[0],
				 words_of(TUNNEL__N, state_name, text));
	if (a->n_words == 1)
		return APP_OK;
	if (state != TUNNEL_ERROR)
		return app_usage(a, "only the state error has a cause");
	if (tunnel_cause_parse(a->words[1]) == CAUSE__N)
		return app_usage(a, "\"%s\" is no cause; causes are %s",
				 a->words[1],
				 words_of(CAUSE__N, cause_name, text));
	return APP_OK;
}

static enum app_exit check_options(struct app *a)
{
	struct endpoint e;
	struct ipaddr addr;

	for (size_t i = 0; i < json_array_size(a->relays); i++) {
		const char *text =
			json_string_value(json_array_get(a->relays, i));

		if (!endpoint_parse(text, &e))
			return app_usage(a, "--relay is ADDRESS:PORT, and /udp "
					 "or /tcp behind it, not \"%s\"", text);
	}
	for (size_t i = 0; i < json_array_size(a->dns); i++) {
		const char *text = json_string_value(json_array_get(a->dns, i));

		if (!ipaddr_parse(text, &addr))
			return app_usage(a, "--dns is an address, not \"%s\"",
					 text);
	}
	return APP_OK;
}

static bool options_given(const struct app *a)
{
	return a->relays != NULL || a->dns != NULL || a->interface != NULL;
}

static enum app_exit show_own_state(struct app *a)
{
	char text[SHOW_STATE];
	json_t *s;
	enum app_exit r;

	if (options_given(a))
		return app_usage(a, "--relay, --interface and --dns belong to "
				 "a state to be set");
	r = app_call(a, "status", NULL, &s);
	if (r != APP_OK)
		return r;
	if (a->json) {
		json_t *one = json_pack("{s:s, s:O*}", "state",
					client_text(s, "state"), "cause",
					json_object_get(s, "cause"));

		app_json(a, one);
		json_decref(one);
	} else {
		print_text(a->out.file, show_state(s, text));
		fputc('\n', a->out.file);
	}
	json_decref(s);
	return APP_OK;
}

static enum app_exit call_state(struct app *a, const char *method,
				json_t *params)
{
	char text[SHOW_STATE];
	json_t *result;
	enum app_exit r = app_call(a, method, params, &result);

	if (r != APP_OK)
		return r;
	if (!app_json(a, result)) {
		print_text(a->out.file, show_state(result, text));
		fputs(", policy: ", a->out.file);
		print_text(a->out.file, client_text(result, "policy"));
		fputc('\n', a->out.file);
	}
	json_decref(result);
	return APP_OK;
}

/* No state, but whose word it is. */
static enum app_exit follow(struct app *a)
{
	if (a->n_words > 1 || options_given(a))
		return app_usage(a, "follow takes nothing more");
	return call_state(a, "state.follow", NULL);
}

enum app_exit change_state(struct app *a)
{
	json_t *params;
	enum app_exit r;

	if (a->n_words == 0)
		return show_own_state(a);
	if (strcmp(a->words[0], "follow") == 0)
		return follow(a);
	r = check_words(a);
	if (r == APP_OK)
		r = check_options(a);
	if (r != APP_OK)
		return r;
	params = json_pack("{s:s, s:s*, s:O*, s:s*, s:O*}",
			   "state", a->words[0],
			   "cause", a->n_words > 1 ? a->words[1] : NULL,
			   "relays", a->relays, "interface", a->interface,
			   "dns", a->dns);
	if (params == NULL)
		return app_usage(a, "the interface's name is not UTF-8");
	return call_state(a, "state.set", params);
}

/* ---- configuration */

enum app_exit change_reload(struct app *a)
{
	json_t *result;
	enum app_exit r = app_call(a, "reload", NULL, &result);

	if (r != APP_OK)
		return r;
	if (!app_json(a, result)) {
		print_text(a->out.file, client_text(result, "file"));
		fprintf(a->out.file, ": %s\n",
			client_flag(result, "changed") ? "in force"
						       : "nothing has changed");
	}
	json_decref(result);
	return APP_OK;
}
