/* SPDX-License-Identifier: ISC */
/*
 * exchangesend.c - questions leave: by frames at once, by sockets at the end of
 * a round, together as far as they share a port
 */
#include "exchangepart.h"

#include <errno.h>

#include "upstream.h"
#include "wire.h"

static void count(struct exchange *x, unsigned int which)
{
	counters_add(x->counters, which, 1);
}

static void note_sent(struct exchange *x, struct question *q)
{
	count(x, COUNT_ASKED);
	q->sent = true;
	if (x->on_sent != NULL)
		x->on_sent(x->context, q);
}

static void send_frame(struct exchange *x, struct question *q,
		       const struct question_server *s, bool doubt,
		       uint64_t now)
{
	const struct port *p = &x->ports.port[s->port];
	uint8_t msg[QUESTION_MESSAGE];
	const struct wire_message m = {
		.to = &p->to, .port = p->number, .msg = msg,
		.len = question_build(q, s, msg), .doubt = doubt,
	};
	int error = wire_send(x->wire, &m, now);

	if (error == -EINPROGRESS)
		return;		/* exchangewire_reach() will */
	/* No route, or the firewall: another server or the next try. */
	if (error < 0)
		count(x, COUNT_UPSTREAM_ERROR);
	else
		note_sent(x, q);
}

void exchange_send(struct exchange *x, struct question *q, unsigned int u,
		   bool doubt, uint64_t now)
{
	if (x->wire != NULL) {
		send_frame(x, q, &q->server[u], doubt, now);
		return;
	}
	if (x->n_out == EXCHANGE_OUTBOX)
		exchange_flush(x);
	q->server[u].queued = true;
	x->outbox[x->n_out++] = (struct exchange_out){ exchange_index(x, q),
						       (uint8_t)u };
}

static struct question_server *outgoing(struct exchange *x, unsigned int i)
{
	const struct exchange_out *o = &x->outbox[i];

	return &x->question[o->question].server[o->server];
}

/* Sends to port's server, and says of each whether it has left. */
static void send_batch(struct exchange *x, const struct port *port,
		       const struct upstream_datagram *d,
		       struct question *const *q, unsigned int n)
{
	unsigned int i = 0;

	/* What shrinks: the datagrams left. */
	while (i < n) {
		int sent = upstream_send(port->fd, &port->to, d + i, n - i);

		if (sent < 0) {
			count(x, COUNT_UPSTREAM_ERROR);
			i++;
		}
		for (; sent > 0; sent--)
			note_sent(x, q[i++]);
	}
}

/* All that waits for the same port as the first does. */
static void flush_port(struct exchange *x, unsigned int first)
{
	uint8_t msg[UPSTREAM_BATCH][QUESTION_MESSAGE];
	struct upstream_datagram d[UPSTREAM_BATCH];
	struct question *q[UPSTREAM_BATCH];
	uint16_t port = outgoing(x, first)->port;
	unsigned int n = 0;

	for (unsigned int i = first; i < x->n_out && n < UPSTREAM_BATCH; i++) {
		struct question_server *s = outgoing(x, i);

		if (!s->queued || s->port != port)
			continue;
		s->queued = false;
		q[n] = &x->question[x->outbox[i].question];
		d[n].p = msg[n];
		d[n].len = question_build(q[n], s, msg[n]);
		n++;
	}
	send_batch(x, &x->ports.port[port], d, q, n);
}

void exchange_flush(struct exchange *x)
{
	for (unsigned int i = 0; i < x->n_out; i++)
		if (outgoing(x, i)->queued)
			flush_port(x, i);
	x->n_out = 0;
}
