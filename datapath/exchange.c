/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * FREE -> ASKING -> (HELD) -> LINGER -> FREE. A question in ASKING has a UDP
 * socket per server, and at most one TCP connection, opened when a server
 * says TC. Every socket belongs to one question and one server, so a packet
 * that is read from it can only be an answer to that question, a forgery, or
 * late. It counts only if all of this holds: source address and port are the
 * server's; id; QR and opcode; exactly our question; the name spelt octet by
 * octet as we spelt it. A forger off the path has to hit port (15 bits), id
 * (16 bits) and spelling (one bit a letter) within the life of a question.
 *
 * Sends are repeated on the same socket with the same id and spelling, so an
 * answer to the first try is still an answer after the second.
 *
 * In LINGER the sockets stay open, so that what comes late is read and
 * counted instead of being answered with ICMP. The oldest lingering question
 * gives way when a new one needs room.
 */
#include "exchange.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "exchangetcp.h"
#include "question.h"
#include "sockaddr.h"
#include "upstream.h"
#include "wire.h"

enum {
	READ_BURST = 8,		/* datagrams of one socket per round */
	LINGER_MS = 1000,
	DOUBT = 2,		/* tries unanswered: is the hop still there? */
};

static const uint16_t retry_ms[] = { 100, 300, 900 };

