/* SPDX-License-Identifier: ISC */
/*
 * Packets as the capture hands them over, rules as control publishes them.
 * Times are seconds and parts of them after T.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "capture.h"
#include "clock.h"
#include "wire.h"

enum { TCP = 6, UDP = 17, ETH0 = 2, TUN0 = 3 };
static const uint64_t T = 1000 * CLOCK_S;

static const char own[] = "192.168.1.2", server[] = "192.168.1.1",
	relay[] = "198.51.100.51", probe[] = "203.0.113.1",
	other[] = "203.0.113.9";

static struct book_control control;
static struct book_entries entries;
static struct book_rules rules;
static struct capture capture;

static struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	cr_assert(ipaddr_parse(text, &a), "%s", text);
	return a;
}

static void publish(double since)
{
	rules.since = (uint64_t)((int64_t)T + (int64_t)(since * 1e9));
	book_publish(&control, &rules);
}

/* Blocked with a door since long ago; one tunnel interface. */
static void setup(void)
{
	struct policy *p = &rules.policy;
	struct wire name = { .len = 0 };

	memset(&control, 0, sizeof(control));
	memset(&entries, 0, sizeof(entries));
	memset(&rules, 0, sizeof(rules));
	allow_init(&control.allow, 1);
	allow_set_epoch(&control.allow, 1);
	wire_name(&name, "captive.apple.com");
	memcpy(p->names[0].wire, name.b, name.len);
	p->names[0].len = (uint8_t)name.len;
	p->n_names = 1;
	p->ttl_max = TTL_MAX;
	p->upstreams[0].addr = addr(server);
	p->upstreams[0].port = 53;
	p->n_upstreams = 1;
	rules.door = 1;
	rules.ports[rules.n_ports++] = 80;
	rules.ignored[rules.n_ignored++] = TUN0;
	capture_init(&capture, &control, &entries);
	publish(-100);
}

TestSuite(capture, .init = setup);

/* ---- packets */

struct sent {
	const char *from, *to;
	uint16_t sport, dport;
	uint8_t protocol;
	uint16_t fragment;	/* of the IPv4 header */
	uint32_t ifindex;	/* 0: ETH0 */
	bool in;
};

static void head(struct wire *w, const struct sent *s, size_t len)
{
	struct ipaddr src = addr(s->from), dst = addr(s->to);

	w->len = 0;
	wire_16(w, 0x0800);
	wire_16(w, 0);
	wire_16(w, 0);
	wire_16(w, s->ifindex != 0 ? s->ifindex : ETH0);
	wire_16(w, 1);
	wire_put(w, s->in ? "\0\6" : "\4\6", 2);
	wire_put(w, "\2\0\0\0\0\1\0\0", 8);
	wire_16(w, 0x4500);
	wire_16(w, (unsigned int)(20 + len));
	wire_16(w, 77);
	wire_16(w, s->fragment);
	wire_put(w, "\100", 1);
	wire_put(w, &s->protocol, 1);
	wire_16(w, 0);
	wire_put(w, src.b + 12, 4);
	wire_put(w, dst.b + 12, 4);
}

/* A transport header unless this is a later fragment. */
static void build(struct wire *w, const struct sent *s, struct slice payload)
{
	bool later = (s->fragment & 0x1fff) != 0;
	size_t header = later ? 0 : s->protocol == TCP ? 20 : 8;

	head(w, s, header + payload.len);
	if (!later) {
		wire_16(w, s->sport);
		wire_16(w, s->dport);
	}
	if (!later && s->protocol == UDP) {
		wire_16(w, (unsigned int)(8 + payload.len));
		wire_16(w, 0);
	} else if (!later) {
		wire_put(w, "\0\0\0\1\0\0\0\0\x50\x18\xff\xff\0\0\0\0", 16);
	}
	wire_put(w, payload.p, payload.len);
}

static const struct slice some = { (const uint8_t *)"0123456789abcdef", 16 };

static void packet(double at, const struct sent *s, struct slice payload)
{
	struct wire w;

	build(&w, s, payload);
	capture_packet(&capture, wire_slice(&w), T + (uint64_t)(at * 1e9));
}

static uint64_t class(enum ledger_class c)
{
	return atomic_load(&entries.classes[c]);
}

