/* SPDX-License-Identifier: ISC */
/*
 * What the control socket may ask for, as docs/protocol.md says: a table of
 * methods, their parameters checked, their results as JSON.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon.h"
#include "report.h"
#include "reportleaks.h"

static int fail(struct ctl_error *e, enum ctl_code code, const char *fmt, ...)
	PRINTF(3, 4);

static int fail(struct ctl_error *e, enum ctl_code code, const char *fmt, ...)
{
	va_list ap;

	e->code = code;
	va_start(ap, fmt);
	vsnprintf(e->why.text, sizeof(e->why.text), fmt, ap);
	va_end(ap);
	return -1;
}

static int finish(struct daemon *d, int rc, const char *step, json_t **result,
		  const struct why *why, struct ctl_error *error)
{
	if (rc == 0) {
		*result = report_condition(d);
		return 0;
	}
	snprintf(error->step, sizeof(error->step), "%s", step);
	return fail(error, step[0] == '\0' ? CTL_STATE : CTL_FAILED, "%s",
		    why->text);
}

static int read_on(json_t *params, bool *on, struct ctl_error *error)
{
	json_t *value = json_object_get(params, "on");

	if (!json_is_boolean(value))
		return fail(error, CTL_PARAMS, "on must be true or false");
	*on = json_is_true(value);
	return 0;
}

static int set_switch(struct daemon *d, json_t *params, json_t **result,
		      struct ctl_error *error,
		      int (*change)(struct daemon *d, bool on,
				    const char **step, struct why *why))
{
	const char *step = "";
	struct why why;
	bool on = false;
	int rc;

	if (read_on(params, &on, error) < 0)
		return -1;
	rc = change(d, on, &step, &why);
	return finish(d, rc, step, result, &why, error);
}

static int set_netcheck(struct daemon *d, json_t *params, json_t **result,
			struct ctl_error *error)
{
	return set_switch(d, params, result, error, daemon_set_netcheck);
}

static int set_lockdown(struct daemon *d, json_t *params, json_t **result,
			struct ctl_error *error)
{
	return set_switch(d, params, result, error, daemon_set_lockdown);
}

static int set_lan(struct daemon *d, json_t *params, json_t **result,
		   struct ctl_error *error)
{
	return set_switch(d, params, result, error, daemon_set_lan);
}

static int read_cause(json_t *params, struct tunnel *t,
		      struct ctl_error *error)
{
	json_t *value = json_object_get(params, "cause");

	t->cause = CAUSE_OTHER;
	if (value == NULL)
		return 0;
	if (t->state != TUNNEL_ERROR)
		return fail(error, CTL_PARAMS, "cause goes with error only");
	if (json_is_string(value))
		t->cause = tunnel_cause_parse(json_string_value(value));
	if (!json_is_string(value) || t->cause == CAUSE__N)
		return fail(error, CTL_PARAMS, "cause must be one of set_dns, "
			    "read_dns, start_resolver, set_firewall, offline, "
			    "auth_failed, start_tunnel, tunnel_parameter, other");
	return 0;
}

static int read_relays(json_t *params, struct tunnel *t,
		       struct ctl_error *error)
{
	json_t *list = json_object_get(params, "relays"), *value;
	size_t i;

	if (list == NULL)
		return 0;
	if (!json_is_array(list) || json_array_size(list) > CONF_ENDPOINTS)
		return fail(error, CTL_PARAMS,
			    "relays must be an array of at most %d",
			    CONF_ENDPOINTS);
	t->n_relays = (uint16_t)json_array_size(list);
	json_array_foreach(list, i, value)
		if (!json_is_string(value) ||
		    !endpoint_parse(json_string_value(value), &t->relays[i]))
			return fail(error, CTL_PARAMS, "relays: each must be "
				    "ADDRESS:PORT, with /udp or /tcp behind");
	return 0;
}

static int read_dns(json_t *params, struct tunnel *t, struct ctl_error *error)
{
	json_t *list = json_object_get(params, "dns"), *value;
	size_t i;

	if (list == NULL)
		return 0;
	if (!json_is_array(list) || json_array_size(list) > TUNNEL_DNS)
		return fail(error, CTL_PARAMS,
			    "dns must be an array of at most %d addresses",
			    TUNNEL_DNS);
	t->n_dns = (uint16_t)json_array_size(list);
	json_array_foreach(list, i, value)
		if (!json_is_string(value) ||
		    !ipaddr_parse(json_string_value(value), &t->dns[i]))
			return fail(error, CTL_PARAMS,
				    "dns: each must be an address");
	return 0;
}

static int read_interface(json_t *params, struct tunnel *t,
			  struct ctl_error *error)
{
	json_t *value = json_object_get(params, "interface");

	if (value == NULL)
		return 0;
	if (!json_is_string(value) || !conf_interface(json_string_value(value)))
		return fail(error, CTL_PARAMS,
			    "interface must be the name of one");
	snprintf(t->interface, sizeof(t->interface), "%s",
		 json_string_value(value));
	return 0;
}

/* What a state needs, and what it has no use for. */
static int check_tunnel(const struct tunnel *t, struct ctl_error *error)
{
	bool up = t->state == TUNNEL_CONNECTED;

	if (t->state == TUNNEL_CONNECTING && t->n_relays == 0)
		return fail(error, CTL_PARAMS,
			    "connecting needs at least one of relays");
	if (up && t->interface[0] == '\0')
		return fail(error, CTL_PARAMS, "connected needs interface");
	if (!up && (t->interface[0] != '\0' || t->n_dns > 0))
		return fail(error, CTL_PARAMS,
			    "interface and dns go with connected only");
	if (!up && t->state != TUNNEL_CONNECTING && t->n_relays > 0)
		return fail(error, CTL_PARAMS,
			    "relays go with connecting and connected only");
	return 0;
}

