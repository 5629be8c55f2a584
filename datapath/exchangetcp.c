/* SPDX-License-Identifier: ISC */
#include "exchangetcp.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "upstream.h"

static void count(struct exchange *x, unsigned int which)
{
	counters_add(x->counters, which, 1);
}

static uint64_t token(const struct exchange *x, const struct question *q)
{
	return x->token + PORTS_MAX + (uint64_t)(q - x->question);
}

void exchangetcp_close(struct exchange *x, struct question *q)
{
	struct question_tcp *t = &q->tcp;

	if (t->fd >= 0)
		close(t->fd);
	if (t->slot != SLOTS_NONE)
		slots_release(x->slots, t->slot);
	t->fd = -1;
	t->slot = SLOTS_NONE;
}

void exchangetcp_start(struct exchange *x, struct question *q, unsigned int u)
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
	t->fd = upstream_connect(&x->ports.port[q->server[u].port].to);
	if (t->fd < 0 ||
	    poller_add(x->poller, t->fd, token(x, q)) < 0 ||
	    poller_mod(x->poller, t->fd, token(x, q), true) < 0) {
		count(x, COUNT_UPSTREAM_ERROR);
		q->server[u].failed = true;
		t->fd = t->fd < 0 ? -1 : t->fd;
		exchangetcp_close(x, q);
		return;
	}
	count(x, COUNT_UPSTREAM_TCP);
}

static void tcp_failed(struct exchange *x, struct question *q)
{
	q->server[q->tcp.server].failed = true;
	count(x, COUNT_UPSTREAM_ERROR);
	exchangetcp_close(x, q);
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
	return poller_mod(x->poller, q->tcp.fd, token(x, q),
			  false) == 0;
}

/* Octets still wanted: first the prefix, then what it promises. */
static size_t tcp_wanted(const struct question_tcp *t, const uint8_t *p)
{
	return t->got < 2 ? 2u : 2u + (size_t)(p[0] << 8 | p[1]);
}

bool exchangetcp_read(struct exchange *x, struct question *q)
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
		if (want > QUESTION_RESPONSE) {
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
	    !exchange_take(x, q, t->server, t->slot, 2, want - 2) ||
	    (q->view.flags & DNSFLAG_TC) != 0) {
		tcp_failed(x, q);
		return false;
	}
	q->slot = t->slot;
	t->slot = SLOTS_NONE;
	exchangetcp_close(x, q);
	return true;
}
