/* SPDX-License-Identifier: ISC */
#include "report.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "daemon.h"
#include "reportleaks.h"

/* --- small parts --- */

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
	const uint64_t us = to < from ? 0 : (to - from) / 1000;

	return (double)us / 1000;
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

json_t *report_condition(const struct daemon *d)
{
	json_t *o = json_object();
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
	return o;
}

static json_t *firewall(const struct daemon *d)
{
	static const char *const mode[] = {
		[FWMODE_OWN] = "own", [FWMODE_GUEST] = "guest",
		[FWMODE_MEMORY] = "memory",
	};

	json_t *o = json_pack("{s:s,s:s,s:s,s:b,s:b,s:I}",
			      "mode", mode[d->conf.firewall.mode],
			      "door", d->fw->door == DOOR_HASH ? "hash" : "set",
			      "table", d->conf.firewall.table,
			      "loaded", d->loaded &&
					d->ruleset.policy != FW_NONE,
			      "verified", d->verified,
			      "repairs", (json_int_t)d->answer.repaired);

	if (d->fw->no_hash.text[0] != '\0')
		set(o, "no_hash", json_string(d->fw->no_hash.text));
	return o;
}

static json_t *listening(const struct daemon *d)
{
	struct ipaddr listen[POLICY_LISTEN];
	unsigned int n = d->bypass.on ? 0 : supervise_listen(d, listen);
	json_t *list = json_array();

	for (unsigned int i = 0; i < n; i++) {
		struct endpoint e = { .addr = listen[i],
				      .port = d->conf.port };
		char text[ENDPOINT_TEXT];

		endpoint_text(&e, text);
		text[strcspn(text, "/")] = '\0';
		json_array_append_new(list, json_string(text));
	}
	return list;
}

/* As it is called now: who opened it need not know. */
static const char *link_name(const struct daemon *d, unsigned int i,
			     char name[static IF_NAMESIZE])
{
	return if_indextoname(d->bypass.links.link[i].ifindex, name) != NULL ?
	       name : d->bypass.links.link[i].name;
}

