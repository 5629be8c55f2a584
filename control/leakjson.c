/* SPDX-License-Identifier: ISC */
#include "leakjson.h"

#include <time.h>

#include "clock.h"
#include "leaklog.h"
#include "ledger.h"

uint64_t leakjson_leaks(const struct leaklog_counts *c)
{
	return c->classes[LEDGER_LEAK] + c->classes[LEDGER_UNREAD];
}

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
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

void leakjson_log(json_t *o, const struct leaklog *l)
{
	json_t *classes = json_object(), *kinds = json_object();
	struct leaklog_counts c;

	leaklog_sum(l, &c);
	for (unsigned int i = 0; i < LEDGER__N; i++)
		set(classes, ledger_name(i), number(c.classes[i]));
	for (unsigned int i = 0; i < BOOK__N; i++)
		set(kinds, book_kind_name(i), number(c.kinds[i]));
	set(o, "leaks", number(leakjson_leaks(&c)));
	set(o, "flows", number(l->flows));
	set(o, "drops", number(c.drops));
	set(o, "packets", number(c.packets));
	set(o, "settling", number(c.settling));
	set(o, "untold", number(c.untold));
	set(o, "classes", classes);
	set(o, "protocols", kinds);
	set(o, "list", flows(l));
}