static int read_tunnel(const struct daemon *d, json_t *params,
		       struct tunnel *t, struct ctl_error *error)
{
	json_t *value = json_object_get(params, "state");

	memset(t, 0, sizeof(*t));
	t->told = true;
	t->state = json_is_string(value) ?
		   tunnel_state_parse(json_string_value(value)) : TUNNEL__N;
	if (t->state == TUNNEL__N)
		return fail(error, CTL_PARAMS, "state must be one of "
			    "disconnected, connecting, connected, "
			    "disconnecting, error");
	if (read_cause(params, t, error) < 0 ||
	    read_relays(params, t, error) < 0 ||
	    read_dns(params, t, error) < 0 ||
	    read_interface(params, t, error) < 0 ||
	    check_tunnel(t, error) < 0)
		return -1;
	/* Left out in connected: those of connecting stay. */
	if (t->state == TUNNEL_CONNECTED &&
	    json_object_get(params, "relays") == NULL) {
		t->n_relays = d->tunnel.n_relays;
		memcpy(t->relays, d->tunnel.relays, sizeof(t->relays));
	}
	return 0;
}

static int set_state(struct daemon *d, json_t *params, json_t **result,
		     struct ctl_error *error)
{
	const char *step = "";
	struct tunnel t;
	struct why why;
	int rc;

	if (read_tunnel(d, params, &t, error) < 0)
		return -1;
	rc = daemon_set_state(d, &t, &step, &why);
	return finish(d, rc, step, result, &why, error);
}

static int follow_state(struct daemon *d, json_t *params, json_t **result,
			struct ctl_error *error)
{
	struct why why;
	int rc = follow_resume(d, &why);

	(void)params;
	return finish(d, rc, "", result, &why, error);
}

static int do_reload(struct daemon *d, json_t *params, json_t **result,
		     struct ctl_error *error)
{
	bool changed = false;
	struct why why;

	(void)params;
	if (daemon_reload(d, &changed, &why) < 0) {
		snprintf(error->step, sizeof(error->step), "configuration");
		return fail(error, CTL_FAILED, "%s", why.text);
	}
	*result = json_pack("{s:s,s:b}", "file", d->conf_path, "changed",
			    changed);
	return 0;
}

/* --- the table --- */

enum { PARAMS_MAX = 5 };

/* A method reads, for anyone, or it changes, for root and the admin group. */
static const struct {
	const char *name;
	json_t *(*report)(struct daemon *d);
	int (*change)(struct daemon *d, json_t *params, json_t **result,
		      struct ctl_error *error);
	const char *params[PARAMS_MAX + 1];
} methods[] = {
	{ "status", report_status, NULL, { NULL } },
	{ "allowed", report_allowed, NULL, { NULL } },
	{ "rules", report_rules, NULL, { NULL } },
	{ "leaks", reportleaks, NULL, { NULL } },
	{ "timeline", report_timeline, NULL, { NULL } },
	{ "metrics", report_metrics, NULL, { NULL } },
	{ "config", report_config, NULL, { NULL } },
	{ "netcheck.set", NULL, set_netcheck, { "on" } },
	{ "lockdown.set", NULL, set_lockdown, { "on" } },
	{ "lan.set", NULL, set_lan, { "on" } },
	{ "state.set", NULL, set_state,
	  { "state", "cause", "relays", "interface", "dns" } },
	{ "state.follow", NULL, follow_state, { NULL } },
	{ "reload", NULL, do_reload, { NULL } },
};

static int check_params(const char *const *known, json_t *params,
			struct ctl_error *error)
{
	const char *key;
	json_t *value;

	if (params != NULL && !json_is_object(params))
		return fail(error, CTL_PARAMS, "params must be an object");
	json_object_foreach(params, key, value) {
		unsigned int i = 0;

		while (known[i] != NULL && strcmp(known[i], key) != 0)
			i++;
		if (known[i] == NULL)
			return fail(error, CTL_PARAMS,
				    "no such parameter: %.64s", key);
	}
	return 0;
}

int methods_call(void *context, const char *word, json_t *params, bool admin,
		 json_t **result, struct ctl_error *error)
{
	for (size_t i = 0; i < NITEMS(methods); i++) {
		if (strcmp(methods[i].name, word) != 0)
			continue;
		if (methods[i].change != NULL && !admin)
			return fail(error, CTL_DENIED, "%s is for root and "
				    "members of the admin group", word);
		if (check_params(methods[i].params, params, error) < 0)
			return -1;
		if (methods[i].change != NULL)
			return methods[i].change(context, params, result,
						 error);
		*result = methods[i].report(context);
		return *result != NULL ? 0 :
		       fail(error, CTL_INTERNAL, "no memory");
	}
	return fail(error, CTL_METHOD, "no such method: %.64s", word);
}

/* --- events --- */

void methods_condition(struct daemon *d, const char *event)
{
	json_t *o;

	if (d->ctl == NULL)
		return;
	o = report_condition(d);
	json_object_set_new(o, "event", json_string(event));
	if (strcmp(event, "blocking") == 0)
		json_object_set_new(o, "epoch",
				    json_integer(d->answer.epoch));
	ctl_event(d->ctl, o);
}

void methods_event(struct daemon *d, const char *event, const char *fmt, ...)
{
	va_list ap;
	json_t *o;

	if (d->ctl == NULL || !ctl_heard(d->ctl))
		return;
	va_start(ap, fmt);
	o = json_vpack_ex(NULL, 0, fmt, ap);
	va_end(ap);
	if (o == NULL)
		return;
	json_object_set_new(o, "event", json_string(event));
	ctl_event(d->ctl, o);
}
