/* SPDX-License-Identifier: ISC */
/*
 * What the control socket may ask for, as docs/protocol.md says: a table of
 * methods, their parameters checked, their results as JSON.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "daemon.h"

/* --- small parts --- */

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

static json_t *address(const struct ipaddr *a)
{
	char text[IPADDR_TEXT];

	return json_string(ipaddr_text(a, text));
}

static json_t *name(const uint8_t *wire, size_t len, bool suffix)
{
	char text[DNSNAME_TEXT];

	dnsname_to_text(wire, len, text);
	return json_sprintf("%s%s", suffix ? "*." : "", text);
}

static double ms(uint64_t from, uint64_t to)
{
	return to < from ? 0 : (double)((to - from) / 1000) / 1000;
}

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static uint64_t counter(const struct daemon *d, unsigned int i)
{
	uint64_t n = d->counters[i];

	if (d->running)
		n += atomic_load_explicit(
			&d->child.arena.datapath->counters.n[i],
			memory_order_relaxed);
	return n;
}

/* --- condition and status --- */

static void put_condition(const struct daemon *d, json_t *o)
{
	struct fw_ruleset r;

	daemon_ruleset(d, &r);
	set(o, "netcheck", json_boolean(d->settings.netcheck));
	set(o, "lockdown", json_boolean(d->settings.lockdown));
	set(o, "lan", json_boolean(d->settings.lan));
	set(o, "state", json_string(tunnel_state_name(d->tunnel.state)));
	if (d->tunnel.state == TUNNEL_ERROR)
		set(o, "cause",
		    json_string(tunnel_cause_name(d->tunnel.cause)));
	set(o, "blocking", json_boolean(daemon_blocking(d)));
	set(o, "active", json_boolean(d->active));
	set(o, "policy", json_string(fw_policy_name(r.policy)));
}

static json_t *condition(const struct daemon *d)
{
	json_t *o = json_object();

	put_condition(d, o);
	return o;
}

static json_t *firewall(const struct daemon *d)
{
	static const char *const mode[] = {
		[FWMODE_OWN] = "own", [FWMODE_GUEST] = "guest",
		[FWMODE_MEMORY] = "memory",
	};

	return json_pack("{s:s,s:s,s:b,s:b,s:I}",
			 "mode", mode[d->conf.firewall.mode],
			 "table", d->conf.firewall.table,
			 "loaded", d->loaded &&
				   d->ruleset.policy != FW_NONE,
			 "verified", d->verified,
			 "repairs", (json_int_t)d->answer.repaired);
}

static json_t *listening(const struct daemon *d)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < d->conf.n_listen; i++) {
		struct endpoint e = { .addr = d->conf.listen[i],
				      .port = d->conf.port };
		char text[ENDPOINT_TEXT];

		endpoint_text(&e, text);
		text[strcspn(text, "/")] = '\0';
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static json_t *resolver(const struct daemon *d)
{
	static const char *const mode[] = {
		[MODE_FORWARD] = "forward", [MODE_SPOOF] = "spoof",
	};
	static const char *const refuse[] = {
		[REFUSE_EMPTY] = "empty", [REFUSE_IGNORE] = "ignore",
		[REFUSE_REFUSED] = "refused", [REFUSE_NXDOMAIN] = "nxdomain",
	};
	json_t *o = json_pack("{s:b,s:o,s:i,s:s,s:s}", "running", d->running,
			      "listen", listening(d),
			      "restarts", (int)d->restarts,
			      "mode", mode[d->conf.mode],
			      "refuse", refuse[d->conf.refuse]);

	if (d->running)
		set(o, "pid", json_integer(d->child.pid));
	if (d->resolver_problem.text[0] != '\0')
		set(o, "problem", json_string(d->resolver_problem.text));
	return o;
}

static json_t *upstreams(const struct daemon *d)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < d->servers.n; i++)
		json_array_append_new(list, json_pack("{s:o,s:s}",
			"address", address(&d->servers.server[i].addr),
			"interface", d->servers.server[i].ifname));
	return list;
}

