/* SPDX-License-Identifier: ISC */
/*
 * DNS over TCP, in the ways that segments come.
 */
#include <stdlib.h>
#include <string.h>

#include "out.h"

enum { SEQ = 1000, ROOM = 2048 };

/* Messages with their lengths in front, as one side of a connection says
 * them. */
struct talk {
	uint32_t seq;		/* of octets[0] */
	uint8_t octets[ROOM];
	size_t len;
};

static void say(struct talk *t, const struct out *o, const struct exchange *e)
{
	size_t n;
	uint8_t *wire = out_wire(o, e, &n);

	if (n + 2 > ROOM - t->len)
		out_die(e->name, "too long");
	t->octets[t->len] = (uint8_t)(n >> 8);
	t->octets[t->len + 1] = (uint8_t)n;
	memcpy(t->octets + t->len + 2, wire, n);
	t->len += n + 2;
	free(wire);
}

static void segment(struct out *o, const struct talk *t, size_t from,
		    size_t to)
{
	out_tcp(o, TH_PUSH | TH_ACK, t->seq + (uint32_t)from,
		t->octets + from, to - from);
	out_write(o);
}

static void control(struct out *o, uint8_t flags, uint32_t seq)
{
	out_tcp(o, flags, seq, NULL, 0);
	out_write(o);
}

/* A connection of its own, with what both will say. */
static void connect_tcp(struct out *o, struct talk *query,
			struct talk *response)
{
	o->port[0]++;
	o->back = false;
	query->seq = SEQ + 1;
	query->len = 0;
	say(query, o, &out_probe);
	o->back = true;
	/* Its sequence numbers wrap. */
	response->seq = UINT32_MAX - 50;
	response->len = 0;
	say(response, o, &out_probe);
	o->back = false;
	control(o, TH_SYN, SEQ);
	o->back = true;
	control(o, TH_SYN | TH_ACK, response->seq - 1);
	o->back = false;
	control(o, TH_ACK, SEQ + 1);
}

static void in_order(struct out *o, struct talk *q, struct talk *r)
{
	connect_tcp(o, q, r);
	segment(o, q, 0, q->len);
	o->back = true;
	segment(o, r, 0, r->len);
	control(o, TH_FIN | TH_ACK, r->seq + (uint32_t)r->len);
	o->back = false;
	control(o, TH_FIN | TH_ACK, q->seq + (uint32_t)q->len);
}

/* One octet at the ends, the middle before the front, and all of it twice. */
static void disorder(struct out *o, struct talk *q, struct talk *r)
{
	connect_tcp(o, q, r);
	segment(o, q, 0, 1);
	segment(o, q, 1, q->len);
	segment(o, q, 0, q->len);
	o->back = true;
	segment(o, r, 100, r->len);
	segment(o, r, 10, 60);
	segment(o, r, 50, 110);
	segment(o, r, 0, 10);
	segment(o, r, 0, r->len);
}

/* Two questions in one segment; the second is for a name not allowed. */
static void pipelined(struct out *o, struct talk *q, struct talk *r)
{
	static const struct exchange other = {
		"apple.com.", LDNS_RR_TYPE_A, { NULL },
	};

	connect_tcp(o, q, r);
	say(q, o, &other);
	segment(o, q, 0, q->len);
}

/* A segment that was not captured: behind it nothing can be known. */
static void gap(struct out *o, struct talk *q, struct talk *r)
{
	static const struct talk far_away = { .seq = SEQ + 60000, .len = 20 };

	connect_tcp(o, q, r);
	segment(o, q, 0, 10);
	segment(o, &far_away, 0, far_away.len);
	segment(o, q, 10, q->len);
}

/* Half a question, and no more of it; and one in a capture begun late. */
static void halves(struct out *o, struct talk *q, struct talk *r)
{
	connect_tcp(o, q, r);
	segment(o, q, 0, q->len / 2);
	control(o, TH_RST, q->seq + (uint32_t)q->len / 2);
	o->port[0]++;
	segment(o, q, 0, q->len);
	o->port[0]++;
	segment(o, q, 0, q->len / 2);
}

/* An answer of 5000 octets is passed over; the next one is read. */
static void too_long(struct out *o, struct talk *q, struct talk *r)
{
	static uint8_t big[5002] = { 5000 >> 8, 5000 & 0xff };

	connect_tcp(o, q, r);
	segment(o, q, 0, q->len);
	o->back = true;
	for (size_t at = 0; at < sizeof(big); at += 1251) {
		size_t n = sizeof(big) - at < 1251 ? sizeof(big) - at : 1251;

		out_tcp(o, TH_ACK, r->seq + (uint32_t)at, big + at, n);
		out_write(o);
	}
	r->seq += sizeof(big);
	segment(o, r, 0, r->len);
	o->back = false;
}

void tcp(struct out *o)
{
	static void (*const ways[])(struct out *, struct talk *,
				    struct talk *) = {
		in_order, disorder, pipelined, gap, halves, too_long,
	};
	static struct talk q, r;

	for (size_t i = 0; i < NITEMS(ways); i++) {
		ways[i](o, &q, &r);
		o->back = false;
	}
}
