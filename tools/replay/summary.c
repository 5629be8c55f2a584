/* SPDX-License-Identifier: ISC */
#include "summary.h"

#include <inttypes.h>

#include "jsonout.h"
#include "words.h"

static const unsigned int percents[] = { 50, 90, 99 };

bool summary_clean(const struct dryrun *d)
{
	return d->leaks.packets == 0;
}

static const struct {
	const char *name;
	size_t at;
} streams[] = {
	{ "begun", offsetof(struct streams, begun) },
	{ "midway", offsetof(struct streams, midway) },
	{ "again", offsetof(struct streams, again) },
	{ "ahead", offsetof(struct streams, ahead) },
	{ "lost", offsetof(struct streams, lost) },
	{ "unfinished", offsetof(struct streams, unfinished) },
};

static uint64_t stream_count(const struct dryrun *d, size_t i)
{
	return *(const uint64_t *)((const char *)&d->streams + streams[i].at);
}

/* ---- text */

static void item(struct print_list *l, const char *what, const char *more,
		 uint64_t n)
{
	char text[96];

	if (n == 0)
		return;
	snprintf(text, sizeof(text), "%s%s%s %" PRIu64, what,
		 more[0] != '\0' ? " " : "", more, n);
	print_list_item(l, text);
}

static void findings(struct print *p, const struct dryrun *d,
		     const char *label, unsigned int from, unsigned int to)
{
	struct print_list l;

	print_list_begin(&l, p, label);
	for (unsigned int i = from; i < to; i++)
		item(&l, finding_verdict(i), finding_reason(i),
		     d->counts.findings[i]);
	print_list_end(&l);
}

static void messages(struct print *p, const struct dryrun *d)
{
	struct print_list l;

	findings(p, d, "queries", 0, FINDING_RESPONSES);
	findings(p, d, "responses", FINDING_RESPONSES, FINDING__N);
	print_list_begin(&l, p, "unreadable");
	for (unsigned int i = PARSE_OK + 1; i < PARSE__N; i++)
		item(&l, parse_name(i), "", d->counts.messages[i]);
	print_list_end(&l);
}

static void packets(struct print *p, const struct dryrun *d)
{
	struct print_list l;

	print_list_begin(&l, p, "frames");
	for (unsigned int i = 0; i < PARSE__N; i++)
		item(&l, parse_name(i), "", d->counts.frames[i]);
	item(&l, "cut by the capture", "", d->counts.cut);
	print_list_end(&l);
	print_list_begin(&l, p, "fragments");
	for (unsigned int i = 0; i < DEFRAG__N; i++)
		item(&l, defrag_name(i), "", d->counts.fragments[i]);
	item(&l, "lost", "", d->counts.parts_lost);
	print_list_end(&l);
	print_list_begin(&l, p, "streams");
	for (size_t i = 0; i < NITEMS(streams); i++)
		item(&l, streams[i].name, "", stream_count(d, i));
	print_list_end(&l);
	print_list_begin(&l, p, "packets");
	for (unsigned int i = 0; i < LEDGER__N; i++)
		item(&l, ledger_name(i), "", d->counts.classes[i]);
	print_list_end(&l);
}

static void firewall(struct print *p, const struct dryrun *d)
{
	const struct dryrun_counts *c = &d->counts;
	struct print_list l;

	print_list_begin(&l, p, "firewall");
	item(&l, "grants", "", c->granted);
	item(&l, "opened", "", c->told - c->renewed);
	item(&l, "renewed", "", c->renewed);
	item(&l, "refused", "", c->refused);
	print_list_end(&l);
}

static void latency_row(struct print *p, struct latency *l)
{
	struct print_list list;
	char text[64];

	print_list_begin(&list, p, "latency");
	for (size_t i = 0; l->n > 0 && i < NITEMS(percents); i++) {
		uint64_t ns = latency_percentile(l, percents[i]);

		snprintf(text, sizeof(text), "p%u %" PRIu64 ".%03u ms",
			 percents[i], ns / 1000000,
			 (unsigned int)(ns / 1000 % 1000));
		print_list_item(&list, text);
	}
	if (l->n > 0) {
		snprintf(text, sizeof(text), "max %" PRIu64 ".%03u ms",
			 l->max / 1000000,
			 (unsigned int)(l->max / 1000 % 1000));
		print_list_item(&list, text);
	}
	item(&list, "of", "", l->n);
	print_list_end(&list);
}

static void names(struct print *p, const struct dryrun *d)
{
	const struct name_count *top[NAMES_TOP];
	size_t n = names_top(&d->names, top);
	char text[DNSNAME_TEXT], label[32];

	snprintf(label, sizeof(label), "%" PRIu64 " different%s",
		 d->names.different, d->names.untold > 0 ? ", and more" : "");
	print_head(p, "names", PAINT_PLAIN, label);
	for (size_t i = 0; i < n; i++)
		fprintf(p->file, "  %10" PRIu64 "  %s\n", top[i]->n,
			dnsname_to_text(top[i]->wire, top[i]->len, text));
}

static void verdict(struct print *p, const struct dryrun *d)
{
	char text[96];

	if (summary_clean(d)) {
		print_head(p, "leaks", PAINT_GOOD, "none");
		return;
	}
	snprintf(text, sizeof(text), "packets %" PRIu64 ", flows %u%s",
		 d->leaks.packets, d->leaks.n,
		 d->leaks.untold > 0 ? " and more" : "");
	print_head(p, "leaks", PAINT_BAD, text);
}

