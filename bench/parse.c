/* SPDX-License-Identifier: ISC */
/*
 * bench_parse [TSV]
 * bench_parse count	each row once over each message, for callgrind
 *
 * A response read: our views and judgement against what other libraries need
 * to take the same message apart, and an unchecked walk as the floor. Each
 * row ends with the addresses in its hands.
 */
#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <err.h>
#include <ldns/ldns.h>
#include <libknot/libknot.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "accept.h"
#include "bench/measure.h"
#include "clock.h"
#include "dnsmsg.h"

enum { ROUNDS = 31, TURNS = 2000, MESSAGE = 2048 };

static struct policy policy;		/* without lists */
static struct policy laptop;		/* with those of a machine at home */

/* ---- messages */

static const struct {
	const char *what;
	const char *question;
	int type, rcode;
	const char *answers, *authority;
} sources[] = {
	{ "captive A", "captive.apple.com.", LDNS_RR_TYPE_A, 0,
	  "captive.apple.com. 60 IN CNAME captive-geo.origin-apple.com.akadns.net.\n"
	  "captive-geo.origin-apple.com.akadns.net. 60 IN CNAME captive.g.aaplimg.com.\n"
	  "captive.g.aaplimg.com. 60 IN A 17.253.57.201\n"
	  "captive.g.aaplimg.com. 60 IN A 17.253.57.202\n", "" },
	{ "captive AAAA", "captive.apple.com.", LDNS_RR_TYPE_AAAA, 0,
	  "captive.apple.com. 60 IN CNAME captive-geo.origin-apple.com.akadns.net.\n"
	  "captive-geo.origin-apple.com.akadns.net. 60 IN CNAME captive.g.aaplimg.com.\n"
	  "captive.g.aaplimg.com. 60 IN AAAA 2620:149:a10:f000::3\n"
	  "captive.g.aaplimg.com. 60 IN AAAA 2620:149:a10:f000::4\n", "" },
	{ "NXDOMAIN", "captive.apple.com.", LDNS_RR_TYPE_A, LDNS_RCODE_NXDOMAIN,
	  "", "apple.com. 900 IN SOA a.ns.apple.com. hostmaster.apple.com. "
	      "2010 1800 900 2592000 1800\n" },
	{ "20 A", "www.gstatic.com.", LDNS_RR_TYPE_A, 0, NULL, "" },
	{ "HTTPS", "captive.apple.com.", LDNS_RR_TYPE_A, 0,
	  "captive.apple.com. 60 IN TYPE65 \\# 13 00010000010006026832026833\n"
	  "captive.apple.com. 60 IN A 17.253.57.201\n", "" },
	{ "portal A", "captive.apple.com.", LDNS_RR_TYPE_A, 0,
	  "captive.apple.com. 0 IN A 10.0.0.1\n", "" },
};

struct message {
	const char *what, *question;
	int type;
	size_t len;
	uint8_t octets[MESSAGE];
};

static void push(ldns_pkt *p, ldns_pkt_section section, const char *text)
{
	char line[512];

	for (; *text != '\0'; text += strcspn(text, "\n") + 1) {
		ldns_rr *rr;

		snprintf(line, sizeof(line), "%.*s",
			 (int)strcspn(text, "\n"), text);
		if (ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL) !=
		    LDNS_STATUS_OK)
			errx(2, "%s", line);
		ldns_pkt_push_rr(p, section, rr);
	}
}

static struct message make(size_t i)
{
	struct message m = { .what = sources[i].what,
			     .question = sources[i].question,
			     .type = sources[i].type };
	ldns_pkt *p = ldns_pkt_query_new(
		ldns_dname_new_frm_str(sources[i].question),
		(ldns_rr_type)sources[i].type, LDNS_RR_CLASS_IN, LDNS_RD);
	uint8_t *wire;
	char line[64];

