/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * FREE -> ASKING -> (HELD) -> LINGER -> FREE. A question in ASKING has a port
 * per server, and at most one TCP connection, opened when a server says TC. A
 * port belongs to one server and a few questions, so a packet that is read
 * from it can only be an answer to one of them, a forgery, or late. It counts
 * only if all of this holds: source address and port are the server's; the id
 * is a question's there; QR and opcode; exactly that question; the name spelt
 * octet by octet as we spelt it. A forger off the path has to hit port (15
 * bits), id (16 bits) and spelling (one bit a letter) within the life of a
 * question.
 *
 * What is asked in one round of the loop is sent at its end, together as far
 * as it shares a port. Sends are repeated with the same port, id and
 * spelling, so an answer to the first try is still an answer after the second.
 *
 * In LINGER the ports stay open, so that what comes late is read and counted
 * instead of being answered with ICMP. The oldest lingering question gives way
 * when a new one needs room.
 */
#include "exchange.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "exchangepart.h"
#include "exchangetcp.h"
#include "question.h"
#include "shared/entropy.h"
#include "upstream.h"

enum {
	READ_BURST = 8,		/* datagrams of one port per round */
	LINGER_MS = 1000,
	DOUBT = 2,		/* tries unanswered: is the hop still there? */
};

static const uint16_t retry_ms[] = { 100, 300, 900 };

static void count(struct exchange *x, unsigned int which)
{
	counters_add(x->counters, which, 1);
}

static void drop_slot(struct exchange *x, uint16_t *slot)
{
	if (*slot != SLOTS_NONE)
		slots_release(x->slots, *slot);
	*slot = SLOTS_NONE;
}

/* ---- the three lists */

uint8_t exchange_index(const struct exchange *x, const struct question *q)
{
	return (uint8_t)(q - x->question);
}

static void put_open(struct exchange *x, struct question *q)
{
	q->place = (uint8_t)x->n_open;
	x->open[x->n_open++] = exchange_index(x, q);
}

static void take_open(struct exchange *x, const struct question *q)
{
	uint8_t last = x->open[--x->n_open];

	x->open[q->place] = last;
	x->question[last].place = q->place;
}

static void take_linger(struct exchange *x, const struct question *q)
{
	uint8_t *at = memchr(x->linger, exchange_index(x, q), x->n_linger);

	x->n_linger--;
	memmove(at, at + 1, (size_t)(x->linger + x->n_linger - at));
}

static struct question *oldest(struct exchange *x)
{
	return x->n_linger == 0 ? NULL : &x->question[x->linger[0]];
}

struct question *exchange_open(struct exchange *x, unsigned int i)
{
	return &x->question[x->open[i]];
}

/* ---- what a question holds */

static void let_go(struct exchange *x, struct question *q)
{
	for (unsigned int i = 0; i < POLICY_UPSTREAMS; i++) {
		struct question_server *s = &q->server[i];

		if (s->port != PORTS_NONE)
			ports_leave(&x->ports, s->port, s->use);
		s->port = PORTS_NONE;
		s->queued = false;
	}
	exchangetcp_close(x, q);
	drop_slot(x, &q->slot);
}

static void set_free(struct exchange *x, struct question *q)
{
	if (q->state == QUESTION_FREE)
		return;
	if (q->state == QUESTION_LINGER)
		take_linger(x, q);
	else
		take_open(x, q);
	let_go(x, q);
	q->state = QUESTION_FREE;
	x->vacant[x->n_vacant++] = exchange_index(x, q);
}

void exchange_init(struct exchange *x, struct poller *poller,
		   struct slots *slots, struct counters *counters,
		   uint64_t first)
{
	memset(x, 0, sizeof(*x));
	x->poller = poller;
	x->slots = slots;
	x->counters = counters;
	x->token = first;
	ports_init(&x->ports, poller, first);
	for (unsigned int i = 0; i < QUESTIONS_MAX; i++) {
		struct question *q = &x->question[i];

		x->vacant[x->n_vacant++] = (uint8_t)(QUESTIONS_MAX - 1 - i);
		q->slot = q->tcp.slot = SLOTS_NONE;
		q->tcp.fd = -1;
		for (unsigned int u = 0; u < POLICY_UPSTREAMS; u++)
			q->server[u].port = PORTS_NONE;
	}
}

void exchange_set_wire(struct exchange *x, struct wire *w)
{
	x->wire = x->ports.wire = w;
}

struct question *exchange_find(struct exchange *x, const uint8_t *name,
			       size_t len, uint16_t type)
{
	for (unsigned int i = 0; i < x->n_open; i++) {
		struct question *q = exchange_open(x, i);

		if (q->type == type && q->name_len == len &&
		    memcmp(q->name, name, len) == 0)
			return q;
	}
	return NULL;
}

static void begin(struct question *q, uint64_t now)
{
	q->state = QUESTION_ASKING;
	q->born = now;
	q->deadline = now + UPSTREAM_DEADLINE_MS * CLOCK_MS;
	q->retry_at = UINT64_MAX;
	q->tries = 0;
	q->sent = false;
	q->n_servers = 0;
	q->n_addrs = 0;
	q->lifetime = 0;
	q->grant = 0;
	q->answered = 0;
}