/* What one more packet was counted as; LEDGER__N: not at all. */
static enum ledger_class classified(double at, const struct sent *s,
				    struct slice payload)
{
	uint64_t before[LEDGER__N];
	enum ledger_class found = LEDGER__N;

	for (unsigned int i = 0; i < LEDGER__N; i++)
		before[i] = class(i);
	packet(at, s, payload);
	for (unsigned int i = 0; i < LEDGER__N; i++)
		if (class(i) == before[i] + 1)
			found = i;
	return found;
}

static const struct sent leak = { own, other, 5000, 99, UDP, 0, 0, false };

/* ---- */

Test(capture, a_leak_is_written_down_once_and_counted_each_time)
{
	const struct book_flow *f = &entries.flow[0];
	struct ipaddr to = addr(other);

	cr_expect_eq(classified(1, &leak, some), LEDGER_LEAK);
	cr_expect(capture.news);
	capture.news = false;
	cr_expect_eq(classified(2, &leak, some), LEDGER_LEAK);
	cr_expect(!capture.news);
	cr_expect_eq(entries.n, 1);
	cr_expect_eq(f->packets, 2);
	cr_expect_eq(f->first, T + CLOCK_S);
	cr_expect_eq(f->to_port, 99);
	cr_expect_eq(f->ifindex, ETH0);
	cr_expect(ipaddr_equal(&f->to, &to));
	cr_expect_eq(entries.kinds[BOOK_UDP], 2);
	cr_expect_eq(entries.packets, 2);
}

Test(capture, links)
{
	static const struct {
		const char *what;
		uint32_t ifindex;
		enum ledger_class want;
	} rows[] = {
		{ "hardware", ETH0, LEDGER_LEAK },
		{ "the tunnel", TUN0, LEDGER_LOCAL },
		{ "nobody knows it", 99, LEDGER_LEAK },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct sent s = leak;

		s.ifindex = rows[i].ifindex;
		cr_expect_eq(classified(1, &s, some), rows[i].want, "%s",
			     rows[i].what);
	}
	capture.only[capture.n_only++] = 99;
	cr_expect_eq(classified(1, &leak, some), LEDGER_LOCAL, "only 99");
}

Test(capture, what_waited_in_a_queue_when_the_block_came)
{
	capture_init(&capture, &control, &entries);
	atomic_store(&control.seq, 0);
	publish(0);
	cr_expect_eq(classified(0.5, &leak, some), LEDGER__N);
	cr_expect_eq(entries.settling, 1);
	cr_expect_eq(entries.n, 0);
	cr_expect_eq(classified(1.5, &leak, some), LEDGER_LEAK);
}

Test(capture, rules_count_for_a_second_after_they_are_gone)
{
	const struct sent s = { own, relay, 9, 51820, UDP, 0, 0, false };

	rules.relays[rules.n_relays++] = (struct book_relay){
		addr(relay), 51820, UDP };
	publish(0);
	cr_expect_eq(classified(0.1, &s, some), LEDGER_RELAY);
	rules.n_relays = 0;
	publish(5);
	cr_expect_eq(classified(5.9, &s, some), LEDGER_RELAY, "queued");
	cr_expect_eq(classified(6.1, &s, some), LEDGER_LEAK);
	/* A later change does not bring them back. */
	publish(7);
	cr_expect_eq(classified(7.1, &s, some), LEDGER_LEAK);
}

/* Published and taken back while no packet was looked at. */
static enum ledger_class in_between(unsigned int later)
{
	const struct sent s = { own, relay, 9, 51820, UDP, 0, 0, false };

	cr_expect_eq(classified(0.5, &s, some), LEDGER_LEAK);
	rules.relays[rules.n_relays++] = (struct book_relay){
		addr(relay), 51820, UDP };
	publish(1);
	rules.n_relays = 0;
	for (unsigned int i = 0; i < later; i++)
		publish(1.01);
	return classified(1.005, &s, some);
}

Test(capture, rules_that_nobody_looked_at_count_too)
{
	cr_expect_eq(in_between(1), LEDGER_RELAY);
}

Test(capture, as_many_rules_count_as_there_is_room_for)
{
	cr_expect_eq(in_between(BOOK_PAST - 2), LEDGER_RELAY);
}

