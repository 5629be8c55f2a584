/* SPDX-License-Identifier: ISC */
/*
 * app.h - one run of sallyport: its options, and how a command ends
 *
 * A command gets the words behind its name in words[], prints to out, and
 * returns the exit code.
 */
#ifndef APP_H
#define APP_H

#include <jansson.h>
#include <stdbool.h>

#include "client.h"
#include "compat.h"
#include "print.h"

enum app_exit {
	APP_OK,
	APP_FAILED,		/* the daemon refused or failed; bad file */
	APP_USAGE,
	APP_UNREACHABLE,
	/* of replay */
	APP_LEAKED = 1,
	APP_UNREADABLE = 2,
	/* ... and of audit; here: nothing can be said */
	APP_UNSURE = 2,
};

struct app {
	const char *socket;
	bool json, no_color;
	bool all;		/* timeline --all */
	/* state */
	json_t *relays, *dns;	/* arrays, or NULL */
	const char *interface;	/* or NULL */
	/* audit */
	const char *seconds;	/* or NULL */
	json_t *allowed, *interfaces;	/* arrays, or NULL */
	/* replay; each may be NULL */
	const char *policy, *bpf, *speed, *loop, *limit;
	json_t *locals;		/* array */
	bool stats;

	const char *command;
	int n_words;
	char **words;
	struct print out;
	struct client client;
};

/* One method. What goes wrong is reported already. */
NODISCARD enum app_exit app_call(struct app *a, const char *method,
				 json_t *params, json_t **result);

/* For people on stderr; with --json also {"error": e} on stdout. */
enum app_exit app_report(struct app *a, enum app_exit code,
			 const struct client_error *e);

/* A usage error: the sentence, and where help is. */
enum app_exit app_usage(const struct app *a, const char *fmt, ...) PRINTF(2, 3);

/* With --json: value on one line, and true. */
bool app_json(struct app *a, const json_t *value);

#endif /* APP_H */
