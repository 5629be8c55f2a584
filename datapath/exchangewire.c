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

	if (s->large || !exchange_draw(q, s)) {
		s->failed = true;
		return;
	}
	s->large = true;
	wire_expect_parts(x->wire, now);
	exchange_send(x, q, s, false, now);
}

static struct question *expecting(struct exchange *x, uint16_t port,
				  bool v4, unsigned int *server)
{
	for (unsigned int i = 0; i < QUESTIONS_MAX; i++) {
		struct question *q = &x->question[i];

		if (q->state == QUESTION_FREE)
			continue;
		for (unsigned int u = 0; u < q->n_servers; u++) {
			const struct question_server *s = &q->server[u];

			if (s->fd >= 0 && s->port == port &&
			    ipaddr_is_v4(&s->upstream.addr) == v4) {
				*server = u;
				return q;
			}
		}
	}
	return NULL;
}

static bool is_from(const struct policy_upstream *u, uint32_t ifindex,
		    const struct frame *f)
{
	return u->ifindex == ifindex && f->sport == u->port &&
	       ipaddr_equal(&f->src, &u->addr) &&
	       ipaddr_equal(&f->dst, &u->source);
}

/* What only looks at the packet, before a slot is used for it. */
static bool wanted(struct exchange *x, const struct question *q,
		   unsigned int u, uint32_t ifindex, const struct frame *f)
{
	if (!is_from(&q->server[u].upstream, ifindex, f))
		count(x, COUNT_BAD_SOURCE);
	else if (q->state != QUESTION_ASKING)
		count(x, COUNT_LATE);
	else if (f->payload.len > QUESTION_RESPONSE)
		count(x, PARSE_LONG);
	else
		return true;
	return false;
}

bool exchangewire_hear(struct exchange *x, uint32_t ifindex,
		       const struct frame *f, uint64_t now,
		       struct question **out, unsigned int *server)
{
	struct question *q = expecting(x, f->dport, ipaddr_is_v4(&f->dst),
				       server);
	uint16_t slot;

	*out = q;
	if (q == NULL || !wanted(x, q, *server, ifindex, f))
		return false;
	slot = slots_claim(x->slots);
	if (slot == SLOTS_NONE) {
		count(x, COUNT_FULL);
		return false;
	}
	memcpy(slots_data(x->slots, slot), f->payload.p, f->payload.len);
	if (exchange_take(x, q, *server, slot, 0, f->payload.len)) {
		if ((q->view.flags & DNSFLAG_TC) == 0) {
			q->slot = slot;
			q->answered = now;
			return true;
		}
		ask_large(x, q, *server, now);
	}
	slots_release(x->slots, slot);
	return false;
}

void exchangewire_reach(struct exchange *x, uint32_t ifindex,
			const struct ipaddr *hop, uint64_t now)
{
	for (unsigned int i = 0; i < QUESTIONS_MAX; i++) {
		struct question *q = &x->question[i];

		if (q->state != QUESTION_ASKING)
			continue;
		for (unsigned int u = 0; u < q->n_servers; u++) {
			struct question_server *s = &q->server[u];

			if (!s->failed && s->upstream.ifindex == ifindex &&
			    ipaddr_equal(wire_hop(&s->upstream), hop))
				exchange_send(x, q, s, false, now);
		}
	}
}

static void adopt_way(struct policy_upstream *u, const struct policy *p)
{
	for (unsigned int i = 0; i < p->n_upstreams; i++) {
		const struct policy_upstream *now = &p->upstreams[i];

		if (now->port == u->port && now->ifindex == u->ifindex &&
		    ipaddr_equal(&now->addr, &u->addr))
			*u = *now;
	}
}

void exchangewire_adopt(struct exchange *x, const struct policy *p)
{
	for (unsigned int i = 0; i < QUESTIONS_MAX; i++) {
		struct question *q = &x->question[i];

		if (q->state == QUESTION_ASKING)
			for (unsigned int u = 0; u < q->n_servers; u++)
				adopt_way(&q->server[u].upstream, p);
	}
}