struct question *exchange_new(struct exchange *x, const uint8_t *name,
			      size_t len, uint16_t type, uint64_t now)
{
	struct question *q;

	if (x->n_vacant == 0 && x->n_linger > 0)
		set_free(x, oldest(x));
	if (x->n_vacant == 0)
		return NULL;
	q = &x->question[x->vacant[--x->n_vacant]];
	put_open(x, q);
	q->type = type;
	q->name_len = (uint8_t)len;
	memcpy(q->name, name, len);
	begin(q, now);
	return q;
}

void exchange_restart(struct exchange *x, struct question *q, uint64_t now)
{
	let_go(x, q);
	begin(q, now);
}

/* Random octets: a system call for many questions. */
static bool draw(struct exchange *x, uint8_t *out, size_t len)
{
	if (x->n_random < len) {
		x->n_random = 0;
		if (!entropy_fill(x->random, EXCHANGE_RANDOM))
			return false;
		x->n_random = EXCHANGE_RANDOM;
	}
	x->n_random -= (unsigned int)len;
	memcpy(out, x->random + x->n_random, len);
	memset(x->random + x->n_random, 0, len);
	return true;
}

bool exchange_draw(struct exchange *x, const struct question *q,
		   struct question_server *s)
{
	struct port *port = &x->ports.port[s->port];
	uint8_t bits[2 + DNSNAME_MAX / 8 + 1];

	port->use[s->use].id = 0;
	/* What shrinks: each try ends it but with 16 in 65536. */
	do {
		if (!draw(x, bits, 2u + q->name_len / 8u + 1))
			return false;
		s->id = (uint16_t)(bits[0] << 8 | bits[1]);
	} while (ports_find(port, s->id) != NULL);
	port->use[s->use].id = s->id;
	question_spell(s->spelt, q->name, q->name_len, bits + 2);
	return true;
}

static bool open_server(struct exchange *x, struct question *q, unsigned int u,
			const struct policy_upstream *to, uint64_t now)
{
	struct question_server *s = &q->server[u];

	s->failed = true;
	s->large = false;
	s->port = ports_join(&x->ports, u, to, exchange_index(x, q), now, &s->use);
	if (s->port == PORTS_NONE) {
		count(x, COUNT_UPSTREAM_ERROR);
		return false;
	}
	s->failed = !exchange_draw(x, q, s);
	return !s->failed;
}

bool exchange_ask(struct exchange *x, struct question *q,
		  const struct policy *p, uint64_t now)
{
	bool any = false;

	q->n_servers = (uint8_t)p->n_upstreams;
	for (unsigned int u = 0; u < q->n_servers; u++) {
		if (open_server(x, q, u, &p->upstreams[u], now)) {
			exchange_send(x, q, u, false, now);
			any = true;
		}
	}
	q->retry_at = now + retry_ms[q->tries++] * CLOCK_MS;
	return any;
}

void exchange_retry(struct exchange *x, struct question *q, uint64_t now)
{
	if (q->state != QUESTION_ASKING || now < q->retry_at)
		return;
	for (unsigned int u = 0; u < q->n_servers; u++) {
		const struct question_server *s = &q->server[u];

		if (!s->failed && !(q->tcp.fd >= 0 && q->tcp.server == u)) {
			exchange_send(x, q, u, q->tries >= DOUBT, now);
			count(x, COUNT_RETRY);
		}
	}
	q->retry_at = q->tries < NITEMS(retry_ms) ?
		      q->born + retry_ms[q->tries] * CLOCK_MS : UINT64_MAX;
	q->tries++;
}

void exchange_again(struct question *q, uint64_t now)
{
	if (q->state != QUESTION_ASKING)
		return;
	q->born = now;
	q->tries = 0;
	q->retry_at = now;
	q->deadline = now + UPSTREAM_DEADLINE_MS * CLOCK_MS;
}

bool exchange_take(struct exchange *x, struct question *q, unsigned int u,
		   uint16_t slot, size_t off, size_t len)
{
	struct slice msg = { slots_data(x->slots, slot) + off, len };
	unsigned int rcode;
	struct dnsmsg m;
	enum parse why = dnsmsg_read(msg, &m);
	int bad;

	count(x, why);
	if (why != PARSE_OK)
		return false;
	bad = question_mismatch(q, &q->server[u], &m);
	rcode = m.flags & DNSFLAG_RCODE;
	if (bad < 0 && (m.flags & DNSFLAG_TC) == 0 &&
	    rcode != DNSRCODE_NOERROR && rcode != DNSRCODE_NXDOMAIN) {
		bad = COUNT_BAD_RCODE;
		q->server[u].failed = true;
	}
	if (bad >= 0) {
		count(x, (unsigned int)bad);
		return false;
	}
	q->view = m;
	return true;
}

struct question *exchange_meant(struct exchange *x, uint16_t port,
				struct slice msg, unsigned int *u)
{
	const struct port_use *use;
	struct question *q;
	struct dnsmsg m;
	enum parse why;

