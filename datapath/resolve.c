/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * query -> verdict -> refused, empty, spoofed: replied to at once
 *                  -> warm: the answer is cached, all its addresses are in
 *                     the allow table and nobody has touched the firewall
 *                     since control last verified it: replied to at once
 *                  -> cold: the answer (cached, or upstream's) is held in its
 *                     slot, a grant goes to control, and the reply is
 *                     released when the ack says that the kernel has it.
 *
 * No reply with an address leaves here unless that address was open at an
 * instant after the reply was asked for: the warm path looks at the allow
 * table and then at the tripwire, whose notification the kernel has queued
 * before whoever changed the firewall gets an answer; the cold path has the
 * kernel's own acknowledgement.
 */
#include "resolve.h"

#include <string.h>

#include "clock.h"
#include "exchangewire.h"
#include "hold.h"
#include "loop.h"
#include "verdict.h"

enum {
	PREFETCH_MAX = QUESTIONS_MAX / 2,	/* leave room for clients, */
	PREFETCH_ROOM = 8,			/* and also in a flood of them */
};

static void count(struct loop *l, unsigned int which)
{
	counters_add(l->counters, which, 1);
}

/* --- upstream --- */

static void learn(struct loop *l, const struct chain *c, uint64_t until)
{
	for (unsigned int i = 0; i < c->n_hops; i++)
		if (!learnt_add(&l->learnt, &c->hops[i], until, l->now))
			count(l, COUNT_FULL);
}

static uint32_t clamp(uint32_t ttl, const struct policy *p)
{
	if (ttl < p->ttl_min)
		return p->ttl_min;
	return ttl > p->ttl_max ? p->ttl_max : ttl;
}

/* There is no good answer, or none at all, rcode says. Remembered: else
 * whoever asks without end would make us ask upstream without end. */
static void remember_negative(struct loop *l, const struct question *q,
			      unsigned int rcode, unsigned int seconds)
{
	struct cached *e = cache_place(&l->cache, q->name, q->name_len,
				       q->type, l->now);

	cache_fill_negative(e, rcode, l->now + seconds * CLOCK_S);
}

/* The servers have answered, and that was no good. */
static void refused(struct loop *l, struct question *q)
{
	remember_negative(l, q, DNSRCODE_SERVFAIL, TTL_FAILURE);
	hold_fail(l, q, DNSRCODE_SERVFAIL);
}

static void reject(struct loop *l, struct question *q, unsigned int server)
{
	exchange_reject(&l->exchange, q, server);
	if (exchange_hopeless(q, l->now))
		refused(l, q);
}

static void answered(struct loop *l, struct question *q, unsigned int server)
{
	struct accept *a = &l->accept;

	accept_read(a, &q->view, &l->policy);
	if (a->judged_unfit > 0)
		counters_add(l->counters, COUNT_BAD_ADDRESS, a->judged_unfit);
	if (a->kind == ACCEPT_BAD) {
		if (a->why != COUNT_BAD_ADDRESS)	/* counted one by one */
			count(l, a->why);
		reject(l, q, server);
		return;
	}
	loop_mark(&l->marks->answered, l->now);
	if (a->kind == ACCEPT_NEGATIVE) {
		/* For as long as the client is told to. */
		remember_negative(l, q, q->view.flags & DNSFLAG_RCODE,
				  TTL_NEGATIVE);
		hold_fail(l, q, q->view.flags & DNSFLAG_RCODE);
		return;
	}
	q->lifetime = clamp(a->chain.ttl, &l->policy);
	learn(l, &a->chain, l->now + q->lifetime * CLOCK_S);
	q->n_addrs = (uint16_t)a->chain.n_addrs;
	memcpy(q->addrs, a->chain.addrs, q->n_addrs * sizeof(q->addrs[0]));
	if (a->rebuild &&
	    !accept_rebuild(a, &q->view, (uint8_t *)q->view.msg.p,
			    SLOT_SIZE - 64)) {
		count(l, COUNT_BAD_STRAY);
		reject(l, q, server);
		return;
	}
	if (a->kind == ACCEPT_ALIAS)
		hold_release(l, q, l->now + q->lifetime * CLOCK_S);
	else
		hold_grant(l, q);
}

static void heard(void *context, struct question *q, unsigned int server,
		  bool good)
{
	struct loop *l = context;

	if (good)
		answered(l, q, server);
	else if (exchange_hopeless(q, l->now))
		refused(l, q);
}

void resolve_upstream(struct loop *l, uint64_t token)
{
	exchange_read(&l->exchange, token, l->now, heard, l);
}

static void hear(void *context, uint32_t ifindex, const struct frame *f)
{
	struct loop *l = context;

	exchangewire_hear(&l->exchange, ifindex, f, l->now, heard, l);
}

static void reach(void *context, uint32_t ifindex, const struct ipaddr *hop)
{
	struct loop *l = context;

	exchangewire_reach(&l->exchange, ifindex, hop, l->now);
}

void resolve_wire(struct loop *l, unsigned int i)
{
	const struct wire_reader r = {
		.response = hear, .neighbour = reach, .context = l,
	};

	wire_read(l->wire, i, l->now, &r);
}

/* --- queries --- */

/* Questions in flight that no client waits for. */
static unsigned int unasked(struct exchange *x)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < x->n_open; i++)
		n += exchange_open(x, i)->askers == ASKERS_NONE;
	return n;
}

