/* SPDX-License-Identifier: ISC */
/*
 * What sallyport replay counts with, and how it writes.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "tools/replay/asked.h"
#include "tools/replay/dryrun.h"
#include "tools/replay/jsonout.h"
#include "tools/replay/latency.h"
#include "tools/replay/names.h"
#include "tools/replay/words.h"
#include "wire.h"

/* ---- percentiles */

static struct latency latency;

static void count(unsigned int n, uint64_t step)
{
	latency_init(&latency);
	/* In an order of no help: 7 has no factor in common with n. */
	for (unsigned int i = 0; i < n; i++)
		latency_add(&latency, (1 + (uint64_t)i * 7 % n) * step);
}

static const struct {
	unsigned int n, percent;
	uint64_t want;		/* of 1..n */
} ranks[] = {
	{ 0, 50, 0 }, { 1, 0, 1 }, { 1, 50, 1 }, { 1, 100, 1 },
	{ 2, 50, 1 }, { 2, 51, 2 }, { 10, 90, 9 }, { 10, 91, 10 },
	{ 100, 1, 1 }, { 100, 99, 99 }, { 101, 99, 100 }, { 100, 100, 100 },
	{ LATENCY_EXACT, 50, LATENCY_EXACT / 2 },
};

Test(latency, exact)
{
	for (size_t i = 0; i < NITEMS(ranks); i++) {
		count(ranks[i].n, 1000003);
		cr_expect_eq(latency_percentile(&latency, ranks[i].percent),
			     ranks[i].want * 1000003, "p%u of %u",
			     ranks[i].percent, ranks[i].n);
	}
}

/* Right to 1.6 %, downwards; the ends are exact. */
Test(latency, buckets)
{
	static const uint64_t steps[] = { 1, 999, 1000000, 1000000000 };

	for (size_t i = 0; i < NITEMS(steps); i++) {
		uint64_t n = 100000;

		count((unsigned int)n, steps[i]);
		for (unsigned int p = 1; p < 100; p++) {
			uint64_t want = n / 100 * p * steps[i];
			uint64_t got = latency_percentile(&latency, p);

			cr_expect(got <= want && got >= want - want / 63,
				  "p%u of step %llu: %llu", p,
				  (unsigned long long)steps[i],
				  (unsigned long long)got);
		}
		cr_expect_eq(latency_percentile(&latency, 0), steps[i]);
		cr_expect_eq(latency.max, n * steps[i]);
	}
}

Test(latency, any_duration_has_a_bucket)
{
	latency_init(&latency);
	for (unsigned int bit = 0; bit < 64; bit++) {
		latency_add(&latency, UINT64_C(1) << bit);
		latency_add(&latency, (UINT64_C(1) << bit) - 1);
	}
	latency_add(&latency, UINT64_MAX);
	cr_expect_eq(latency.max, UINT64_MAX);
	cr_expect_eq(latency_percentile(&latency, 100), UINT64_MAX);
}

/* ---- names */

static struct names names;

static void name_add(const char *text)
{
	uint8_t wire[DNSNAME_MAX];

	names_add(&names, wire, dnsname_from_text(text, wire));
}

Test(names, most_first_then_by_name)
{
	static const char *const order[] = { "c", "a", "b", "aa" };
	const struct name_count *top[NAMES_TOP];
	char text[DNSNAME_TEXT];

	names_init(&names);
	for (size_t i = 0; i < 3; i++)
		name_add("c");
	name_add("aa");
	name_add("b");
	name_add("a");
	cr_expect_eq(names_top(&names, top), 4);
	for (size_t i = 0; i < NITEMS(order); i++)
		cr_expect_str_eq(dnsname_to_text(top[i]->wire, top[i]->len,
						 text), order[i]);
	cr_expect_eq(top[0]->n, 3);
}

Test(names, flood)
{
	const struct name_count *top[NAMES_TOP];
	char text[32];

	names_init(&names);
	name_add("often.example");
	for (unsigned int i = 0; i < 50000; i++) {
		snprintf(text, sizeof(text), "n%u.example", i);
		name_add(text);
	}
	name_add("often.example");
	cr_expect_eq(names.different + names.untold, 50001);
	cr_expect_leq(names.different, NAMES_SETS * NAMES_WAYS);
	cr_expect_eq(names_top(&names, top), NAMES_TOP);
	cr_expect_eq(top[0]->n, 2);
	for (unsigned int i = 2; i < NAMES_TOP; i++)
		cr_expect(top[i - 1]->len < top[i]->len ||
			  memcmp(top[i - 1]->wire, top[i]->wire,
				 top[i]->len) < 0, "%u", i);
}

/* ---- questions */

static struct asked asked;

static struct frame query_frame(uint16_t port)
{
	struct frame f = { .protocol = FRAME_UDP, .ports = true,
			   .sport = port, .dport = 53 };

	f.src.b[15] = 1;
	f.dst.b[15] = 2;
	return f;
}

static struct frame answer_frame(uint16_t port)
{
	struct frame q = query_frame(port), f = q;

