/* SPDX-License-Identifier: ISC */
#include "reportleaks.h"

#include "daemon.h"
#include "leakjson.h"

uint64_t reportleaks_packets(const struct daemon *d)
{
	struct leaklog_counts c;

	leaklog_sum(&d->leaks.log, &c);
	return leakjson_leaks(&c);
}

uint64_t reportleaks_drops(const struct daemon *d)
{
	struct leaklog_counts c;

	leaklog_sum(&d->leaks.log, &c);
	return c.drops;
}

static json_t *condition(const struct daemon *d, const struct leaklog_counts *c)
{
	const struct leakwatch *w = &d->leaks;
	json_t *o = json_pack("{s:b,s:b,s:i,s:I,s:I,s:I,s:I}",
			      "wanted", d->conf.capture,
			      "running", w->running,
			      "restarts", (int)w->restarts,
			      "watched", (json_int_t)leakwatch_seconds(d),
			      "leaks", (json_int_t)leakjson_leaks(c),
			      "flows", (json_int_t)w->log.flows,
			      "drops", (json_int_t)c->drops);

	if (w->running)
		json_object_set_new(o, "pid", json_integer(w->child.pid));
	if (w->problem.text[0] != '\0')
		json_object_set_new(o, "problem",
				    json_string(w->problem.text));
	return o;
}

json_t *reportleaks_status(struct daemon *d)
{
	struct leaklog_counts c;

	leakwatch_look(d);
	leaklog_sum(&d->leaks.log, &c);
	return condition(d, &c);
}

json_t *reportleaks(struct daemon *d)
{
	json_t *o = reportleaks_status(d);

	leakjson_log(o, &d->leaks.log);
	return o;
}