	ldns_pkt_set_qr(p, true);
	ldns_pkt_set_rcode(p, (uint8_t)sources[i].rcode);
	if (sources[i].answers != NULL)
		push(p, LDNS_SECTION_ANSWER, sources[i].answers);
	for (int k = 1; sources[i].answers == NULL && k <= 20; k++) {
		snprintf(line, sizeof(line), "%s 60 IN A 142.250.1.%d\n",
			 sources[i].question, k);
		push(p, LDNS_SECTION_ANSWER, line);
	}
	push(p, LDNS_SECTION_AUTHORITY, sources[i].authority);
	if (ldns_pkt2wire(&wire, p, &m.len) != LDNS_STATUS_OK ||
	    m.len > sizeof(m.octets))
		errx(2, "%s", m.what);
	memcpy(m.octets, wire, m.len);
	free(wire);
	ldns_pkt_free(p);
	return m;
}

/* ---- rows: each returns how many addresses it has found */

/* Bounds, and nothing else: names are passed over, no pointer is followed. */
static size_t pass_name(const struct message *m, size_t at)
{
	while (at < m->len && m->octets[at] != 0) {
		if (m->octets[at] >= 0xc0)
			return at + 2;
		at += m->octets[at] + 1u;
	}
	return at + 1;
}

__attribute__((noinline)) static unsigned int row_walk(const struct message *m)
{
	size_t at = pass_name(m, 12) + 4;
	unsigned int n = 0;

	for (unsigned int left = m->octets[7]; left > 0; left--) {
		size_t type = at = pass_name(m, at);

		if (at + 10 > m->len)
			return 0;
		n += m->octets[type + 1] == (uint8_t)m->type;
		at += 10u + (size_t)(m->octets[at + 8] << 8 |
				     m->octets[at + 9]);
	}
	return at <= m->len ? n : 0;
}

static unsigned int ours(const struct message *m, const struct policy *p)
{
	static struct accept a;
	struct slice octets = { m->octets, m->len };
	struct dnsmsg view;

	if (dnsmsg_read(octets, &view) != PARSE_OK)
		errx(2, "%s: not read", m->what);
	accept_read(&a, &view, p);
	return a.kind == ACCEPT_ADDRESSES ? a.chain.n_addrs : 0;
}

__attribute__((noinline)) static unsigned int row_ours(const struct message *m)
{
	return ours(m, &policy);
}

__attribute__((noinline)) static unsigned int row_lists(const struct message *m)
{
	return ours(m, &laptop);
}

__attribute__((noinline)) static unsigned int
row_libresolv(const struct message *m)
{
	unsigned int n = 0;
	ns_msg handle;
	ns_rr rr;

	if (ns_initparse(m->octets, (int)m->len, &handle) < 0)
		errx(2, "%s: libresolv", m->what);
	for (int i = 0; i < ns_msg_count(handle, ns_s_an); i++)
		if (ns_parserr(&handle, ns_s_an, i, &rr) == 0)
			n += (int)ns_rr_type(rr) == m->type;
	return n;
}

__attribute__((noinline)) static unsigned int row_ares(const struct message *m)
{
	struct ares_addrttl v4[32];
	struct ares_addr6ttl v6[32];
	int n = 32, error;

	error = m->type == LDNS_RR_TYPE_A ?
		ares_parse_a_reply(m->octets, (int)m->len, NULL, v4, &n) :
		ares_parse_aaaa_reply(m->octets, (int)m->len, NULL, v6, &n);
	return error == ARES_SUCCESS ? (unsigned int)n : 0;
}

__attribute__((noinline)) static unsigned int row_knot(const struct message *m)
{
	knot_pkt_t *p = knot_pkt_new((void *)(uintptr_t)m->octets,
				     (uint16_t)m->len, NULL);
	const knot_pktsection_t *answer;
	unsigned int n = 0;

	if (knot_pkt_parse(p, 0) != KNOT_EOK)
		errx(2, "%s: libknot", m->what);
	answer = knot_pkt_section(p, KNOT_ANSWER);
	for (uint16_t i = 0; i < answer->count; i++) {
		const knot_rrset_t *rr = knot_pkt_rr(answer, i);

		n += rr->type == m->type ? rr->rrs.count : 0;
	}
	knot_pkt_free(p);
	return n;
}