static void count(struct exchange *x, unsigned int which)
{
	counters_add(x->counters, which, 1);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void drop_slot(struct exchange *x, uint16_t *slot)
{
	if (*slot != SLOTS_NONE)
		slots_release(x->slots, *slot);
	*slot = SLOTS_NONE;
}

static uint64_t token(const struct exchange *x, const struct question *q,
		      unsigned int n)
{
	return x->token +
	       (uint64_t)(q - x->question) * EXCHANGE_TOKENS + n;
}

static void set_free(struct exchange *x, struct question *q)
{
	for (unsigned int i = 0; i < POLICY_UPSTREAMS; i++) {
		if (x->wire != NULL && q->server[i].fd >= 0)
			wire_forget(x->wire, q->server[i].port);
		close_fd(&q->server[i].fd);
	}
	exchangetcp_close(x, q);
	drop_slot(x, &q->slot);
	q->state = QUESTION_FREE;
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
	for (unsigned int i = 0; i < QUESTIONS_MAX; i++) {
		struct question *q = &x->question[i];

		q->slot = q->tcp.slot = SLOTS_NONE;
		q->tcp.fd = -1;
		for (unsigned int u = 0; u < POLICY_UPSTREAMS; u++)
			q->server[u].fd = -1;
	}
}

struct question *exchange_find(struct exchange *x, const uint8_t *name,
			       size_t len, uint16_t type)
{
	for (unsigned int i = 0; i < QUESTIONS_MAX; i++) {
		struct question *q = &x->question[i];

		if ((q->state == QUESTION_ASKING ||
		     q->state == QUESTION_HELD) && q->type == type &&
		    q->name_len == len && memcmp(q->name, name, len) == 0)
			return q;
	}
	return NULL;
}

/* Of one that lingers, for the next: its sockets stay with their place in the
 * table. When many ask, opening sockets is dearer than new ports for them. */
static void recycle(struct exchange *x, struct question *q)
{
	if (x->wire != NULL) {
		set_free(x, q);
		return;
	}
	for (unsigned int i = 0; i < POLICY_UPSTREAMS; i++)
		if (q->server[i].fd >= 0 && upstream_park(q->server[i].fd) < 0)
			close_fd(&q->server[i].fd);
}

/* A free question, else the one that has lingered longest. */
static struct question *vacant(struct exchange *x)
{
	struct question *oldest = NULL;

	for (unsigned int i = 0; i < QUESTIONS_MAX; i++) {
		struct question *q = &x->question[i];

		if (q->state == QUESTION_FREE)
			return q;
		if (q->state == QUESTION_LINGER &&
		    (oldest == NULL || q->deadline < oldest->deadline))
			oldest = q;
	}
	if (oldest != NULL)
		recycle(x, oldest);
	return oldest;
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
	struct question *q = vacant(x);

	if (q == NULL)
		return NULL;
	q->type = type;
	q->name_len = (uint8_t)len;
	memcpy(q->name, name, len);
	begin(q, now);
	return q;
}

void exchange_restart(struct exchange *x, struct question *q, uint64_t now)
{
	set_free(x, q);
	begin(q, now);
}

static int transmit(struct exchange *x, const struct question_server *s,
		    const uint8_t *msg, size_t len, bool doubt, uint64_t now)
{
	const struct wire_message m = {
		.to = &s->upstream, .port = s->port, .msg = msg, .len = len,
		.doubt = doubt,
	};

	return x->wire != NULL ? wire_send(x->wire, &m, now) :
				 upstream_send(s->fd, &s->upstream, msg, len);
}

void exchange_send(struct exchange *x, struct question *q,
		   struct question_server *s, bool doubt, uint64_t now)
{
	uint8_t msg[QUESTION_MESSAGE];
	size_t len = question_build(q, s, msg);
	int error = transmit(x, s, msg, len, doubt, now);

	if (error == -EINPROGRESS)
		return;		/* exchangewire_reach() will */
	/* No route, or the firewall: another server or the next try. */
	if (error < 0) {
		count(x, COUNT_UPSTREAM_ERROR);
		return;
	}
	count(x, COUNT_ASKED);
	q->sent = true;
}

bool exchange_draw(const struct question *q, struct question_server *s)
{
	uint8_t bits[DNSNAME_MAX / 8 + 1 + 2];

	if (getentropy(bits, sizeof(bits)) != 0)
		return false;
	s->id = (uint16_t)(bits[0] << 8 | bits[1]);
	question_spell(s->spelt, q->name, q->name_len, bits + 2);
	return true;
}

/* The socket of an earlier question, if it can be used again. */
static bool take_again(struct question_server *s,
		       const struct policy_upstream *u)
{
	if (s->fd >= 0 && (ipaddr_is_v4(&s->upstream.addr) !=
			   ipaddr_is_v4(&u->addr) ||
			   upstream_reopen(s->fd, u) < 0))
		close_fd(&s->fd);
	return s->fd >= 0;
}

static bool open_server(struct exchange *x, struct question *q, unsigned int u,
			const struct policy_upstream *to)
{
	struct question_server *s = &q->server[u];
	bool again = take_again(s, to);

	s->upstream = *to;
	s->failed = true;
	s->large = false;
	if (!exchange_draw(q, s))
		return false;
	if (again) {
		s->failed = false;
		return true;
	}
	s->fd = x->wire != NULL ?
		sockaddr_reserve(ipaddr_is_v4(&s->upstream.addr), &s->port) :
		upstream_open(&s->upstream);
	if (s->fd < 0) {
		count(x, COUNT_UPSTREAM_ERROR);
		s->fd = -1;
		return false;
	}
	if (x->wire == NULL &&
	    poller_add(x->poller, s->fd, token(x, q, u)) < 0) {
		close_fd(&s->fd);
		return false;
	}
	s->failed = false;
	return true;
}

bool exchange_ask(struct exchange *x, struct question *q,
		  const struct policy *p, uint64_t now)
{
	bool any = false;

	q->n_servers = (uint8_t)p->n_upstreams;
	for (unsigned int u = 0; u < q->n_servers; u++) {
		if (open_server(x, q, u, &p->upstreams[u])) {
			exchange_send(x, q, &q->server[u], false, now);
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
		struct question_server *s = &q->server[u];

		if (!s->failed && !(q->tcp.fd >= 0 && q->tcp.server == u)) {
			exchange_send(x, q, s, q->tries >= DOUBT, now);
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

static bool read_udp(struct exchange *x, struct question *q, unsigned int u)
{
	struct question_server *s = &q->server[u];

	/* What shrinks: the burst, and the socket's queue. */
	for (unsigned int i = 0; i < READ_BURST && s->fd >= 0; i++) {
		uint16_t slot = slots_claim(x->slots);
		bool from_it, good = false;
		ssize_t n;

		if (slot == SLOTS_NONE) {
			count(x, COUNT_FULL);
			return false;
		}
		n = upstream_recv(s->fd, &s->upstream,
				  slots_data(x->slots, slot), QUESTION_RESPONSE,
				  &from_it);
		if (n == -EAGAIN || n == -EINTR) {
			slots_release(x->slots, slot);
			return false;
		}
		if (n < 0)
			count(x, COUNT_UPSTREAM_ERROR);
		else if (!from_it)
			count(x, COUNT_BAD_SOURCE);
		else if (q->state != QUESTION_ASKING)
			count(x, COUNT_LATE);
		else if (n > QUESTION_RESPONSE)
			count(x, PARSE_LONG);
		else
			good = exchange_take(x, q, u, slot, 0, (size_t)n);
		if (good && (q->view.flags & DNSFLAG_TC) == 0) {
			q->slot = slot;
			return true;
		}
		slots_release(x->slots, slot);
		if (good)
			exchangetcp_start(x, q, u);
	}
	return false;
}

bool exchange_read(struct exchange *x, struct question *q, unsigned int n,
		   uint64_t now, unsigned int *server)
{
	bool good;

	if (q->state == QUESTION_FREE)
		return false;
	if (n == EXCHANGE_TCP) {
		*server = q->tcp.server;
		good = exchangetcp_read(x, q);
	} else {
		*server = n;
		good = read_udp(x, q, n);
	}
	if (good)
		q->answered = now;
	return good;
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
	exchangetcp_close(x, q);
	drop_slot(x, &q->slot);
	q->state = QUESTION_LINGER;
	q->deadline = now + LINGER_MS * CLOCK_MS;
	if (q->n_servers == 0)
		set_free(x, q);
}

void exchange_drop(struct exchange *x, struct question *q)
{
	set_free(x, q);
}

uint64_t exchange_due(struct exchange *x, uint64_t now)
{
	uint64_t due = UINT64_MAX;

	for (unsigned int i = 0; i < QUESTIONS_MAX; i++) {
		struct question *q = &x->question[i];

		if (q->state == QUESTION_LINGER && now >= q->deadline)
			set_free(x, q);
		if (q->state == QUESTION_FREE)
			continue;
		if (q->deadline < due)
			due = q->deadline;
		if (q->state == QUESTION_ASKING && q->retry_at < due)
			due = q->retry_at;
	}
	return due;
}