	f.src = q.dst;
	f.dst = q.src;
	f.sport = q.dport;
	f.dport = q.sport;
	return f;
}

static const struct {
	const char *what;
	uint16_t port, id, type;
	const char *name;
	unsigned int ms;
	uint8_t protocol;
	enum asked_what want;
} answers[] = {
	{ "as asked", 9, 7, 1, "Captive.apple.com", 3000, 17, ASKED_MATCH },
	{ "too late", 9, 7, 1, "Captive.apple.com", 3001, 17, ASKED_LATE },
	{ "another port", 10, 7, 1, "Captive.apple.com", 1, 17,
	  ASKED_UNASKED },
	{ "another id", 9, 8, 1, "Captive.apple.com", 1, 17, ASKED_UNASKED },
	{ "by TCP", 9, 7, 1, "Captive.apple.com", 1, 6, ASKED_UNASKED },
	{ "another spelling", 9, 7, 1, "captive.apple.com", 1, 17,
	  ASKED_CASE },
	{ "another name", 9, 7, 1, "Captive.apple.org", 1, 17, ASKED_OTHER },
	{ "another length", 9, 7, 1, "Captive.apple.co", 1, 17, ASKED_OTHER },
	{ "another type", 9, 7, 28, "Captive.apple.com", 1, 17, ASKED_OTHER },
	/* 0x41 and 0x61 differ by the bit that letters do. */
	{ "another type, if types were letters", 9, 7, 0x61,
	  "Captive.apple.com", 1, 17, ASKED_OTHER },
};

Test(asked, answers)
{
	for (size_t i = 0; i < NITEMS(answers); i++) {
		struct frame q = query_frame(9), a;
		struct asked_one *one;
		struct wire w;
		struct dnsmsg m;
		enum asked_what what;

		asked_init(&asked);
		wire_start(&w, 7, DNSFLAG_RD, "Captive.apple.com", 1);
		m = wire_view(&w);
		cr_expect(asked_add(&asked, &q, &m, VERDICT_ASK, CLOCK_S));
		a = answer_frame(answers[i].port);
		a.protocol = answers[i].protocol;
		wire_start(&w, answers[i].id, DNSFLAG_QR, answers[i].name,
			   answers[i].type);
		m = wire_view(&w);
		what = asked_find(&asked, &a, &m, CLOCK_S +
				  answers[i].ms * CLOCK_MS, &one);
		cr_expect_eq(what, answers[i].want, "%s: %u", answers[i].what,
			     what);
	}
}

Test(asked, again_and_done)
{
	struct frame q = query_frame(9), a = answer_frame(9);
	struct asked_one *one;
	struct wire w;
	struct dnsmsg m;

	asked_init(&asked);
	wire_start(&w, 7, DNSFLAG_RD, "a", 1);
	m = wire_view(&w);
	cr_expect(asked_add(&asked, &q, &m, VERDICT_ASK, CLOCK_S));
	cr_expect_not(asked_add(&asked, &q, &m, VERDICT_ASK, 2 * CLOCK_S));
	cr_expect_eq(asked_find(&asked, &a, &m, 3 * CLOCK_S, &one),
		     ASKED_MATCH);
	cr_expect_eq(one->time, CLOCK_S, "asked first");
	asked_done(one);
	cr_expect_eq(asked_find(&asked, &a, &m, 3 * CLOCK_S, &one),
		     ASKED_UNASKED, "answered once");
	cr_expect(asked_add(&asked, &q, &m, VERDICT_ASK, 9 * CLOCK_S));
	asked_restart(&asked);
	cr_expect_eq(asked.unanswered, 1);
}

Test(asked, flood)
{
	struct asked_one *one;
	struct wire w;
	struct dnsmsg m;
	uint64_t left = 0;

	asked_init(&asked);
	for (uint32_t i = 0; i < 60000; i++) {
		struct frame q = query_frame((uint16_t)(i + 1));

		wire_start(&w, (uint16_t)i, DNSFLAG_RD, "a", 1);
		m = wire_view(&w);
		cr_expect(asked_add(&asked, &q, &m, VERDICT_ASK, CLOCK_S + i));
	}
	for (uint32_t i = 0; i < 60000; i++) {
		struct frame a = answer_frame((uint16_t)(i + 1));

		wire_start(&w, (uint16_t)i, DNSFLAG_QR, "a", 1);
		m = wire_view(&w);
		left += asked_find(&asked, &a, &m, CLOCK_S + 60000,
				   &one) == ASKED_MATCH;
	}
	cr_expect_eq(left + asked.unanswered, 60000);
	cr_expect_leq(left, ASKED_SETS * ASKED_WAYS);
	cr_expect_geq(left, ASKED_SETS * ASKED_WAYS / 2, "spread: %llu",
		      (unsigned long long)left);
}

/* ---- how it is written */

