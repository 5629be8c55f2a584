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
#include "question.h"
#include "upstream.h"

enum {
	READ_BURST = 8,		/* datagrams of one socket per round */
	LINGER_MS = 1000,
	/* A response may grow by an OPT record in its slot. */
	RESPONSE_MAX = SLOT_SIZE - 64,
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

static void close_tcp(struct exchange *x, struct question *q)
{
	close_fd(&q->tcp.fd);
	drop_slot(x, &q->tcp.slot);
}

static void set_free(struct exchange *x, struct question *q)
{
	for (unsigned int i = 0; i < POLICY_UPSTREAMS; i++)
		close_fd(&q->server[i].fd);
	close_tcp(x, q);
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
		set_free(x, oldest);
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

static void send_query(struct exchange *x, struct question *q,
		       struct question_server *s)
{
	uint8_t msg[QUESTION_MESSAGE];
	size_t len = question_build(q, s, msg);

	/* No route, or the firewall: another server or the next try. */
	if (upstream_send(s->fd, &s->upstream, msg, len) < 0) {
		count(x, COUNT_UPSTREAM_ERROR);
		return;
	}
	count(x, COUNT_ASKED);
	q->sent = true;
}

static bool open_server(struct exchange *x, struct question *q, unsigned int u)
{
	struct question_server *s = &q->server[u];
	uint8_t bits[DNSNAME_MAX / 8 + 1 + 2];

	s->failed = true;
	if (getrandom(bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
		return false;
	s->id = (uint16_t)(bits[0] << 8 | bits[1]);
	question_spell(s->spelt, q->name, q->name_len, bits + 2);
	s->fd = upstream_open(&s->upstream);
	if (s->fd < 0) {
		count(x, COUNT_UPSTREAM_ERROR);
		s->fd = -1;
		return false;
	}
	if (poller_add(x->poller, s->fd, token(x, q, u)) < 0) {
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
		q->server[u].upstream = p->upstreams[u];
		if (open_server(x, q, u)) {
			send_query(x, q, &q->server[u]);
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
			send_query(x, q, s);
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

/* Is the message in slot a response that counts? If so, q holds it. */
static bool take(struct exchange *x, struct question *q, unsigned int u,
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

static void start_tcp(struct exchange *x, struct question *q, unsigned int u)
{
	struct question_tcp *t = &q->tcp;

	if (t->fd >= 0)
		return;
	t->slot = slots_claim(x->slots);
	if (t->slot == SLOTS_NONE) {
		count(x, COUNT_FULL);
		return;
	}
	t->server = (uint8_t)u;
	t->sent = false;
	t->got = 0;
	t->fd = upstream_connect(&q->server[u].upstream);
	if (t->fd < 0 ||
	    poller_add(x->poller, t->fd, token(x, q, EXCHANGE_TCP)) < 0 ||
	    poller_mod(x->poller, t->fd, token(x, q, EXCHANGE_TCP), true) < 0) {
		count(x, COUNT_UPSTREAM_ERROR);
		q->server[u].failed = true;
		t->fd = t->fd < 0 ? -1 : t->fd;
		close_tcp(x, q);
		return;
	}
	count(x, COUNT_UPSTREAM_TCP);
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
				  slots_data(x->slots, slot), RESPONSE_MAX,
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
		else if (n > RESPONSE_MAX)
			count(x, PARSE_LONG);
		else
			good = take(x, q, u, slot, 0, (size_t)n);
		if (good && (q->view.flags & DNSFLAG_TC) == 0) {
			q->slot = slot;
			return true;
		}
		slots_release(x->slots, slot);
		if (good)
			start_tcp(x, q, u);
	}
	return false;
}

static void tcp_failed(struct exchange *x, struct question *q)
{
	q->server[q->tcp.server].failed = true;
	count(x, COUNT_UPSTREAM_ERROR);
	close_tcp(x, q);
}

/* The two octets of length and the query fit any socket buffer. */
static bool send_tcp(struct exchange *x, struct question *q)
{
	uint8_t msg[2 + QUESTION_MESSAGE];
	size_t len = question_build(q, &q->server[q->tcp.server], msg + 2);

	msg[0] = (uint8_t)(len >> 8);
	msg[1] = (uint8_t)len;
	if (send(q->tcp.fd, msg, len + 2, MSG_NOSIGNAL) != (ssize_t)len + 2)
		return false;
	q->tcp.sent = true;
	return poller_mod(x->poller, q->tcp.fd, token(x, q, EXCHANGE_TCP),
			  false) == 0;
}

/* Octets still wanted: first the prefix, then what it promises. */
static size_t tcp_wanted(const struct question_tcp *t, const uint8_t *p)
{
	return t->got < 2 ? 2u : 2u + (size_t)(p[0] << 8 | p[1]);
}

static bool read_tcp(struct exchange *x, struct question *q)
{
	struct question_tcp *t = &q->tcp;
	uint8_t *p;
	size_t want;
	ssize_t n;

	if (t->fd < 0)
		return false;
	p = slots_data(x->slots, t->slot);
	if (!t->sent) {
		if (!send_tcp(x, q))
			tcp_failed(x, q);
		return false;
	}
	/* What shrinks: the octets wanted; twice at most they grow. */
	for (want = tcp_wanted(t, p); t->got < want; want = tcp_wanted(t, p)) {
		if (want > RESPONSE_MAX) {
			count(x, PARSE_LONG);
			tcp_failed(x, q);
			return false;
		}
		n = recv(t->fd, p + t->got, want - t->got, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return false;
		if (n <= 0) {
			tcp_failed(x, q);
			return false;
		}
		t->got = (uint16_t)(t->got + n);
	}
	if (q->state != QUESTION_ASKING ||
	    !take(x, q, t->server, t->slot, 2, want - 2) ||
	    (q->view.flags & DNSFLAG_TC) != 0) {
		tcp_failed(x, q);
		return false;
	}
	q->slot = t->slot;
	t->slot = SLOTS_NONE;
	close_tcp(x, q);
	return true;
}

bool exchange_read(struct exchange *x, struct question *q, unsigned int n,
		   uint64_t now, unsigned int *server)
{
	bool good;

	if (q->state == QUESTION_FREE)
		return false;
	if (n == EXCHANGE_TCP) {
		*server = q->tcp.server;
		good = read_tcp(x, q);
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
	close_tcp(x, q);
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
