/* SPDX-License-Identifier: ISC */
/*
 * cliserver.h - sallyport against a daemon with canned answers, for tests
 *
 * The daemon answers from cli/SET.json: method -> result, or error. What the
 * program is to show lies beside it.
 */
#ifndef CLISERVER_H
#define CLISERVER_H

#include <libgen.h>

#include "ctlserver.h"

enum { WORDS = 12, OUTPUT = 1 << 16 };

static const char *set;		/* of canned answers */

/* ---- the daemon */

static inline const char *beside(const char *name, char path[static 512])
{
	char here[256];

	snprintf(here, sizeof(here), "%s", __FILE__);
	snprintf(path, 512, "%s/cli/%s", dirname(here), name);
	return path;
}

static inline json_t *canned(const char *method)
{
	char name[64], path[512];
	json_t *all, *one;

	snprintf(name, sizeof(name), "%s.json", set);
	all = json_load_file(beside(name, path), JSON_REJECT_DUPLICATES, NULL);
	if (all == NULL)
		abort();
	one = json_incref(json_object_get(all, method));
	json_decref(all);
	return one;
}

static inline int refuse(json_t *error, struct ctl_error *e)
{
	const char *step = json_string_value(json_object_get(error, "step"));

	e->code = (enum ctl_code)json_integer_value(
		json_object_get(error, "code"));
	snprintf(e->step, sizeof(e->step), "%s", step != NULL ? step : "");
	return why_set(&e->why, -1, "%s", json_string_value(
			json_object_get(error, "message")));
}

/* "hello" and "bang" are for the monitor: one event, all events. */
static inline json_t *send_events(const char *method)
{
	json_t *events = strcmp(method, "bang") == 0 ? canned("events") :
			 json_pack("[{s:s}]", "event", "hello");

	for (size_t i = 0; i < json_array_size(events); i++)
		ctl_event(server.ctl, json_incref(json_array_get(events, i)));
	json_decref(events);
	return json_true();
}

static inline int call(void *context, const char *method, json_t *params, bool admin,
		json_t **result, struct ctl_error *error)
{
	json_t *refusal;
	int failure;

	(void)context, (void)admin;
	if (strcmp(method, "hello") == 0 || strcmp(method, "bang") == 0) {
		*result = send_events(method);
		return 0;
	}
	*result = canned(method);
	if (*result == NULL && strcmp(method, "state.set") == 0)
		*result = json_incref(params);	/* is shown as it was sent */
	refusal = json_object_get(*result, "error");
	if (refusal == NULL)
		return 0;
	failure = refuse(refusal, error);
	json_decref(*result);
	*result = NULL;
	return failure;
}

static inline void with(const char *name)
{
	set = name;
	server_start(call, 0);
}

/* ---- the program */

static inline const char *program(char path[static 512])
{
	char self[400];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	cr_assert_gt(n, 0);
	self[n] = '\0';
	snprintf(path, 512, "%s/sallyport", dirname(self));
	return path;
}

/* In the child: does not return. */
static NORETURN void become(const char *socket, const char *const words[])
{
	char path[512];
	const char *argv[WORDS + 4] = { "sallyport", "--socket", socket };

	for (size_t i = 0; i < WORDS && words[i] != NULL; i++)
		argv[3 + i] = words[i];
	setenv("TZ", "UTC", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	/* What ends at once: to look for leaks takes ten times as long. */
	setenv("LSAN_OPTIONS", "detect_leaks=0", 1);
	execv(program(path), (char *const *)argv);
	_exit(126);
}

static inline const char *wanted(const char *name, char text[static OUTPUT])
{
	char path[512];
	FILE *file = fopen(beside(name, path), "r");
	size_t n;

	cr_assert_not_null(file, "%s: %s", path, strerror(errno));
	n = fread(text, 1, OUTPUT - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

#endif /* CLISERVER_H */
