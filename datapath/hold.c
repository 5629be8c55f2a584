/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * Everybody who waits for a question stands on its list of askers. Its answer
 * lies in the question's slot (QUESTION_HELD) from the grant until the ack:
 * nothing of it leaves before, and without an ack in time nothing at all.
 * What is released also goes into the cache. The lists, the slots and the
 * ring are of fixed size; whoever finds one full gets SERVFAIL.
 *
 * Who floods one question must not keep the clients of others from waiting:
 * ASKERS_SURE places of each question in the table are always there, and only
 * what is left beyond these goes to whoever comes first.
 */
#include "hold.h"

#include <string.h>

#include "clock.h"
#include "loop.h"

enum { ASKERS_KEPT = QUESTIONS_MAX * ASKERS_SURE };
_Static_assert((int)ASKERS_KEPT < (int)ASKERS_MAX, "and some to share");

static void count(struct loop *l, unsigned int which)
{
	counters_add(l->counters, which, 1);
}

void hold_init(struct loop *l)
{
	for (unsigned int i = 0; i < ASKERS_MAX; i++)
		l->asker[i].next = (uint16_t)(i + 1);
	l->asker[ASKERS_MAX - 1].next = ASKERS_NONE;
	l->free_asker = 0;
	l->n_free_askers = ASKERS_MAX;
}

bool hold_join(struct loop *l, struct question *q, const struct ask *ask,
	       const struct client *from)
{
	uint16_t i = l->free_asker;

	if (i == ASKERS_NONE || (q->n_askers >= ASKERS_SURE &&
				 l->n_free_askers <= ASKERS_KEPT)) {
		count(l, COUNT_FULL);
		return false;
	}
	l->n_free_askers--;
	q->n_askers++;
	l->free_asker = l->asker[i].next;
	l->asker[i].ask = *ask;
	l->asker[i].from = *from;
	l->asker[i].next = q->askers;
	q->askers = i;
	return true;
}

/* The next one who waits for q, taken off its list; NULL when all are. */
static struct asker *unjoin(struct loop *l, struct question *q)
{
	uint16_t i = q->askers;

	if (i == ASKERS_NONE)
		return NULL;
	q->askers = l->asker[i].next;
	q->n_askers--;
	l->asker[i].next = l->free_asker;
	l->free_asker = i;
	l->n_free_askers++;
	return &l->asker[i];
}

void hold_leave(struct loop *l, struct question *q)
{
	struct asker *k;

	while ((k = unjoin(l, q)) != NULL)
		loop_forget(l, &k->from);
}

/* --- the end of a question --- */

void hold_fail(struct loop *l, struct question *q, unsigned int rcode)
{
	uint8_t out[REPLY_SMALL];
	struct asker *k;

	while ((k = unjoin(l, q)) != NULL) {
		count(l, rcode == DNSRCODE_SERVFAIL ? COUNT_SERVFAIL :
						      COUNT_NEGATIVE);
		loop_send(l, &k->from, out, reply_empty(&k->ask, rcode, out));
	}
	exchange_end(&l->exchange, q, l->now);
}

void hold_send(struct loop *l, const struct dnsmsg *m, uint8_t *msg,
	       const struct ask *ask, const struct client *to, uint64_t until)
{
	uint32_t ttl = (uint32_t)((until - l->now) / CLOCK_S);
	size_t len = reply_patch(m, msg, ask, ttl);
	uint8_t out[REPLY_SMALL];

	if (len > ask->room)
		loop_send(l, to, out, reply_truncated(ask, out));
	else
		loop_send(l, to, msg, len);
	loop_mark(&l->marks->replied, clock_boot());
}

uint64_t hold_open_until(const struct loop *l, const struct ipaddr *addrs,
			 unsigned int n, uint64_t until)
{
	for (unsigned int i = 0; i < n; i++) {
		uint64_t e = allow_lookup(l->arena.allow, &addrs[i],
					  l->now);

		if (e < until)
			until = e;
	}
	return until;
}

void hold_release(struct loop *l, struct question *q, uint64_t until)
{
	uint8_t *msg = (uint8_t *)q->view.msg.p;	/* it lies in our slot */
	struct cached *e = cache_place(&l->cache, q->name, q->name_len,
				       q->type, l->now);
	struct asker *k;

	/* A second release from the cache does not make it live longer. */
	cache_fill(e, &q->view, q->addrs, q->n_addrs,
		   until < q->fresh_until ? until : q->fresh_until);
	while ((k = unjoin(l, q)) != NULL) {
		count(l, q->answered != 0 ? COUNT_COLD : COUNT_COLD_CACHE);
		hold_send(l, &q->view, msg, &k->ask, &k->from, until);
	}
	exchange_end(&l->exchange, q, l->now);
}

/* --- grants --- */

void hold_grant(struct loop *l, struct question *q)
{
	struct grant *g = ring_claim(&l->grants);

	if (g == NULL) {
		count(l, COUNT_FULL);
		hold_fail(l, q, DNSRCODE_SERVFAIL);
		return;
	}
	q->state = QUESTION_HELD;
	q->grant = ++l->next_grant;
	q->deadline = l->now + ACK_DEADLINE_MS * CLOCK_MS;
	g->id = q->grant;
	g->epoch = l->policy.epoch;
	g->lifetime = q->lifetime;
	g->n_addrs = q->n_addrs;
	g->name_len = q->name_len;
	memcpy(g->name, q->name, q->name_len);
	g->deadline = q->deadline;
	memcpy(g->addrs, q->addrs, q->n_addrs * sizeof(q->addrs[0]));
	ring_publish(&l->grants);
	count(l, COUNT_GRANT);
	l->kick = true;
}

static struct question *held(struct loop *l, uint32_t grant)
{
	for (unsigned int i = 0; i < l->exchange.n_open; i++) {
		struct question *q = exchange_open(&l->exchange, i);

		if (q->state == QUESTION_HELD && q->grant == grant)
			return q;
	}
	return NULL;
}

static void acknowledged(struct loop *l, const struct ack *a)
{
	struct question *q = held(l, a->id);
	uint64_t until;

	if (q == NULL)
		return;		/* given up meanwhile */
	/* Another answer may have opened them for longer than ours may live. */
	until = hold_open_until(l, q->addrs, q->n_addrs,
				l->now + q->lifetime * CLOCK_S);
	if (a->error != 0 || until <= l->now) {
		count(l, COUNT_GRANT_REFUSED);
		hold_fail(l, q, DNSRCODE_SERVFAIL);
		return;
	}
	hold_release(l, q, until);
}

void hold_acks(struct loop *l)
{
	const void *record;
	struct ack a;

	while (ring_peek(&l->acks, &record) == 1) {
		memcpy(&a, record, sizeof(a));
		ring_release(&l->acks);
		acknowledged(l, &a);
	}
}