void summary_text(struct print *p, struct dryrun *d)
{
	const struct dryrun_counts *c = &d->counts;
	char text[128], from[WORDS_MAX];
	uint64_t ns = c->last - c->first;

	if (c->packets == 0)
		snprintf(text, sizeof(text), "no packet");
	else
		snprintf(text, sizeof(text), "%" PRIu64 " packets in %" PRIu64
			 ".%06u s from %s", c->packets, ns / 1000000000,
			 (unsigned int)(ns / 1000 % 1000000),
			 words_time(c->first, from));
	print_head(p, "capture", PAINT_PLAIN, text);
	packets(p, d);
	messages(p, d);
	firewall(p, d);
	latency_row(p, &d->latency);
	names(p, d);
	verdict(p, d);
}

/* ---- JSON */

static void object_findings(struct jsonout *j, const struct dryrun *d,
			    const char *key, unsigned int from,
			    unsigned int to)
{
	jsonout_array(j, key);
	for (unsigned int i = from; i < to; i++) {
		if (d->counts.findings[i] == 0)
			continue;
		jsonout_object(j, NULL);
		jsonout_text(j, "verdict", finding_verdict(i));
		jsonout_text(j, "reason", finding_reason(i));
		jsonout_number(j, "count", d->counts.findings[i]);
		jsonout_end(j);
	}
	jsonout_end(j);
}

static void object_reasons(struct jsonout *j, const char *key,
			   const uint64_t *n, unsigned int from)
{
	jsonout_object(j, key);
	for (unsigned int i = from; i < PARSE__N; i++)
		if (n[i] > 0)
			jsonout_number(j, parse_name(i), n[i]);
	jsonout_end(j);
}

static void object_packets(struct jsonout *j, const struct dryrun *d)
{
	const struct dryrun_counts *c = &d->counts;

	object_reasons(j, "frames", c->frames, 0);
	jsonout_number(j, "cut", c->cut);
	jsonout_object(j, "fragments");
	for (unsigned int i = 0; i < DEFRAG__N; i++)
		jsonout_number(j, defrag_name(i), c->fragments[i]);
	jsonout_number(j, "lost", c->parts_lost);
	jsonout_end(j);
	jsonout_object(j, "streams");
	for (size_t i = 0; i < NITEMS(streams); i++)
		jsonout_number(j, streams[i].name, stream_count(d, i));
	jsonout_end(j);
	jsonout_object(j, "classes");
	for (unsigned int i = 0; i < LEDGER__N; i++)
		jsonout_number(j, ledger_name(i), c->classes[i]);
	jsonout_end(j);
}

static void object_latency(struct jsonout *j, struct latency *l)
{
	char key[16];

	jsonout_object(j, "latency_ms");
	jsonout_number(j, "count", l->n);
	if (l->n > 0) {
		jsonout_ms(j, "min", l->min);
		for (size_t i = 0; i < NITEMS(percents); i++) {
			snprintf(key, sizeof(key), "p%u", percents[i]);
			jsonout_ms(j, key, latency_percentile(l, percents[i]));
		}
		jsonout_ms(j, "max", l->max);
	}
	jsonout_end(j);
}

static void object_names(struct jsonout *j, const struct names *t)
{
	const struct name_count *top[NAMES_TOP];
	size_t n = names_top(t, top);
	char text[DNSNAME_TEXT];

	jsonout_object(j, "names");
	jsonout_number(j, "different", t->different);
	jsonout_number(j, "uncounted", t->untold);
	jsonout_array(j, "top");
	for (size_t i = 0; i < n; i++) {
		jsonout_object(j, NULL);
		jsonout_text(j, "name", dnsname_to_text(top[i]->wire,
							top[i]->len, text));
		jsonout_number(j, "count", top[i]->n);
		jsonout_end(j);
	}
	jsonout_end(j);
	jsonout_end(j);
}

static void object_end(struct jsonout *j, struct dryrun *d)
{
	const struct dryrun_counts *c = &d->counts;

	jsonout_object(j, "firewall");
	jsonout_number(j, "grants", c->granted);
	jsonout_number(j, "opened", c->told - c->renewed);
	jsonout_number(j, "renewed", c->renewed);
	jsonout_number(j, "refused", c->refused);
	jsonout_end(j);
	object_latency(j, &d->latency);
	object_names(j, &d->names);
	jsonout_object(j, "leaks");
	jsonout_number(j, "packets", d->leaks.packets);
	jsonout_number(j, "flows", d->leaks.n);
	jsonout_number(j, "untold", d->leaks.untold);
	jsonout_end(j);
	jsonout_bool(j, "clean", summary_clean(d));
}

void summary_json(FILE *file, struct dryrun *d)
{
	const struct dryrun_counts *c = &d->counts;
	struct jsonout j = { .file = file };
	char text[WORDS_MAX];

	jsonout_object(&j, NULL);
	jsonout_object(&j, "summary");
	jsonout_number(&j, "packets", c->packets);
	if (c->packets > 0) {
		jsonout_text(&j, "first", words_time(c->first, text));
		jsonout_text(&j, "last", words_time(c->last, text));
	}
	object_packets(&j, d);
	object_findings(&j, d, "queries", 0, FINDING_RESPONSES);
	object_findings(&j, d, "responses", FINDING_RESPONSES, FINDING__N);
	object_reasons(&j, "unreadable", c->messages, PARSE_OK + 1);
	object_end(&j, d);
	jsonout_end(&j);
	jsonout_end(&j);
}