	/* Of one that is longer than its room, there is no more than that. */
	if (msg.len > QUESTION_RESPONSE) {
		count(x, PARSE_LONG);
		return NULL;
	}
	use = msg.len < 2 ? NULL :
	      ports_find(&x->ports.port[port], slice_be16(msg, 0));
	if (use == NULL) {
		why = dnsmsg_read(msg, &m);
		count(x, why);
		if (why == PARSE_OK)
			count(x, COUNT_BAD_ID);
		return NULL;
	}
	q = &x->question[use->question];
	if (q->state != QUESTION_ASKING) {
		count(x, COUNT_LATE);
		return NULL;
	}
	*u = 0;
	while (q->server[*u].port != port)
		++*u;
	return q;
}

/* A datagram that came to port i lies in slot, which is the question's then or
 * free again. */
static void take_datagram(struct exchange *x, uint16_t i, uint16_t slot,
			  const struct upstream_datagram *d, uint64_t now,
			  exchange_heard *heard, void *context)
{
	struct question *q = NULL;
	bool whole = false;
	unsigned int u = 0;

	if (d->from_it)
		q = exchange_meant(x, i, (struct slice){ d->p, d->len }, &u);
	else
		count(x, COUNT_BAD_SOURCE);
	if (q != NULL && exchange_take(x, q, u, slot, 0, d->len)) {
		whole = (q->view.flags & DNSFLAG_TC) == 0;
		if (!whole)
			exchangetcp_start(x, q, u);
	}
	if (whole) {
		q->slot = slot;
		q->answered = now;
	} else {
		slots_release(x->slots, slot);
	}
	if (q != NULL)
		heard(context, q, u, whole);
}

static void read_port(struct exchange *x, uint16_t i, uint64_t now,
		      exchange_heard *heard, void *context)
{
	struct port *port = &x->ports.port[i];
	struct upstream_datagram d[READ_BURST];
	uint16_t slot[READ_BURST];
	unsigned int n = 0;
	int got;

	while (n < READ_BURST && n < port->n_live &&
	       (slot[n] = slots_claim(x->slots)) != SLOTS_NONE) {
		d[n].p = slots_data(x->slots, slot[n]);
		d[n++].cap = QUESTION_RESPONSE;
	}
	if (n == 0) {
		count(x, COUNT_FULL);
		return;
	}
	got = upstream_recv(port->fd, &port->to, d, n);
	if (got < 0 && got != -EAGAIN && got != -EINTR)
		count(x, COUNT_UPSTREAM_ERROR);
	for (unsigned int k = 0; k < n; k++) {
		if ((int)k < got)
			take_datagram(x, i, slot[k], &d[k], now, heard,
				      context);
		else
			slots_release(x->slots, slot[k]);
	}
}

static void read_tcp(struct exchange *x, struct question *q, uint64_t now,
		     exchange_heard *heard, void *context)
{
	bool good;

	if (q->state == QUESTION_FREE)
		return;
	good = exchangetcp_read(x, q);
	if (good)
		q->answered = now;
	heard(context, q, q->tcp.server, good);
}

void exchange_read(struct exchange *x, uint64_t token, uint64_t now,
		   exchange_heard *heard, void *context)
{
	uint64_t i = token - x->token;

	if (i >= PORTS_MAX)
		read_tcp(x, &x->question[i - PORTS_MAX], now, heard, context);
	else if (x->ports.port[i].fd >= 0)
		read_port(x, (uint16_t)i, now, heard, context);
}

void exchange_reject(struct exchange *x, struct question *q,
		     unsigned int server)
{
	q->server[server].failed = true;
	q->answered = 0;
	drop_slot(x, &q->slot);
}

bool exchange_hopeless(const struct question *q, uint64_t now)
{
	if (q->state != QUESTION_ASKING)
		return false;
	if (now >= q->deadline)
		return true;
	for (unsigned int u = 0; u < q->n_servers; u++)
		if (!q->server[u].failed)
			return false;
	return true;
}

void exchange_end(struct exchange *x, struct question *q, uint64_t now)
{
	if (q->n_servers == 0) {
		set_free(x, q);
		return;
	}
	exchangetcp_close(x, q);
	drop_slot(x, &q->slot);
	take_open(x, q);
	q->state = QUESTION_LINGER;
	q->deadline = now + LINGER_MS * CLOCK_MS;
	x->linger[x->n_linger++] = exchange_index(x, q);
}

void exchange_drop(struct exchange *x, struct question *q)
{
	set_free(x, q);
}

uint64_t exchange_due(struct exchange *x, uint64_t now)
{
	uint64_t due = UINT64_MAX;

	while (x->n_linger > 0 && now >= oldest(x)->deadline)
		set_free(x, oldest(x));
	if (x->n_linger > 0)
		due = oldest(x)->deadline;
	for (unsigned int i = 0; i < x->n_open; i++) {
		const struct question *q = exchange_open(x, i);

		if (q->deadline < due)
			due = q->deadline;
		if (q->state == QUESTION_ASKING && q->retry_at < due)
			due = q->retry_at;
	}
	return due;
}