static const struct {
	const char *text, *want;
} texts[] = {
	{ "", "{\"k\":\"\"}\n" },
	{ "plain", "{\"k\":\"plain\"}\n" },
	{ "\"\\", "{\"k\":\"\\\"\\\\\"}\n" },
	{ "\n\t\x7f", "{\"k\":\"\\u000a\\u0009\\u007f\"}\n" },
	{ "\xc3\xa4", "{\"k\":\"\\u00c3\\u00a4\"}\n" },
	{ "\xff", "{\"k\":\"\\u00ff\"}\n" },
};

Test(jsonout, texts)
{
	for (size_t i = 0; i < NITEMS(texts); i++) {
		char *out = NULL;
		size_t len;
		struct jsonout j = { .file = open_memstream(&out, &len) };

		jsonout_object(&j, NULL);
		jsonout_text(&j, "k", texts[i].text);
		jsonout_end(&j);
		fclose(j.file);
		cr_expect_str_eq(out, texts[i].want, "%zu: %s", i, out);
		free(out);
	}
}

Test(jsonout, nested)
{
	char *out = NULL;
	size_t len;
	struct jsonout j = { .file = open_memstream(&out, &len) };

	jsonout_object(&j, NULL);
	jsonout_array(&j, "a");
	jsonout_number(&j, NULL, UINT64_MAX);
	jsonout_object(&j, NULL);
	jsonout_end(&j);
	jsonout_end(&j);
	jsonout_bool(&j, "b", true);
	jsonout_ms(&j, "c", 1234567);
	jsonout_ms(&j, "d", 999);
	jsonout_end(&j);
	jsonout_object(&j, NULL);
	jsonout_end(&j);
	fclose(j.file);
	cr_expect_str_eq(out, "{\"a\":[18446744073709551615,{}],\"b\":true,"
			 "\"c\":1.234,\"d\":0.000}\n{}\n", "%s", out);
	free(out);
}

Test(words, table)
{
	char text[WORDS_MAX];

	cr_expect_str_eq(words_protocol(6, text), "tcp");
	cr_expect_str_eq(words_protocol(255, text), "protocol 255");
	cr_expect_str_eq(words_type(65, text), "HTTPS");
	cr_expect_str_eq(words_type(65535, text), "TYPE65535");
	cr_expect_str_eq(words_time(0, text), "1970-01-01T00:00:00.000000Z");
	cr_expect_str_eq(words_time(1700000000123456789, text),
			 "2023-11-14T22:13:20.123456Z");
	cr_expect_str_eq(words_time(UINT64_C(4294967295999999999), text),
			 "2106-02-07T06:28:15.999999Z");
}

/* ---- --local */

static const struct {
	const char *text, *own, *net;	/* NULL: refused */
} locals[] = {
	{ "10.1.0.5", "10.1.0.5", "10.1.0.5/32" },
	{ "10.1.0.5/16", "10.1.0.5", "10.1.0.0/16" },
	{ "10.1.0.5/0", "10.1.0.5", "0.0.0.0/0" },
	{ "2001:db8::5/64", "2001:db8::5", "2001:db8::/64" },
	{ "2001:db8::5/128", "2001:db8::5", "2001:db8::5/128" },
	{ "10.1.0.5/33", NULL, NULL }, { "10.1.0.5/", NULL, NULL },
	{ "10.1.0.5/-1", NULL, NULL }, { "10.1.0.5/+1", NULL, NULL },
	{ "10.1.0.5/ 1", NULL, NULL }, { "10.1.0.5/16x", NULL, NULL },
	{ "2001:db8::5/129", NULL, NULL }, { "", NULL, NULL },
	{ "/16", NULL, NULL }, { "10.1.0", NULL, NULL },
	{ "laptop", NULL, NULL },
	{ "10.1.0.5/99999999999999999999", NULL, NULL },
};

Test(dryrun, locals)
{
	static struct dryrun d;
	struct judge *j = &d.door.policy.judge;

	for (size_t i = 0; i < NITEMS(locals); i++) {
		struct ipaddr own;
		struct ipnet net;
		bool taken;

		j->n_own = j->n_onlink = 0;
		taken = dryrun_local(&d, locals[i].text);
		cr_expect_eq(taken, locals[i].own != NULL, "%s",
			     locals[i].text);
		if (!taken || locals[i].own == NULL)
			continue;
		cr_assert(ipaddr_parse(locals[i].own, &own));
		cr_assert(ipnet_parse(locals[i].net, &net));
		cr_expect(ipaddr_equal(&j->own[0], &own), "%s",
			  locals[i].text);
		cr_expect_eq(j->onlink[0].bits, net.bits, "%s",
			     locals[i].text);
		cr_expect(ipnet_has(&j->onlink[0], &net.addr), "%s",
			  locals[i].text);
	}
}

Test(dryrun, as_many_locals_as_fit)
{
	static struct dryrun d;

	for (unsigned int i = 0; i < POLICY_NETS; i++)
		cr_expect(dryrun_local(&d, "10.1.0.5"));
	cr_expect_not(dryrun_local(&d, "10.1.0.5"));
}
