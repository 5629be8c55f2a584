/* SPDX-License-Identifier: ISC */
#include "leaklog.h"

#include <stdio.h>
#include <string.h>

static uint64_t get(const _Atomic uint64_t *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

/* Counters of an honest process only grow. */
static void grow(uint64_t *n, const _Atomic uint64_t *to)
{
	uint64_t v = get(to);

	if (v > *n)
		*n = v;
}

static void take_counts(struct leaklog_counts *c, const struct book_entries *e)
{
	grow(&c->packets, &e->packets);
	grow(&c->drops, &e->drops);
	grow(&c->settling, &e->settling);
	grow(&c->untold, &e->untold);
	for (unsigned int i = 0; i < BOOK_CLASSES; i++)
		grow(&c->classes[i], &e->classes[i]);
	for (unsigned int i = 0; i < BOOK__N; i++)
		grow(&c->kinds[i], &e->kinds[i]);
}

static bool same(const struct leaklog_flow *a, const struct leaklog_flow *b)
{
	return a->protocol == b->protocol && a->ethertype == b->ethertype &&
	       a->from_port == b->from_port && a->to_port == b->to_port &&
	       ipaddr_equal(&a->from, &b->from) && ipaddr_equal(&a->to, &b->to);
}

/* Of a process that is gone; NULL: never seen. */
static struct leaklog_flow *find_old(struct leaklog *l,
				     const struct leaklog_flow *f)
{
	for (unsigned int i = 0; i < l->n; i++)
		if (!l->flow[i].live && same(&l->flow[i], f))
			return &l->flow[i];
	return NULL;
}

static struct leaklog_flow copy(const struct book_flow *f, uint32_t nth)
{
	return (struct leaklog_flow){
		.from = f->from, .to = f->to,
		.from_port = f->from_port, .to_port = f->to_port,
		.ethertype = f->ethertype, .protocol = f->protocol,
		.live = true, .nth = (uint16_t)nth, .first = f->first,
		.packets = get(&f->packets), .ifindex = f->ifindex,
	};
}

static void take_flow(struct leaklog *l, const struct book_flow *from,
		      uint32_t nth, leaklog_new *tell, void *context)
{
	struct leaklog_flow f = copy(from, nth), *old = find_old(l, &f);

	if (old != NULL) {
		old->live = true;
		old->nth = f.nth;
		return;
	}
	l->flows++;
	if (l->n == LEAKLOG_FLOWS) {
		tell(context, &f, false);
		return;
	}
	l->flow[l->n] = f;
	tell(context, &l->flow[l->n++], true);
}

bool leaklog_take(struct leaklog *l, const struct book_entries *e,
		  leaklog_new *tell, void *context)
{
	/* A1, pairs with R1 in datapath/capture.c: flows below n are whole. */
	uint32_t n = atomic_load_explicit(&e->n, memory_order_acquire);
	uint32_t end;

	if (n > LEAKS_MAX)
		n = LEAKS_MAX;
	take_counts(&l->now, e);
	end = n < l->taken + LEAKLOG_TAKE ? n : l->taken + LEAKLOG_TAKE;
	for (; l->taken < end; l->taken++)
		take_flow(l, &e->flow[l->taken], l->taken, tell, context);
	for (unsigned int i = 0; i < l->n; i++) {
		struct leaklog_flow *f = &l->flow[i];
		uint64_t packets;

		if (!f->live)
			continue;
		packets = f->before + get(&e->flow[f->nth].packets);
		if (packets > f->packets)
			f->packets = packets;
	}
	return l->taken < n;
}

static void add(struct leaklog_counts *to, const struct leaklog_counts *c)
{
	to->packets += c->packets;
	to->drops += c->drops;
	to->settling += c->settling;
	to->untold += c->untold;
	for (unsigned int i = 0; i < BOOK_CLASSES; i++)
		to->classes[i] += c->classes[i];
	for (unsigned int i = 0; i < BOOK__N; i++)
		to->kinds[i] += c->kinds[i];
}

void leaklog_end(struct leaklog *l)
{
	add(&l->gone, &l->now);
	memset(&l->now, 0, sizeof(l->now));
	l->taken = 0;
	for (unsigned int i = 0; i < l->n; i++) {
		l->flow[i].live = false;
		l->flow[i].before = l->flow[i].packets;
	}
}

void leaklog_sum(const struct leaklog *l, struct leaklog_counts *sum)
{
	*sum = l->gone;
	add(sum, &l->now);
}

/* IANA protocol numbers that people know by name. */
static const struct {
	uint8_t number;
	const char *name;
} protocols[] = {
	{ 1, "icmp" }, { 2, "igmp" }, { 4, "ipip" }, { 6, "tcp" },
	{ 17, "udp" }, { 41, "ipv6" }, { 47, "gre" }, { 50, "esp" },
	{ 51, "ah" }, { 58, "icmpv6" }, { 132, "sctp" },
};

const char *leaklog_protocol(const struct leaklog_flow *f,
			     char text[static LEAKLOG_PROTOCOL])
{
	snprintf(text, LEAKLOG_PROTOCOL, "%u", f->protocol);
	for (size_t i = 0; i < NITEMS(protocols); i++)
		if (protocols[i].number == f->protocol)
			snprintf(text, LEAKLOG_PROTOCOL, "%s",
				 protocols[i].name);
	if (f->ethertype != 0)
		snprintf(text, LEAKLOG_PROTOCOL, "ethertype %04x",
			 f->ethertype);
	return text;
}

static void end_text(const struct ipaddr *a, uint16_t port, char *text,
		     size_t size)
{
	char addr[IPADDR_TEXT];
	bool v6 = !ipaddr_is_v4(a);

	ipaddr_text(a, addr);
	if (port == 0)
		snprintf(text, size, "%s", addr);
	else
		snprintf(text, size, "%s%s%s:%u", v6 ? "[" : "", addr,
			 v6 ? "]" : "", port);
}

const char *leaklog_text(const struct leaklog_flow *f,
			 char text[static LEAKLOG_TEXT])
{
	char protocol[LEAKLOG_PROTOCOL], from[64], to[64];

	leaklog_protocol(f, protocol);
	end_text(&f->from, f->from_port, from, sizeof(from));
	end_text(&f->to, f->to_port, to, sizeof(to));
	if (f->ethertype != 0)
		snprintf(text, LEAKLOG_TEXT, "%s", protocol);
	else
		snprintf(text, LEAKLOG_TEXT, "%s %s -> %s", protocol, from,
			 to);
	return text;
}