/* Those in mask. */
static json_t *links(const struct daemon *d, unsigned int mask)
{
	json_t *list = json_array();
	char name[IF_NAMESIZE];

	for (unsigned int i = 0; d->running && i < d->bypass.links.n; i++)
		if (mask >> i & 1)
			json_array_append_new(list, json_string(
				link_name(d, i, name)));
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

	set(o, "datapath", json_string(d->bypass.on ? "bypass" : "socket"));
	if (d->bypass.instead.text[0] != '\0')
		set(o, "instead", json_string(d->bypass.instead.text));
	if (d->bypass.on) {
		set(o, "links", links(d, UINT_MAX));
		set(o, "xdp", links(d, d->bypass.xdp));
	}
	if (d->bypass.on && d->bypass.no_xdp.text[0] != '\0')
		set(o, "no_xdp", json_string(d->bypass.no_xdp.text));
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

/* NULL: none is. */
static json_t *followed(const struct daemon *d)
{
	const struct follow *f = &d->follow;
	uint64_t handshake = f->memory.handshake;
	bool on = follow_on(d);
	json_t *o;

	if (!d->conf.tunnel.follow)
		return NULL;
	o = json_pack("{s:s,s:b}", "interface", d->conf.tunnel.interface,
		      "following", on);
	if (!on)
		return o;
	set(o, "there", json_boolean(f->link.ifindex != 0));
	set(o, "wireguard", json_boolean(follow_wireguard(f)));
	if (handshake != 0)
		set(o, "handshake", json_real(
			(double)(clock_boot() - handshake) / 1e9));
	if (f->problem.text[0] != '\0')
		set(o, "problem", json_string(f->problem.text));
	return o;
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
	return json_pack("{s:s,s:o,s:o,s:o*}", "interface", t->interface,
			 "relays", relays, "dns", dns, "follow", followed(d));
}

/* Control's own, beside those of the datapath. */
struct own_counter {
	const char *name;
	uint64_t n;
};

enum { OWN_COUNTERS = 15 };

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
		{ "steering_repairs", d->bypass.repairs },
		{ "ledger_leaks", reportleaks_packets(d) },
		{ "ledger_flows", d->leaks.log.flows },
		{ "ledger_drops", reportleaks_drops(d) },
		{ "ledger_restarts", d->leaks.restarts },
		{ "wakes", d->wake.wakes }, { "sleeps", d->wake.sleeps },
		{ "sleep_forged", wake_forged(d) },
		{ "network_deferred", d->pending.deferred },
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

static json_t *wake(const struct daemon *d)
{
	json_t *o = json_pack("{s:b,s:b,s:f}", "waits", wake_waits(d),
			      "asleep", d->wake.asleep, "slept",
			      (double)d->wake.slept / 1e9);

	if (d->wake.problem.text[0] != '\0')
		set(o, "problem", json_string(d->wake.problem.text));
	return o;
}

static json_t *portal_api(const struct daemon *d)
{
	const struct capport *c = &d->capport;
	json_t *o = json_pack("{s:s,s:b}", "source", c->seen.source, "open",
			      capport_open(d) != NULL);

	if (c->wrong != NULL)
		set(o, "refused", json_string(c->wrong));
	else
		set(o, "url", json_string(c->url.text));
	return o;
}

json_t *report_status(struct daemon *d)
{
	json_t *o = report_condition(d);

	set(o, "version", json_string(SALLYPORT_VERSION));
	set(o, "pid", json_integer(getpid()));
	set(o, "epoch", json_integer(d->answer.epoch));
	set(o, "firewall", firewall(d));
	set(o, "resolver", resolver(d));
	set(o, "ledger", reportleaks_status(d));
	set(o, "wake", wake(d));
	set(o, "hostdns", json_pack("{s:s,s:b,s:b}", "backend",
		d->hostdns->ops->name, "pointed",
		d->hostdns->ops->pointed(d->hostdns),
		"steered", d->bypass.steered));
	set(o, "upstreams", upstreams(d));
	set(o, "names", names(d));
	set(o, "allowed", json_integer(d->answer.allowed.n));
	set(o, "portal_suspected", json_boolean(d->portal));
	if (d->capport.seen.len > 0)
		set(o, "portal_api", portal_api(d));
	set(o, "tunnel", tunnel(d));
	set(o, "counters", counters(d));
	if (d->problem.text[0] != '\0')
		set(o, "problem", json_string(d->problem.text));
	return o;
}

/* --- the others --- */

json_t *report_allowed(struct daemon *d)
{
	json_t *list = json_array();
	const struct episode *e = timeline_last(&d->timeline);
	uint64_t now = clock_boot();

	answer_expire(&d->answer);
	for (unsigned int i = 0; i < d->answer.allowed.n; i++) {
		const struct allowed_entry *a = &d->answer.allowed.entry[i];

		json_array_append_new(list, json_pack("{s:o,s:o,s:I,s:f}",
			"address", address(&a->addr),
			"name", name(d->answer.allowed.name[i], a->name_len,
				     false),
			"seconds_left",
			(json_int_t)((a->expiry - now) / CLOCK_S),
			"opened_at_ms",
			e == NULL ? 0.0 : ms(e->start, a->opened)));
	}
	return list;
}

json_t *report_rules(struct daemon *d)
{
	bool own = d->conf.firewall.mode != FWMODE_GUEST;
	char text[FW_TEXT] = "";

	if (own && d->loaded && d->ruleset.policy != FW_NONE)
		fw_nft_text(&d->ruleset, d->conf.firewall.table, text);
	return json_pack("{s:s,s:s}", "policy",
			 fw_policy_name(d->ruleset.policy), "text", text);
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
	const uint64_t *at[TIMELINE__N] = { NULL };
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

json_t *report_timeline(struct daemon *d)
{
	netcheck_marks(d);
	return json_pack("{s:o,s:o}", "episodes", episodes(d), "summary",
			 summary(d));
}

static void write_gauges(const struct daemon *d, FILE *f)
{
	const struct { const char *name; unsigned int n; } gauges[] = {
		{ "blocking", daemon_blocking(d) }, { "active", d->active },
		{ "allowed_addresses", d->answer.allowed.n },
		{ "firewall_verified", d->verified },
		{ "resolver_running", d->running },
		{ "ledger_running", d->leaks.running },
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

/* What print() prints, as the member "text" of an object. */
static json_t *text_of(const struct daemon *d,
		       void (*print)(const struct daemon *d, FILE *f))
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	json_t *o = NULL;

	if (f == NULL)
		return NULL;
	print(d, f);
	if (fclose(f) == 0)
		o = json_pack("{s:s}", "text", text);
	free(text);
	return o;
}

json_t *report_metrics(struct daemon *d)
{
	return text_of(d, write_metrics);
}

static void write_config(const struct daemon *d, FILE *f)
{
	conf_print(&d->conf, f);
}

json_t *report_config(struct daemon *d)
{
	json_t *o = text_of(d, write_config);

	set(o, "file", json_string(d->conf_path));
	return o;
}
