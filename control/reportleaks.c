/* SPDX-License-Identifier: ISC */
#include "reportleaks.h"

#include <string.h>
#include <time.h>

#include "clock.h"
#include "daemon.h"
#include "ledger.h"

static uint64_t leaks_of(const struct leaklog_counts *c)
{
	return c->classes[LEDGER_LEAK] + c->classes[LEDGER_UNREAD];
}

uint64_t reportleaks_packets(const struct daemon *d)
{
	struct leaklog_counts c;

	leaklog_sum(&d->leaks.log, &c);
	return leaks_of(&c);
}

uint64_t reportleaks_drops(const struct daemon *d)
{
	struct leaklog_counts c;

	leaklog_sum(&d->leaks.log, &c);
	return c.drops;
}

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *condition(const struct daemon *d, const struct leaklog_counts *c)
{
	const struct leakwatch *w = &d->leaks;
	json_t *o = json_pack("{s:b,s:b,s:i,s:I,s:o,s:o,s:o}",
			      "wanted", d->conf.capture,
			      "running", w->running,
			      "restarts", (int)w->restarts,
			      "watched", (json_int_t)leakwatch_seconds(d),
			      "leaks", number(leaks_of(c)),
			      "flows", number(w->log.flows),
			      "drops", number(c->drops));

	if (w->running)
		set(o, "pid", json_integer(w->child.pid));
	if (w->problem.text[0] != '\0')
		set(o, "problem", json_string(w->problem.text));
	return o;
}

json_t *reportleaks_status(struct daemon *d)
{
	struct leaklog_counts c;

	leakwatch_look(d);
	leaklog_sum(&d->leaks.log, &c);
	return condition(d, &c);
}

/* Boot time as Unix time in seconds. */
static double unix_time(uint64_t boot)
{
	struct timespec ts;
	uint64_t now = clock_boot();
	double wall;

	clock_gettime(CLOCK_REALTIME, &ts);
	wall = (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
	return boot > now ? wall : wall - (double)(now - boot) / 1e9;
}

static json_t *end_of(const struct leaklog_flow *f, const struct ipaddr *a)
{
	char text[IPADDR_TEXT];

	return json_string(f->ethertype != 0 ? "" : ipaddr_text(a, text));
}

static json_t *flow(const struct leaklog_flow *f)
{
	char protocol[LEAKLOG_PROTOCOL];
	json_t *process = json_string(f->process);

	return json_pack("{s:f,s:I,s:s,s:o,s:i,s:o,s:i,s:s,s:o}",
			 "first", unix_time(f->first),
			 "packets", (json_int_t)f->packets,
			 "protocol", leaklog_protocol(f, protocol),
			 "from", end_of(f, &f->from),
			 "from_port", f->from_port,
			 "to", end_of(f, &f->to), "to_port", f->to_port,
			 "interface", f->ifname,
			 "process", process != NULL ? process :
						      json_string("?"));
}

static json_t *flows(const struct leaklog *l)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < l->n; i++)
		json_array_append_new(list, flow(&l->flow[i]));
	return list;
}

void reportleaks_log(json_t *o, const struct leaklog *l)
{
	json_t *classes = json_object(), *kinds = json_object();
	struct leaklog_counts c;

	leaklog_sum(l, &c);
	for (unsigned int i = 0; i < LEDGER__N; i++)
		set(classes, ledger_name(i), number(c.classes[i]));
	for (unsigned int i = 0; i < BOOK__N; i++)
		set(kinds, book_kind_name(i), number(c.kinds[i]));
	set(o, "leaks", number(leaks_of(&c)));
	set(o, "flows", number(l->flows));
	set(o, "drops", number(c.drops));
	set(o, "packets", number(c.packets));
	set(o, "settling", number(c.settling));
	set(o, "untold", number(c.untold));
	set(o, "classes", classes);
	set(o, "protocols", kinds);
	set(o, "list", flows(l));
}

json_t *reportleaks(struct daemon *d)
{
	json_t *o = reportleaks_status(d);

	reportleaks_log(o, &d->leaks.log);
	return o;
}