static json_t *names(const struct daemon *d)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < d->conf.n_names; i++)
		json_array_append_new(list, name(d->conf.names[i].wire,
						 d->conf.names[i].len,
						 d->conf.names[i].suffix));
	return list;
}

static json_t *tunnel(const struct daemon *d)
{
	const struct tunnel *t = &d->tunnel;
	json_t *relays = json_array(), *dns = json_array();
	char text[ENDPOINT_TEXT];

	for (unsigned int i = 0; i < t->n_relays; i++)
		json_array_append_new(relays,
			json_string(endpoint_text(&t->relays[i], text)));
	for (unsigned int i = 0; i < t->n_dns; i++)
		json_array_append_new(dns, address(&t->dns[i]));
	return json_pack("{s:s,s:o,s:o}", "interface", t->interface, "relays",
			 relays, "dns", dns);
}

/* Control's own, beside those of the datapath. */
struct own_counter {
	const char *name;
	uint64_t n;
};

enum { OWN_COUNTERS = 6 };

static void own_counters(const struct daemon *d,
			 struct own_counter out[static OWN_COUNTERS])
{
	const struct answer *a = &d->answer;
	const struct own_counter all[OWN_COUNTERS] = {
		{ "door_opened", a->opened }, { "door_renewed", a->renewed },
		{ "door_refused", a->refused },
		{ "door_rolled_back", a->rolled_back },
		{ "firewall_repairs", a->repaired },
		{ "datapath_restarts", d->restarts },
	};

	memcpy(out, all, sizeof(all));
}

static json_t *counters(const struct daemon *d)
{
	struct own_counter own[OWN_COUNTERS];
	json_t *o = json_object();

	for (unsigned int i = 0; i < COUNT__N; i++)
		set(o, counters_name(i), json_integer((json_int_t)counter(d, i)));
	own_counters(d, own);
	for (unsigned int i = 0; i < OWN_COUNTERS; i++)
		set(o, own[i].name, json_integer((json_int_t)own[i].n));
	return o;
}

static json_t *status(const struct daemon *d)
{
	json_t *o = condition(d);

	set(o, "version", json_string(SALLYPORT_VERSION));
	set(o, "pid", json_integer(getpid()));
	set(o, "epoch", json_integer(d->answer.epoch));
	set(o, "firewall", firewall(d));
	set(o, "resolver", resolver(d));
	set(o, "hostdns", json_pack("{s:s,s:b}", "backend",
		d->hostdns->ops->name, "pointed",
		d->hostdns->ops->pointed(d->hostdns)));
	set(o, "upstreams", upstreams(d));
	set(o, "names", names(d));
	set(o, "allowed", json_integer(d->answer.allowed.n));
	set(o, "portal_suspected", json_boolean(d->portal));
	set(o, "tunnel", tunnel(d));
	set(o, "counters", counters(d));
	if (d->problem.text[0] != '\0')
		set(o, "problem", json_string(d->problem.text));
	return o;
}

/* --- reading methods --- */

typedef int method(struct daemon *d, json_t *params, json_t **result,
		   struct ctl_error *error);

static method get_status, get_allowed, get_rules, get_timeline, get_metrics,
	get_config, set_netcheck, set_lockdown, set_lan, set_state, do_reload;

static int get_status(struct daemon *d, json_t *params, json_t **result,
		      struct ctl_error *error)
{
	(void)params;
	(void)error;
	*result = status(d);
	return 0;
}

static int get_allowed(struct daemon *d, json_t *params, json_t **result,
		       struct ctl_error *error)
{
	const struct episode *e = timeline_last(&d->timeline);
	uint64_t now = clock_boot();