Test(capture, rules_before_those_are_gone)
{
	cr_expect_eq(in_between(BOOK_PAST), LEDGER_LEAK);
}

Test(capture, rules_that_are_new_count_at_once)
{
	const struct sent s = { own, relay, 9, 51820, UDP, 0, 0, false };

	cr_expect_eq(classified(1, &s, some), LEDGER_LEAK);
	rules.relays[rules.n_relays++] = (struct book_relay){
		addr(relay), 51820, UDP };
	publish(2);
	cr_expect_eq(classified(2, &s, some), LEDGER_RELAY);
}

Test(capture, addresses_count_by_the_packets_own_time)
{
	const struct sent s = { own, probe, 5000, 80, TCP, 0, 0, false };
	struct ipaddr a = addr(probe);

	cr_expect_eq(classified(1, &s, some), LEDGER_LEAK, "not open");
	cr_assert_eq(allow_insert(&control.allow, &a, T + 30 * CLOCK_S, T), 0);
	cr_expect_eq(classified(2, &s, some), LEDGER_GRANTED);
	/* Closed at 10 s; a packet of before is read later. */
	cr_assert_eq(allow_insert(&control.allow, &a, T + 11 * CLOCK_S, T), 0);
	cr_expect_eq(classified(10.9, &s, some), LEDGER_GRANTED);
	cr_expect_eq(classified(11.1, &s, some), LEDGER_LEAK);
	/* Without a door, not even an open one. */
	rules.door = 0;
	publish(3);
	cr_expect_eq(classified(5, &s, some), LEDGER_LEAK);
}

/* ---- DNS */

static struct slice asks(struct wire *w, uint16_t id, const char *name)
{
	wire_start(w, id, DNSFLAG_RD, name, DNSTYPE_A);
	return wire_slice(w);
}

Test(capture, questions)
{
	static const struct {
		const char *what, *to, *name;
		enum ledger_class want;
	} rows[] = {
		{ "allowed", server, "captive.apple.com", LEDGER_UPSTREAM },
		{ "in odd case", server, "CapTive.aPPle.com",
		  LEDGER_UPSTREAM },
		{ "another name", server, "www.apple.com", LEDGER_LEAK },
		{ "below it", server, "x.captive.apple.com", LEDGER_LEAK },
		{ "another server", other, "captive.apple.com", LEDGER_LEAK },
	};
	struct wire w;

	for (size_t i = 0; i < NITEMS(rows); i++) {
		const struct sent s = { own, rows[i].to, 5000, 53, UDP, 0, 0,
					false };

		cr_expect_eq(classified(1, &s, asks(&w, 7, rows[i].name)),
			     rows[i].want, "%s", rows[i].what);
	}
}

Test(capture, no_question_without_a_door_or_servers)
{
	const struct sent s = { own, server, 5000, 53, UDP, 0, 0, false };
	struct wire w;

	rules.policy.n_upstreams = 0;
	publish(-50);
	cr_expect_eq(classified(1, &s, asks(&w, 7, "captive.apple.com")),
		     LEDGER_LEAK, "no server");
	rules.policy.n_upstreams = 1;
	rules.door = 0;
	publish(-40);
	cr_expect_eq(classified(1, &s, asks(&w, 7, "captive.apple.com")),
		     LEDGER_LEAK, "no door");
}

static struct slice framed(struct wire *out, const char *name, size_t more)
{
	struct wire w;
	struct slice m = asks(&w, 7, name);

	out->len = 0;
	wire_16(out, (unsigned int)(m.len + more));
	wire_put(out, m.p, m.len);
	return wire_slice(out);
}

Test(capture, questions_by_tcp)
{
	const struct sent s = { own, server, 5000, 53, TCP, 0, 0, false };
	const struct slice none = { some.p, 0 };
	struct wire w, p;

	cr_expect_eq(classified(1, &s, none), LEDGER_UPSTREAM, "no octet");
	cr_expect_eq(classified(1, &s, framed(&w, "captive.apple.com", 0)),
		     LEDGER_UPSTREAM);
	cr_expect_eq(classified(1, &s, framed(&w, "www.apple.com", 0)),
		     LEDGER_LEAK);
	cr_expect_eq(classified(1, &s, framed(&w, "captive.apple.com", 1)),
		     LEDGER_LEAK, "a part");
	cr_expect_eq(classified(1, &s, some), LEDGER_LEAK, "no message");
	/* What the capture has cut may say anything. */
	build(&p, &s, framed(&w, "captive.apple.com", 0));
	p.len -= w.len;
	capture_packet(&capture, wire_slice(&p), T + CLOCK_S);
	cr_expect_eq(class(LEDGER_LEAK), 4, "cut");
}

