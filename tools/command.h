/* SPDX-License-Identifier: ISC */
/*
 * command.h - what `sallyport COMMAND` does
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "app.h"

/* Look. */
enum app_exit show_status(struct app *a);
enum app_exit show_allowed(struct app *a);
enum app_exit show_rules(struct app *a);
enum app_exit leaks_show(struct app *a);
enum app_exit show_metrics(struct app *a);
enum app_exit chart_timeline(struct app *a);
enum app_exit monitor_events(struct app *a);

/* Change; without a word behind it, look. */
enum app_exit change_netcheck(struct app *a);
enum app_exit change_lockdown(struct app *a);
enum app_exit change_lan(struct app *a);
enum app_exit change_state(struct app *a);
enum app_exit change_reload(struct app *a);

/* Without the daemon. */
enum app_exit checkconf_run(struct app *a);
enum app_exit replay_run(struct app *a);
enum app_exit audit_run(struct app *a);

struct print;
/* "leaks: none in 12 min"; hint: and where the rest is told */
void leaks_head(struct print *p, const json_t *ledger, bool hint);
/* Counts and flows, as the method leaks has them. */
void leaks_print(struct print *p, const json_t *leaks);

/* "error (auth_failed)": of status, a result or an event. */
enum { SHOW_STATE = 96 };
const char *show_state(const json_t *condition, char text[static SHOW_STATE]);

#endif /* COMMAND_H */