/*
 * Names below a suffix are without number, and any local process may ask for
 * them: they leave places to the names themselves, of which there are few.
 */
static bool has_place(const struct loop *l, const uint8_t *name, size_t len)
{
	return verdict_exact(&l->policy, name, len) ||
	       l->exchange.n_open < QUESTIONS_MAX - QUESTIONS_EXACT;
}

static struct question *new_question(struct loop *l, const uint8_t *name,
				     size_t len, uint16_t type)
{
	struct question *q = NULL;

	if (has_place(l, name, len))
		q = exchange_new(&l->exchange, name, len, type, l->now);
	if (q == NULL) {
		count(l, COUNT_FULL);
		return NULL;
	}
	q->askers = ASKERS_NONE;
	q->n_askers = 0;
	q->fresh_until = UINT64_MAX;
	return q;
}

/* A copy of the cached answer is held until its addresses are open again. */
static bool regrant(struct loop *l, struct question *q,
		    const struct cached *e)
{
	uint8_t *p;

	q->slot = slots_claim(&l->slots);
	if (q->slot == SLOTS_NONE)
		return false;
	p = slots_data(&l->slots, q->slot);
	memcpy(p, e->msg, e->view.answers_end);
	q->view = e->view;
	q->view.msg.p = p;
	q->view.qname.msg = p;
	q->fresh_until = e->expiry;
	q->n_addrs = e->n_addrs;
	memcpy(q->addrs, e->addrs, e->n_addrs * sizeof(e->addrs[0]));
	q->lifetime = clamp((uint32_t)((e->expiry - l->now) / CLOCK_S),
			    &l->policy);
	hold_grant(l, q);
	return true;
}

/* Starts what must be asked; q may be over when it returns. */
static void start(struct loop *l, struct question *q, const struct cached *e)
{
	if (e != NULL && regrant(l, q, e))
		return;
	if (!exchange_ask(&l->exchange, q, &l->policy, l->now))
		hold_fail(l, q, DNSRCODE_SERVFAIL);
}

/* e if it has enough life left, else NULL. */
static struct cached *fresh(const struct loop *l, struct cached *e)
{
	if (e == NULL || e->negative ||
	    e->expiry < l->now + CACHE_FRESH * CLOCK_S)
		return NULL;
	return e;
}

/* Are all addresses of e open for a while, beyond doubt? */
static bool is_open(struct loop *l, const struct cached *e, uint64_t *until)
{
	uint64_t verified;

	*until = hold_open_until(l, e->addrs, e->n_addrs, e->expiry);
	if (*until < l->now + CACHE_FRESH * CLOCK_S)
		return false;
	/* A3, pairs with R3 in control/answer.c. */
	verified = atomic_load_explicit(&l->arena.control->verified,
					memory_order_acquire);
	if (e->n_addrs == 0 || tripwire_quiet(&l->tripwire, verified))
		return true;
	count(l, COUNT_TRIPPED);
	return false;
}