	(void)params;
	(void)error;
	answer_expire(&d->answer);
	*result = json_array();
	for (unsigned int i = 0; i < d->answer.allowed.n; i++) {
		const struct allowed_entry *a = &d->answer.allowed.entry[i];

		json_array_append_new(*result, json_pack("{s:o,s:o,s:I,s:f}",
			"address", address(&a->addr),
			"name", name(a->name, a->name_len, false),
			"seconds_left",
			(json_int_t)((a->expiry - now) / CLOCK_S),
			"opened_at_ms",
			e == NULL ? 0.0 : ms(e->start, a->opened)));
	}
	return 0;
}

static int get_rules(struct daemon *d, json_t *params, json_t **result,
		     struct ctl_error *error)
{
	bool own = d->conf.firewall.mode != FWMODE_GUEST;
	char text[FW_TEXT] = "";

	(void)params;
	(void)error;
	if (own && d->loaded && d->ruleset.policy != FW_NONE)
		fw_nft_text(&d->ruleset, d->conf.firewall.table, text);
	*result = json_pack("{s:s,s:s}", "policy",
			    fw_policy_name(d->ruleset.policy), "text", text);
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const uint64_t x = **(const uint64_t *const *)a;
	const uint64_t y = **(const uint64_t *const *)b;

	return (x > y) - (x < y);
}

/* What happened, in order of time; the names' own order decides ties. */
static json_t *events(const struct episode *e)
{
	const uint64_t *at[TIMELINE__N];
	json_t *list = json_array();
	unsigned int n = 0;

	for (unsigned int i = 0; i < TIMELINE__N; i++)
		if (e->at[i] != 0)
			at[n++] = &e->at[i];
	qsort(at, n, sizeof(at[0]), by_time);
	for (unsigned int i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:s,s:f}",
			"name", timeline_name((unsigned int)(at[i] - e->at)),
			"ms", ms(e->start, *at[i])));
	return list;
}

static json_t *episodes(const struct daemon *d)
{
	const struct episode *e;
	json_t *list = json_array();

	for (unsigned int i = 0; (e = timeline_get(&d->timeline, i)) != NULL;
	     i++)
		json_array_append_new(list, json_pack("{s:I,s:f,s:s,s:o}",
			"epoch", (json_int_t)e->epoch,
			"started", (double)e->wall / 1e9,
			"reason", e->reason, "events", events(e)));
	return list;
}

static json_t *summary(const struct daemon *d)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < TIMELINE__N; i++) {
		struct timeline_summary s;

		timeline_sum(&d->timeline, i, &s);
		if (s.n > 0)
			json_array_append_new(list, json_pack(
				"{s:s,s:i,s:f,s:f}", "name", timeline_name(i),
				"n", (int)s.n, "p50", s.p50, "p99", s.p99));
	}
	return list;
}

static int get_timeline(struct daemon *d, json_t *params, json_t **result,
			struct ctl_error *error)
{
	(void)params;
	(void)error;
	netcheck_marks(d);
	*result = json_pack("{s:o,s:o}", "episodes", episodes(d), "summary",
			    summary(d));
	return 0;
}

static void write_gauges(const struct daemon *d, FILE *f)
{
	const struct { const char *name; unsigned int n; } gauges[] = {
		{ "blocking", daemon_blocking(d) }, { "active", d->active },
		{ "allowed_addresses", d->answer.allowed.n },
		{ "firewall_verified", d->verified },
		{ "resolver_running", d->running },
	};

	for (size_t i = 0; i < NITEMS(gauges); i++)
		fprintf(f, "# TYPE sallyport_%s gauge\nsallyport_%s %u\n",
			gauges[i].name, gauges[i].name, gauges[i].n);
}

static void write_counter(FILE *f, const char *word, uint64_t n)
{
	fprintf(f, "# TYPE sallyport_%s counter\n"
		"sallyport_%s_total %" PRIu64 "\n", word, word, n);
}

