/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * Who is asked what was allowed is control, and it says so early: rules that
 * allow more are published before the firewall has them, and addresses are in
 * the table before the kernel's set. It takes things back late: after the
 * firewall did, and then they count for BOOK_GRACE_MS more. So what the
 * firewall let through is never a leak, whenever its packet is read.
 *
 * The price is small: for that second, a packet that went past the firewall
 * to what had just been allowed is not told from one that went through it.
 *
 * The rules are looked at again before a leak is written down: the packet may
 * be younger than the last look.
 */
#include "capture.h"

#include <string.h>

#include "chain.h"
#include "clock.h"
#include "dnsmsg.h"
#include "verdict.h"

enum { ICMP = 1, ICMPV6 = 58 };
enum { SLL2_HEADER = 20, SLL2_IFINDEX = 4 };

static const uint64_t GRACE = BOOK_GRACE_MS * CLOCK_MS;
/* Fragments leave one behind the other. */
static const uint64_t PART_NS = 1 * CLOCK_S;
static const uint64_t ANSWER_NS = UPSTREAM_DEADLINE_MS * CLOCK_MS;

_Static_assert((int)LEDGER__N <= (int)BOOK_CLASSES, "room for all");
_Static_assert((int)LEDGER_PORTS == (int)BOOK_PORTS &&
	       (int)LEDGER_RELAYS == (int)BOOK_RELAYS, "the same lists");

/* The only writer: nobody else's increments can be lost. */
static void count(_Atomic uint64_t *n)
{
	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) +
			      1, memory_order_relaxed);
}

void capture_init(struct capture *c, const struct book_control *control,
		  struct book_entries *entries)
{
	memset(c, 0, sizeof(*c));
	c->control = control;
	c->entries = entries;
	leaks_init(&c->leaks);
}

/* ---- rules */

/* All that were published since: any of them may have let a packet out. */
static bool refresh(struct capture *c)
{
	unsigned int next = (c->newest + 1) % BOOK_PAST;
	bool any = false;

	while (book_next(c->control, &c->seen, &c->rules[next])) {
		any = true;
		c->newest = next;
		if (c->n == 0)
			c->born = c->rules[next].since;
		if (c->n < BOOK_PAST)
			c->n++;
		next = (next + 1) % BOOK_PAST;
	}
	if (any)	/* they may lie where those were */
		c->ledger.policy = NULL;
	return any;
}

static const struct book_rules *past(const struct capture *c, unsigned int i)
{
	return &c->rules[(c->newest + BOOK_PAST - i) % BOOK_PAST];
}

static uint16_t at_most(uint16_t n, uint16_t max)
{
	return n < max ? n : max;
}

static void use(struct capture *c, const struct book_rules *r)
{
	struct ledger *l = &c->ledger;

	if (l->policy == &r->policy)
		return;
	l->policy = &r->policy;
	l->allow = &c->control->allow;
	l->lan = r->lan != 0;
	/* Without a door, none of its ports. */
	l->n_ports = r->door ? at_most(r->n_ports, LEDGER_PORTS) : 0;
	memcpy(l->ports, r->ports, sizeof(l->ports));
	l->n_relays = at_most(r->n_relays, LEDGER_RELAYS);
	for (unsigned int i = 0; i < l->n_relays; i++)
		l->relays[i] = (struct ledger_relay){
			.addr = r->relays[i].addr, .port = r->relays[i].port,
			.protocol = (uint8_t)r->relays[i].protocol,
		};
}

static bool counts(const struct capture *c, const struct book_rules *r,
		   uint32_t ifindex)
{
	unsigned int n = at_most(r->n_ignored, BOOK_IGNORED);

	for (unsigned int i = 0; i < c->n_only; i++)
		if (c->only[i] == ifindex)
			return true;
	if (c->n_only > 0)
		return false;
	for (unsigned int i = 0; i < n; i++)
		if (r->ignored[i] == ifindex)
			return false;
	return true;
}

/* ---- DNS */

static void remember(struct capture *c, const struct frame *f, uint16_t id,
		     uint64_t time)
{
	c->asked[c->next_asked++ % CAPTURE_ASKED] = (struct capture_asked){
		.server = f->dst, .time = time, .id = id, .port = f->sport,
	};
}

static bool allowed(struct capture *c, const struct frame *f,
		    const struct book_rules *r, struct slice msg,
		    uint64_t time)
{
	uint8_t name[DNSNAME_MAX];
	enum verdict v;
	struct dnsmsg m;

	if (msg.len > SLOT_SIZE || dnsmsg_read(msg, &m) != PARSE_OK)
		return false;
	v = verdict_query(&m, &r->policy, &c->learnt, time, name);
	if (v != VERDICT_ASK)
		return false;
	remember(c, f, m.id, time);
	return true;
}