static void servfail(struct loop *l, const struct ask *ask,
		     const struct client *from)
{
	uint8_t out[REPLY_SMALL];

	count(l, COUNT_SERVFAIL);
	loop_send(l, from, out, reply_empty(ask, DNSRCODE_SERVFAIL, out));
}

/* True if there is known to be no answer: replied to at once. */
static bool deny(struct loop *l, const struct client *from,
		 const struct ask *ask, const struct cached *e)
{
	uint8_t out[REPLY_SMALL];

	if (e == NULL || !e->negative || e->expiry <= l->now)
		return false;
	count(l, e->rcode == DNSRCODE_SERVFAIL ? COUNT_SERVFAIL :
						 COUNT_NEGATIVE);
	loop_send(l, from, out, reply_empty(ask, e->rcode, out));
	return true;
}

/* The first reply of this epoch. */
static void mark_warm(struct loop *l)
{
	if (atomic_load_explicit(&l->marks->replied,
				 memory_order_relaxed) == 0)
		loop_mark(&l->marks->warm, l->now);
}

static void resolve(struct loop *l, const struct client *from,
		    const struct ask *ask, const uint8_t *name, size_t len)
{
	struct cached *e = cache_find(&l->cache, name, len, ask->type);
	struct question *q;
	uint64_t until;

	loop_mark(&l->marks->query, l->now);
	if (deny(l, from, ask, e))
		return;
	e = fresh(l, e);
	if (e != NULL && is_open(l, e, &until)) {
		count(l, COUNT_WARM);
		mark_warm(l);
		hold_send(l, &e->view, e->msg, ask, from, until);
		return;
	}
	q = exchange_find(&l->exchange, name, len, ask->type);
	if (q != NULL) {
		count(l, COUNT_JOINED);
		if (!hold_join(l, q, ask, from))
			servfail(l, ask, from);
		return;
	}
	q = new_question(l, name, len, ask->type);
	if (q == NULL || !hold_join(l, q, ask, from)) {
		servfail(l, ask, from);
		if (q != NULL)
			exchange_end(&l->exchange, q, l->now);
		return;
	}
	start(l, q, e);
}

static void refuse(struct loop *l, const struct client *from,
		   const struct ask *ask)
{
	static const uint8_t rcode[] = {
		[REFUSE_EMPTY] = DNSRCODE_NOERROR,
		[REFUSE_REFUSED] = DNSRCODE_REFUSED,
		[REFUSE_NXDOMAIN] = DNSRCODE_NXDOMAIN,
	};
	uint8_t out[REPLY_SMALL];

	count(l, COUNT_REFUSED);
	if (l->policy.refuse == REFUSE_IGNORE)
		loop_forget(l, from);
	else
		loop_send(l, from, out,
			  reply_empty(ask, rcode[l->policy.refuse], out));
}

static void reply_now(struct loop *l, const struct client *from,
		      const struct ask *ask, enum verdict v)
{
	uint8_t out[REPLY_SMALL];
	size_t len;

	loop_mark(&l->marks->query, l->now);
	if (v == VERDICT_SPOOF) {
		count(l, COUNT_SPOOFED);
		len = reply_spoof(ask, out);
		loop_mark(&l->marks->replied, l->now);
	} else {
		count(l, COUNT_EMPTY_TYPE);
		len = reply_empty(ask, DNSRCODE_NOERROR, out);
	}
	loop_send(l, from, out, len);
}