__attribute__((noinline)) static unsigned int row_ldns(const struct message *m)
{
	unsigned int n = 0;
	ldns_rr_list *l;
	ldns_pkt *p;

	if (ldns_wire2pkt(&p, m->octets, m->len) != LDNS_STATUS_OK)
		errx(2, "%s: ldns", m->what);
	l = ldns_pkt_answer(p);
	for (size_t i = 0; i < ldns_rr_list_rr_count(l); i++)
		n += (int)ldns_rr_get_type(ldns_rr_list_rr(l, i)) == m->type;
	ldns_pkt_free(p);
	return n;
}

static const struct {
	const char *name;
	unsigned int (*run)(const struct message *m);
} rows[] = {
	{ "unchecked walk", row_walk }, { "sallyport", row_ours },
	{ "sallyport, with lists", row_lists },
	{ "libresolv", row_libresolv }, { "c-ares", row_ares },
	{ "libknot", row_knot }, { "ldns", row_ldns },
};

/* ---- */

static double time_one(size_t row, const struct message *m)
{
	uint64_t begin = clock_boot();

	for (int i = 0; i < TURNS; i++)
		rows[row].run(m);
	return (double)(clock_boot() - begin) / TURNS;
}

static void measure_message(const struct message *m, FILE *tsv)
{
	char bench[64];
	struct measure all = { .bench = bench, .unit = "ns" };

	snprintf(bench, sizeof(bench), "parse %s", m->what);
	for (size_t i = 0; i < NITEMS(rows); i++)
		measure_row(&all, rows[i].name);
	for (unsigned int i = measure_times(ROUNDS, 2); i > 0; i--)
		for (size_t row = 0; row < NITEMS(rows); row++)
			measure_add(&all, row, time_one(row, m));
	measure_print(&all, rows[0].name, stdout, tsv);
	measure_free(&all);
}

/* All rows agree on what is in it; each runs once. */
static void compare(const struct message *m)
{
	unsigned int found[NITEMS(rows)];

	for (size_t i = 0; i < NITEMS(rows); i++)
		found[i] = rows[i].run(m);
	for (size_t i = 1; i < NITEMS(rows); i++)
		if (found[i] != found[0])
			errx(1, "%s: %s finds %u, %s %u", m->what,
			     rows[i].name, found[i], rows[0].name, found[0]);
}

static void add_net(struct ipnet *nets, uint8_t *n, const char *text)
{
	if (!ipnet_parse(text, &nets[(*n)++]))
		errx(2, "%s", text);
}

/* Both families: own, the link, and of a tunnel: relay, net, resolvers. */
static void fill_lists(struct judge *j)
{
	static const char *const own[] = { "192.168.1.20", "2001:db8::20",
					   "fe80::20" };
	static const char *const onlink[] = { "192.168.1.0/24",
					      "2001:db8::/64", "fe80::/64" };
	static const char *const forbidden[] = {
		"203.0.113.5", "10.64.0.0/16", "fd64::/48", "192.168.1.1",
		"2001:db8::1",
	};

	for (; j->n_own < NITEMS(own); j->n_own++)
		if (!ipaddr_parse(own[j->n_own], &j->own[j->n_own]))
			errx(2, "%s", own[j->n_own]);
	for (size_t i = 0; i < NITEMS(onlink); i++)
		add_net(j->onlink, &j->n_onlink, onlink[i]);
	for (size_t i = 0; i < NITEMS(forbidden); i++)
		add_net(j->forbidden, &j->n_forbidden, forbidden[i]);
}

int main(int argc, char **argv)
{
	bool count = argc == 2 && strcmp(argv[1], "count") == 0;
	FILE *tsv = measure_tsv(argc == 2 && !count ? argv[1] : NULL);

	policy.judge.private = PRIVATE_ANY;
	policy.per_name = ALLOW_PER_NAME;
	laptop = policy;
	fill_lists(&laptop.judge);
	for (size_t i = 0; i < NITEMS(sources); i++) {
		struct message m = make(i);

		compare(&m);
		if (!count)
			measure_message(&m, tsv);
	}
	if (tsv != NULL)
		fclose(tsv);
	return 0;
}