/*
 * TCP: our own questions leave whole, in one segment (exchange.c). What is
 * only a part of a message is nobody's that may ask.
 */
static enum ledger_dns segment(struct capture *c, const struct frame *f,
			       const struct book_rules *r, uint64_t time)
{
	struct slice s = f->payload;

	if (s.len == 0)
		return LEDGER_SILENT;
	while (s.len > 0) {
		size_t n;

		if (!slice_has(s, 0, 2))
			return LEDGER_REFUSED;
		n = slice_be16(s, 0);
		if (!slice_has(s, 2, n) ||
		    !allowed(c, f, r, slice_sub(s, 2, n), time))
			return LEDGER_REFUSED;
		s = slice_sub(s, 2 + n, s.len - 2 - n);
	}
	return LEDGER_ALLOWED;
}

static enum ledger_dns question(struct capture *c,
				const struct frame_glance *g,
				const struct book_rules *r, uint64_t time)
{
	const struct frame *f = &g->f;

	if (!r->door || r->policy.n_upstreams == 0 || f->fragment || c->cut ||
	    !ledger_upstream(&c->ledger, &f->dst))
		return LEDGER_REFUSED;
	if (f->protocol == FRAME_TCP)
		return segment(c, f, r, time);
	return allowed(c, f, r, f->payload, time) ? LEDGER_ALLOWED :
						    LEDGER_REFUSED;
}

static bool was_asked(const struct capture *c, const struct frame *f,
		      uint16_t id, uint64_t time)
{
	for (unsigned int i = 0; i < CAPTURE_ASKED; i++) {
		const struct capture_asked *a = &c->asked[i];

		if (a->time != 0 && a->id == id && a->port == f->dport &&
		    time - a->time < ANSWER_NS &&
		    ipaddr_equal(&a->server, &f->src))
			return true;
	}
	return false;
}

/* The names an answer leads to may be asked for, as in the resolver. */
static void answer(struct capture *c, const struct frame *f, uint64_t time)
{
	const struct book_rules *r = past(c, 0);
	uint8_t name[DNSNAME_MAX];
	struct chain chain;
	struct dnsmsg m;
	size_t len;

	if (!f->ports || c->cut || f->payload.len > SLOT_SIZE ||
	    dnsmsg_read(f->payload, &m) != PARSE_OK ||
	    (m.flags & DNSFLAG_QR) == 0 || !was_asked(c, f, m.id, time))
		return;
	len = dnsname_unpack(&m.qname, name);
	if (!verdict_allowed(&r->policy, &c->learnt, time, name, len) ||
	    chain_read(&m, &chain) != CHAIN_OK)
		return;
	for (unsigned int i = 0; i < chain.n_hops; i++)
		(void)learnt_add(&c->learnt, &chain.hops[i],
				 time + r->policy.ttl_max * CLOCK_S, time);
}

/* ---- fragments */

static bool same_part(const struct capture_part *p, const struct frame *f)
{
	return p->id == f->part.id && p->protocol == f->protocol &&
	       ipaddr_equal(&p->from, &f->src) &&
	       ipaddr_equal(&p->to, &f->dst);
}

static const struct capture_part *find_part(const struct capture *c,
					    const struct frame *f,
					    uint64_t time)
{
	for (unsigned int i = 0; i < CAPTURE_PARTS; i++) {
		const struct capture_part *p = &c->parts[i];

		if (p->time != 0 && time - p->time < PART_NS &&
		    same_part(p, f))
			return p;
	}
	return NULL;
}

/* Its other fragments have no ports: they are what this one is. */
static void keep_part(struct capture *c, const struct frame *f,
		      enum ledger_class class, uint64_t time)
{
	c->parts[c->next_part++ % CAPTURE_PARTS] = (struct capture_part){
		.from = f->src, .to = f->dst, .time = time, .id = f->part.id,
		.from_port = f->sport, .to_port = f->dport,
		.protocol = f->protocol, .class = (uint8_t)class,
	};
}

/* ---- one packet */

static enum ledger_class judge_by(struct capture *c,
				  const struct frame_glance *g,
				  const struct book_rules *r, uint64_t time)
{
	enum ledger_dns dns = LEDGER_SILENT;

	use(c, r);
	if (g->depth == FRAME_IP && g->f.ports &&
	    ledger_dns_port(&c->ledger, g->f.dport))
		dns = question(c, g, r, time);
	return ledger_classify(&c->ledger, LINK_SLL2, g, dns, time);
}