static void write_metrics(const struct daemon *d, FILE *f)
{
	struct own_counter own[OWN_COUNTERS];

	write_gauges(d, f);
	for (unsigned int i = 0; i < COUNT__N; i++)
		write_counter(f, counters_name(i), counter(d, i));
	own_counters(d, own);
	for (unsigned int i = 0; i < OWN_COUNTERS; i++)
		write_counter(f, own[i].name, own[i].n);
	fputs("# EOF\n", f);
}

/* The text that write() prints, as one member of an object. */
static int get_text(json_t **result, struct ctl_error *error,
		    const struct daemon *d, const char *file,
		    void (*print)(const struct daemon *d, FILE *f))
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return fail(error, CTL_INTERNAL, "no memory");
	print(d, f);
	fclose(f);
	*result = json_pack("{s:s}", "text", text);
	if (file != NULL)
		set(*result, "file", json_string(file));
	free(text);
	return 0;
}

static int get_metrics(struct daemon *d, json_t *params, json_t **result,
		       struct ctl_error *error)
{
	(void)params;
	return get_text(result, error, d, NULL, write_metrics);
}

static void write_config(const struct daemon *d, FILE *f)
{
	conf_print(&d->conf, f);
}

static int get_config(struct daemon *d, json_t *params, json_t **result,
		      struct ctl_error *error)
{
	(void)params;
	return get_text(result, error, d, d->conf_path, write_config);
}

/* --- changing methods --- */

static int finish(struct daemon *d, int rc, const char *step, json_t **result,
		  const struct why *why, struct ctl_error *error)
{
	if (rc == 0) {
		*result = condition(d);
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

	if (read_on(params, &on, error) < 0)
		return -1;
	return finish(d, change(d, on, &step, &why), step, result, &why,
		      error);
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

	if (read_tunnel(d, params, &t, error) < 0)
		return -1;
	return finish(d, daemon_set_state(d, &t, &step, &why), step, result,
		      &why, error);
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

static const struct {
	const char *name;
	bool changes;		/* for root and the admin group */
	method *run;
	const char *params[PARAMS_MAX + 1];
} methods[] = {
	{ "status", false, get_status, { NULL } },
	{ "allowed", false, get_allowed, { NULL } },
	{ "rules", false, get_rules, { NULL } },
	{ "timeline", false, get_timeline, { NULL } },
	{ "metrics", false, get_metrics, { NULL } },
	{ "config", false, get_config, { NULL } },
	{ "netcheck.set", true, set_netcheck, { "on" } },
	{ "lockdown.set", true, set_lockdown, { "on" } },
	{ "lan.set", true, set_lan, { "on" } },
	{ "state.set", true, set_state,
	  { "state", "cause", "relays", "interface", "dns" } },
	{ "reload", true, do_reload, { NULL } },
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
		if (methods[i].changes && !admin)
			return fail(error, CTL_DENIED, "%s is for root and "
				    "members of the admin group", word);
		if (check_params(methods[i].params, params, error) < 0)
			return -1;
		return methods[i].run(context, params, result, error);
	}
	return fail(error, CTL_METHOD, "no such method: %.64s", word);
}

/* --- events --- */

void methods_condition(struct daemon *d, const char *event)
{
	json_t *o;

	if (d->ctl == NULL)
		return;
	o = condition(d);
	set(o, "event", json_string(event));
	if (strcmp(event, "blocking") == 0)
		set(o, "epoch", json_integer(d->answer.epoch));
	ctl_event(d->ctl, o);
}

void methods_event(struct daemon *d, const char *event, const char *fmt, ...)
{
	va_list ap;
	json_t *o;

	if (d->ctl == NULL)
		return;
	va_start(ap, fmt);
	o = json_vpack_ex(NULL, 0, fmt, ap);
	va_end(ap);
	if (o == NULL)
		return;
	set(o, "event", json_string(event));
	ctl_event(d->ctl, o);
}