Test(capture, names_that_an_answer_leads_to)
{
	const struct sent out = { own, server, 5000, 53, UDP, 0, 0, false };
	struct sent in = { server, own, 53, 5000, UDP, 0, 0, true };
	struct wire w, q;

	wire_start(&w, 7, DNSFLAG_QR, "captive.apple.com", DNSTYPE_A);
	wire_cname(&w, "captive.apple.com", 60, "cdn.example.net");
	wire_addr(&w, "cdn.example.net", 60, "203.0.113.1");
	packet(1, &in, wire_slice(&w));
	cr_expect_eq(classified(1, &out, asks(&q, 8, "cdn.example.net")),
		     LEDGER_LEAK, "nobody had asked");
	cr_expect_eq(classified(1, &out, asks(&q, 7, "captive.apple.com")),
		     LEDGER_UPSTREAM);
	in.dport = 5001;
	packet(1.1, &in, wire_slice(&w));
	cr_expect_eq(classified(1.2, &out, asks(&q, 8, "cdn.example.net")),
		     LEDGER_LEAK, "another port");
	in.dport = 5000;
	packet(1.1, &in, wire_slice(&w));
	cr_expect_eq(classified(1.2, &out, asks(&q, 8, "cdn.example.net")),
		     LEDGER_UPSTREAM);
}

/* ---- fragments */

Test(capture, fragments_are_what_the_first_one_is)
{
	struct sent first = { own, relay, 9, 51820, UDP, 0x2000, 0, false };
	struct sent later = { own, relay, 9, 51820, UDP, 3, 0, false };

	rules.relays[rules.n_relays++] = (struct book_relay){
		addr(relay), 51820, UDP };
	publish(0);
	cr_expect_eq(classified(1, &later, some), LEDGER_LEAK, "alone");
	cr_expect_eq(classified(2, &first, some), LEDGER_RELAY);
	cr_expect_eq(classified(2, &later, some), LEDGER_RELAY);
	cr_expect_eq(classified(4, &later, some), LEDGER_LEAK, "too late");
	first.to = later.to = other;
	cr_expect_eq(classified(5, &first, some), LEDGER_LEAK);
	cr_expect_eq(classified(5, &later, some), LEDGER_LEAK);
	cr_expect_eq(entries.n, 2, "one flow, the later ones' ports known");
	cr_expect_eq(entries.flow[1].packets, 2);
	cr_expect_eq(entries.kinds[BOOK_FRAGMENT], 4);
}

/* ---- bounds */

Test(capture, a_flood_of_flows)
{
	enum { FLOWS = 3 * LEAKS_MAX };

	for (unsigned int i = 0; i < FLOWS; i++) {
		struct sent s = leak;

		s.sport = (uint16_t)(i + 1);
		packet(1, &s, some);
	}
	cr_expect_eq(class(LEDGER_LEAK), FLOWS);
	cr_expect_leq(entries.n, LEAKS_MAX);
	cr_expect_eq(entries.n + entries.untold, FLOWS);
}

Test(capture, nothing_is_judged_without_rules)
{
	static struct book_control none;

	capture_init(&capture, &none, &entries);
	packet(1, &leak, some);
	cr_expect_eq(entries.packets, 0);
}

Test(capture, packets_cut_anywhere)
{
	struct wire w;

	build(&w, &leak, some);
	for (size_t n = 0; n <= w.len; n++)
		capture_packet(&capture, (struct slice){ w.b, n },
			       T + CLOCK_S);
	/* All that have their link header. */
	cr_expect_eq(entries.packets, w.len - 20 + 1);
	cr_expect_eq(class(LEDGER_LEAK) + class(LEDGER_UNREAD),
		     w.len - 20 + 1);
}