/* By the rules in force when it left, or a little before. */
static enum ledger_class judge(struct capture *c, const struct frame_glance *g,
			       uint32_t ifindex, uint64_t time)
{
	enum ledger_class class = LEDGER_LEAK;

	for (unsigned int i = 0; i < c->n; i++) {
		const struct book_rules *r = past(c, i);
		enum ledger_class by;

		if (i > 0 && time > past(c, i - 1)->since + GRACE)
			break;
		by = counts(c, r, ifindex) ? judge_by(c, g, r, time) :
					     LEDGER_LOCAL;
		if (!ledger_leaks(by))
			return by;
		if (i == 0)
			class = by;
	}
	return class;
}

static enum book_kind kind_of(const struct frame_glance *g)
{
	if (g->depth != FRAME_IP)
		return BOOK_LINK;
	if (g->f.fragment)
		return BOOK_FRAGMENT;
	switch (g->f.protocol) {
	case FRAME_TCP:
		return BOOK_TCP;
	case FRAME_UDP:
		return BOOK_UDP;
	case ICMP:
		return BOOK_ICMP;
	case ICMPV6:
		return BOOK_ICMPV6;
	default:
		return BOOK_OTHER;
	}
}

static void write_flow(struct capture *c, const struct leak *l,
		       uint32_t ifindex, uint64_t time)
{
	struct book_flow *f = &c->entries->flow[l->nth];

	f->from = l->from.addr;
	f->to = l->to.addr;
	f->from_port = l->from.port;
	f->to_port = l->to.port;
	f->ethertype = l->ethertype;
	f->protocol = l->protocol;
	f->ifindex = ifindex;
	f->first = time;
	atomic_store_explicit(&f->packets, 1, memory_order_relaxed);
	/* R1, pairs with A1 in control/leaklog.c: the flow is written. */
	atomic_store_explicit(&c->entries->n, l->nth + 1u,
			      memory_order_release);
	c->news = true;
}

static void write_leak(struct capture *c, const struct frame_glance *g,
		       const struct capture_part *part, uint32_t ifindex,
		       uint64_t time)
{
	struct leak key = { .ethertype = g->depth == FRAME_IP ? 0 :
					 g->ethertype };

	if (g->depth == FRAME_IP) {
		key.protocol = g->f.protocol;
		key.from.addr = g->f.src;
		key.to.addr = g->f.dst;
		if (g->f.ports || part != NULL) {
			key.from.port = g->f.ports ? g->f.sport :
						     part->from_port;
			key.to.port = g->f.ports ? g->f.dport : part->to_port;
		}
	}
	count(&c->entries->kinds[kind_of(g)]);
	switch (leaks_add(&c->leaks, &key, false)) {
	case LEAKS_NEW:
		write_flow(c, c->leaks.last, ifindex, time);
		break;
	case LEAKS_KNOWN:
		atomic_store_explicit(
			&c->entries->flow[c->leaks.last->nth].packets,
			c->leaks.last->packets, memory_order_relaxed);
		break;
	case LEAKS_BACK:
	case LEAKS_FULL:
		count(&c->entries->untold);
		break;
	}
}

static void read_glance(struct capture *c, struct slice packet,
			struct frame_glance *g)
{
	enum parse why = frame_read(LINK_SLL2, packet, &g->f);

	g->depth = FRAME_IP;
	g->ethertype = 0;
	c->cut = why != PARSE_OK && why != PARSE_FRAGMENT;
	if (c->cut)
		frame_glance(LINK_SLL2, packet, g);
}

static void settle(struct capture *c, const struct frame_glance *g,
		   uint32_t ifindex, uint64_t time)
{
	const struct capture_part *part = NULL;
	bool later = g->depth == FRAME_IP && g->f.fragment && !g->f.ports;
	enum ledger_class class;

	if (later)
		part = find_part(c, &g->f, time);
	class = part != NULL ? part->class : judge(c, g, ifindex, time);
	/* The rules may have moved since this round began. */
	if (ledger_leaks(class) && part == NULL && refresh(c))
		class = judge(c, g, ifindex, time);
	if (g->depth == FRAME_IP && g->f.fragment && g->f.ports)
		keep_part(c, &g->f, class, time);
	if (ledger_leaks(class) && time < c->born + GRACE) {
		count(&c->entries->settling);
		return;
	}
	count(&c->entries->classes[class]);
	if (ledger_leaks(class))
		write_leak(c, g, part, ifindex, time);
}

void capture_packet(struct capture *c, struct slice packet, uint64_t time)
{
	struct frame_glance g = { .depth = FRAME_NOTHING };

	(void)refresh(c);
	/* Our own header, which the kernel writes; nothing to judge by yet. */
	if (!slice_has(packet, 0, SLL2_HEADER) || c->n == 0)
		return;
	count(&c->entries->packets);
	read_glance(c, packet, &g);
	if (g.depth == FRAME_IP && !g.f.outgoing)
		answer(c, &g.f, time);
	settle(c, &g, slice_be32(packet, SLL2_IFINDEX), time);
}