void resolve_query(void *context, const struct client *from, struct slice msg)
{
	struct loop *l = context;
	uint8_t name[DNSNAME_MAX];
	enum verdict v = VERDICT_DROP;
	struct dnsmsg m;
	struct ask ask;
	enum parse why;

	if (l->policy.epoch == 0) {
		count(l, COUNT_INACTIVE);
		loop_forget(l, from);
		return;
	}
	why = dnsmsg_read(msg, &m);
	if (why == PARSE_OK)
		v = verdict_query(&m, &l->policy, &l->learnt, l->now, name);
	count(l, why == PARSE_OK && v == VERDICT_DROP ? PARSE_HEADER : why);
	if (v == VERDICT_DROP) {
		loop_forget(l, from);
		return;
	}
	reply_ask(&ask, &m, client_is_tcp(from));
	if (v == VERDICT_REFUSE)
		refuse(l, from, &ask);
	else if (v == VERDICT_ASK)
		resolve(l, from, &ask, name, m.qname.len);
	else
		reply_now(l, from, &ask, v);
}

/* --- prefetch --- */

static void prefetch_one(struct loop *l, const struct policy_name *n,
			 uint16_t type)
{
	struct cached *e = fresh(l, cache_find(&l->cache, n->wire, n->len,
					       type));
	struct question *q;
	uint64_t until;

	if (n->suffix || (e != NULL && is_open(l, e, &until)) ||
	    exchange_find(&l->exchange, n->wire, n->len, type) != NULL)
		return;
	q = new_question(l, n->wire, n->len, type);
	if (q == NULL)
		return;
	count(l, COUNT_PREFETCH);
	start(l, q, e);
}

void resolve_prefetch(struct loop *l)
{
	static const uint16_t types[2] = { DNSTYPE_A, DNSTYPE_AAAA };
	const struct policy *p = &l->policy;

	if (p->epoch == 0 || p->mode == MODE_SPOOF || p->n_upstreams == 0)
		return;
	/* What shrinks: the names left. */
	while (l->prefetch < 2u * p->n_names &&
	       unasked(&l->exchange) < PREFETCH_MAX &&
	       l->exchange.n_open < QUESTIONS_MAX - PREFETCH_ROOM) {
		prefetch_one(l, &p->names[l->prefetch / 2],
			     types[l->prefetch % 2]);
		l->prefetch++;
	}
}

/* --- time and ends --- */

void resolve_sent(void *context, const struct question *q)
{
	struct loop *l = context;

	loop_mark(&l->marks->asked, l->now);
	if (q->askers == ASKERS_NONE)
		loop_mark(&l->marks->prefetch, l->now);
}

void resolve_timers(struct loop *l)
{
	for (unsigned int i = l->exchange.n_open; i-- > 0; ) {
		struct question *q = exchange_open(&l->exchange, i);

		if (q->state == QUESTION_HELD && l->now >= q->deadline) {
			count(l, COUNT_GRANT_LATE);
			hold_fail(l, q, DNSRCODE_SERVFAIL);
		} else if (exchange_hopeless(q, l->now)) {
			hold_fail(l, q, DNSRCODE_SERVFAIL);
		} else {
			exchange_retry(&l->exchange, q, l->now);
		}
	}
}

void resolve_again(struct loop *l)
{
	for (unsigned int i = 0; i < l->exchange.n_open; i++)
		exchange_again(exchange_open(&l->exchange, i), l->now);
}

/* Who waits for q need not ask again; what q was told does not count. */
static void ask_anew(struct loop *l, struct question *q)
{
	const struct policy *p = &l->policy;

	loop_mark(&l->marks->query, l->now);
	q->fresh_until = UINT64_MAX;
	if (p->mode == MODE_FORWARD &&
	    verdict_allowed(p, &l->learnt, l->now, q->name, q->name_len))
		start(l, q, NULL);
	else
		hold_fail(l, q, DNSRCODE_SERVFAIL);
}

void resolve_renew(struct loop *l)
{
	ports_part(&l->exchange.ports);
	for (unsigned int i = 0; i < QUESTIONS_MAX; i++) {
		struct question *q = &l->exchange.question[i];
		bool open = q->state == QUESTION_ASKING ||
			    q->state == QUESTION_HELD;

		if (open && l->policy.epoch == 0)
			hold_leave(l, q);
		if (!open || q->askers == ASKERS_NONE) {
			exchange_drop(&l->exchange, q);
			continue;
		}
		exchange_restart(&l->exchange, q, l->now);
		ask_anew(l, q);
	}
}
