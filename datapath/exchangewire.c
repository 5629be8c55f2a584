/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * A response is read from a capture, so the kernel knows nothing of it. The
 * socket that a question has for each server only keeps the port: nobody
 * else is given it, and the kernel, which sees a copy, finds an owner for it
 * and does not answer with ICMP. What the socket itself gets is dropped.
 *
 * So the port leads to question and server, and from there everything is as
 * with sockets (exchange.c): source, id, case and all the rest must match.
 */
#include "exchangewire.h"

#include <string.h>

#include "exchangepart.h"
#include "wire.h"

static void count(struct exchange *x, unsigned int which)
{
	counters_add(x->counters, which, 1);
}

/* What it said before has another id: it cannot be taken for the answer. */
static void ask_large(struct exchange *x, struct question *q, unsigned int u,
		      uint64_t now)
{
	struct question_server *s = &q->server[u];

	if (s->large || !exchange_draw(x, q, s)) {
		s->failed = true;
		return;
	}
	s->large = true;
	wire_expect_parts(x->wire, now);
	exchange_send(x, q, u, false, now);
}

static bool is_from(const struct policy_upstream *u, uint32_t ifindex,
		    const struct frame *f)
{
	return u->ifindex == ifindex && f->sport == u->port &&
	       ipaddr_equal(&f->src, &u->addr) &&
	       ipaddr_equal(&f->dst, &u->source);
}

void exchangewire_hear(struct exchange *x, uint32_t ifindex,
		       const struct frame *f, uint64_t now,
		       exchange_heard *heard, void *context)
{
	uint16_t port = ports_number(&x->ports, f->dport,
				     ipaddr_is_v4(&f->dst)), slot;
	struct question *q;
	unsigned int u;

	if (port == PORTS_NONE)
		return;
	/* What only looks at the packet comes before a slot is used for it. */
	if (!is_from(&x->ports.port[port].to, ifindex, f)) {
		count(x, COUNT_BAD_SOURCE);
		return;
	}
	q = exchange_meant(x, port, f->payload, &u);
	if (q == NULL)
		return;
	slot = slots_claim(x->slots);
	if (slot == SLOTS_NONE) {
		count(x, COUNT_FULL);
		return;
	}
	memcpy(slots_data(x->slots, slot), f->payload.p, f->payload.len);
	if (exchange_take(x, q, u, slot, 0, f->payload.len)) {
		if ((q->view.flags & DNSFLAG_TC) == 0) {
			q->slot = slot;
			q->answered = now;
			heard(context, q, u, true);
			return;
		}
		ask_large(x, q, u, now);
	}
	slots_release(x->slots, slot);
	heard(context, q, u, false);
}

void exchangewire_reach(struct exchange *x, uint32_t ifindex,
			const struct ipaddr *hop, uint64_t now)
{
	for (unsigned int i = 0; i < x->n_open; i++) {
		struct question *q = exchange_open(x, i);

		if (q->state != QUESTION_ASKING)
			continue;
		for (unsigned int u = 0; u < q->n_servers; u++) {
			const struct policy_upstream *to;

			if (q->server[u].failed)
				continue;
			to = &x->ports.port[q->server[u].port].to;
			if (to->ifindex == ifindex &&
			    ipaddr_equal(wire_hop(to), hop))
				exchange_send(x, q, u, false, now);
		}
	}
}
