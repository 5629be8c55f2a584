/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 *	SYN		a place, a random ISN, SYN+ACK
 *	octets		to the session; replies acknowledge them, else an ACK
 *	FIN		acknowledged; ours goes with the last reply that is owed
 *	idle		our FIN; a second such time later the place is free
 *
 * There is no timer for sending again. A client's own retransmission (it has
 * not heard us while we did not run) finds what it needs: a SYN the same
 * SYN+ACK, octets their ACK, anything else of a connection that is over a
 * reset. A reply that the link does not take resets the connection, and so
 * does one beyond the client's window: it does not read. After both FINs the
 * place is free at once: the client, which was the last to be heard, keeps
 * TIME-WAIT if anybody has to.
 *
 * A segment must be within the window to mean anything; a reset must stand
 * exactly at its start, and a SYN within a connection never counts (RFC 5961,
 * 3 to 5). Whoever gets that wrong is told where we are: an ACK.
 */
#include "responder.h"

#include <assert.h>
#include <string.h>

#include "clock.h"
#include "shared/entropy.h"

enum {
	TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_PSH = 0x08,
	TCP_ACK = 0x10,
};

enum {
	HEADERS_V4 = 40, HEADERS_V6 = 60,
	/* RFC 9293, 3.7.1: of a client that does not say. */
	MSS_DEFAULT_V4 = 536, MSS_DEFAULT_V6 = 1220,
	MSS_LEAST = 88,		/* what TCP_MAXSEG takes, Linux */
};

static void count(struct responder *r, unsigned int which)
{
	counters_add(r->counters, which, 1);
}

void responder_init(struct responder *r, struct slots *slots,
		    struct counters *counters, responder_output *output,
		    void *context)
{
	memset(r, 0, sizeof(*r));
	r->slots = slots;
	r->counters = counters;
	r->output = output;
	r->context = context;
	for (unsigned int i = 0; i < TCP_CLIENTS; i++)
		r->client[i].session.slot = SLOTS_NONE;
}

/* --- what goes out --- */

/* snd_nxt moves on only if the segment has left. */
static bool emit(struct responder *r, struct responder_tcp *c, uint8_t flags,
		 const uint8_t *p, size_t len)
{
	struct craft_segment s = {
		.ends = c->ends, .seq = c->snd_nxt, .ack = c->rcv_nxt,
		.flags = flags | TCP_ACK,
		.window = (uint16_t)session_space(&c->session),
	};

	if ((flags & TCP_SYN) != 0)
		s.mss = TUN_MTU - (ipaddr_is_v4(&c->ends.dst) ? HEADERS_V4 :
								HEADERS_V6);
	if (!r->output(r->context, &s, p, len))
		return false;
	c->snd_nxt += (uint32_t)len + ((flags & (TCP_SYN | TCP_FIN)) != 0);
	c->acked = s.ack;
	c->edge = s.ack + s.window;
	return true;
}

static void acknowledge(struct responder *r, struct responder_tcp *c)
{
	(void)emit(r, c, 0, NULL, 0);
}

static void end(struct responder *r, struct responder_tcp *c)
{
	c->state = RESPONDER_FREE;
	session_end(&c->session, r->slots);
}

static void reset(struct responder *r, struct responder_tcp *c)
{
	(void)emit(r, c, TCP_RST, NULL, 0);
	end(r, c);
}

/* Nothing more comes from us. */
static void finish(struct responder *r, struct responder_tcp *c)
{
	c->sent_fin = emit(r, c, TCP_FIN, NULL, 0);
	if (!c->sent_fin)
		end(r, c);
}

/* The first time, or the same again. */
static void answer_syn(struct responder *r, struct responder_tcp *c)
{
	c->snd_nxt = c->snd_una;
	if (!emit(r, c, TCP_SYN, NULL, 0))
		c->snd_nxt++;		/* the client's next SYN gets it */
}

/* RFC 9293, 3.5.2, first group. */
static void refuse(struct responder *r, const struct frame *f)
{
	bool ack = (f->tcp_flags & TCP_ACK) != 0;
	struct craft_segment s = {
		.ends = { f->dst, f->src, f->dport, f->sport },
		.seq = ack ? f->tcp_ack : 0,
		.ack = ack ? 0 : f->tcp_seq + (uint32_t)f->payload.len +
		       ((f->tcp_flags & TCP_SYN) != 0) +
		       ((f->tcp_flags & TCP_FIN) != 0),
		.flags = ack ? TCP_RST : TCP_RST | TCP_ACK,
	};

	count(r, COUNT_STRAY_TCP);
	if ((f->tcp_flags & TCP_RST) == 0)
		(void)r->output(r->context, &s, NULL, 0);
}

/* --- who comes --- */

static struct responder_tcp *find(struct responder *r, const struct frame *f)
{
	for (unsigned int i = 0; i < TCP_CLIENTS; i++) {
		struct responder_tcp *c = &r->client[i];

		if (c->state != RESPONDER_FREE && c->ends.dport == f->sport &&
		    ipaddr_equal(&c->ends.dst, &f->src) &&
		    ipaddr_equal(&c->ends.src, &f->dst))
			return c;
	}
	return NULL;
}

/* A free place, else that of the connection least worth keeping. */
static struct responder_tcp *vacant(struct responder *r)
{
	struct responder_tcp *oldest = &r->client[0];

	for (unsigned int i = 0; i < TCP_CLIENTS; i++) {
		if (r->client[i].state == RESPONDER_FREE)
			return &r->client[i];
		if (session_rather(&r->client[i].session, &oldest->session))
			oldest = &r->client[i];
	}
	count(r, COUNT_FULL);
	reset(r, oldest);
	return oldest;
}

static uint16_t mss(const struct frame *f)
{
	bool v4 = ipaddr_is_v4(&f->src);
	uint16_t most = TUN_MTU - (v4 ? HEADERS_V4 : HEADERS_V6);
	uint16_t say = f->tcp_mss;

	if (say == 0)
		say = v4 ? MSS_DEFAULT_V4 : MSS_DEFAULT_V6;
	if (say < MSS_LEAST)
		say = MSS_LEAST;
	return say < most ? say : most;
}

static void let_in(struct responder *r, const struct frame *f, uint64_t now)
{
	struct responder_tcp *c = vacant(r);
	struct session session = c->session;
	uint32_t isn;

	if (!entropy_fill(&isn, sizeof(isn)) ||
	    !session_begin(&session, r->slots, now)) {
		count(r, COUNT_FULL);
		return;
	}
	*c = (struct responder_tcp){
		.state = RESPONDER_SYN, .session = session,
		.ends = { f->dst, f->src, f->dport, f->sport },
		.rcv_nxt = f->tcp_seq + 1, .snd_una = isn,
		.snd_wnd = f->tcp_window, .mss = mss(f),
	};
	answer_syn(r, c);
}

static void newcomer(struct responder *r, const struct frame *f, uint64_t now)
{
	const uint8_t known = TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN;

	if ((f->tcp_flags & known) == TCP_SYN)
		let_in(r, f, now);
	else
		refuse(r, f);
}

/* --- what comes in a connection --- */

/* RFC 9293, 3.4: some of it is within the window, which is never closed. */
static bool within(const struct responder_tcp *c, const struct frame *f)
{
	size_t window = session_space(&c->session);
	uint32_t len = (uint32_t)f->payload.len +
		       ((f->tcp_flags & TCP_SYN) != 0) +
		       ((f->tcp_flags & TCP_FIN) != 0);
	uint32_t first = f->tcp_seq - c->rcv_nxt;

	return first < window || (len > 0 && first + len - 1 < window);
}

/* What is not within is mostly what has been taken before. */
static void again(struct responder *r, struct responder_tcp *c,
		  const struct frame *f)
{
	if (c->state == RESPONDER_SYN && f->tcp_seq == c->rcv_nxt - 1 &&
	    (f->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
		answer_syn(r, c);
	else
		acknowledge(r, c);
}

/* The part of an acknowledgement; false: the segment is done with. */
static bool take_ack(struct responder *r, struct responder_tcp *c,
		     const struct frame *f)
{
	uint32_t ack = f->tcp_ack;

	if (c->state == RESPONDER_SYN && ack != c->snd_nxt) {
		refuse(r, f);
		return false;
	}
	c->state = RESPONDER_OPEN;
	if (ack - c->snd_una <= c->snd_nxt - c->snd_una) {
		c->snd_una = ack;
		c->snd_wnd = f->tcp_window;
	} else if (c->snd_una - ack > UINT16_MAX) {
		acknowledge(r, c);	/* RFC 5961, 5.2 */
		return false;
	}
	if (c->heard_fin && c->sent_fin && c->snd_una == c->snd_nxt) {
		end(r, c);
		return false;
	}
	return true;
}

/* RFC 9293, 3.10.7.4, first to fifth; false: the segment is done with. */
static bool admit(struct responder *r, struct responder_tcp *c,
		  const struct frame *f)
{
	bool rst = (f->tcp_flags & TCP_RST) != 0;

	if (!within(c, f)) {
		if (!rst)
			again(r, c, f);
	} else if (rst && f->tcp_seq == c->rcv_nxt) {
		end(r, c);
	} else if (rst || (f->tcp_flags & TCP_SYN) != 0) {
		acknowledge(r, c);
	} else if ((f->tcp_flags & TCP_ACK) != 0) {
		return take_ack(r, c, f);
	}
	return false;
}

/* In order and within the window. False: the connection is over. */
static bool take(struct responder *r, struct responder_tcp *c,
		 const uint8_t *p, size_t n, uint64_t now, client_query *query,
		 void *context)
{
	struct client from = {
		.kind = CLIENT_TUN_TCP, .index = (uint8_t)(c - r->client),
	};

	if (n == 0)
		return true;
	/* Behind its own FIN, or behind ours, when nobody replies any more. */
	if (c->heard_fin || c->sent_fin) {
		reset(r, c);
		return false;
	}
	memcpy(session_room(&c->session, r->slots), p, n);
	c->rcv_nxt += (uint32_t)n;
	if (!session_read(&c->session, r->slots, n, now, &from, r->counters,
			  query, context)) {
		reset(r, c);
		return false;
	}
	return c->session.generation == from.generation;
}

/* The client's FIN, in order. False: the connection is over. */
static bool take_fin(struct responder *r, struct responder_tcp *c)
{
	c->rcv_nxt++;
	c->heard_fin = true;
	if (!c->sent_fin && c->session.waiting == 0) {
		finish(r, c);
		return c->state != RESPONDER_FREE;
	}
	if (c->sent_fin && c->snd_una == c->snd_nxt) {
		acknowledge(r, c);
		end(r, c);
		return false;
	}
	return true;
}

/* Replies have acknowledged what they could; the rest, and a window that has
 * become much wider (RFC 9293, 3.8.6.2.2), is told now. */
static void tell(struct responder *r, struct responder_tcp *c)
{
	uint32_t edge = c->rcv_nxt + (uint32_t)session_space(&c->session);

	if (c->acked != c->rcv_nxt || edge - c->edge >= SLOT_SIZE / 2)
		acknowledge(r, c);
}

static void hear(struct responder *r, struct responder_tcp *c,
		 const struct frame *f, uint64_t now, client_query *query,
		 void *context)
{
	size_t old = c->rcv_nxt - f->tcp_seq, len = f->payload.len, n;
	bool fin = (f->tcp_flags & TCP_FIN) != 0;

	if (old > len) {		/* there is a gap before it */
		acknowledge(r, c);
		return;
	}
	n = len - old;
	if (n > session_space(&c->session)) {
		n = session_space(&c->session);
		fin = false;
	}
	if (!take(r, c, f->payload.p + old, n, now, query, context))
		return;
	if (fin && !c->heard_fin && !take_fin(r, c))
		return;
	tell(r, c);
}

void responder_read(struct responder *r, const struct frame *f, uint64_t now,
		    client_query *query, void *context)
{
	struct responder_tcp *c = find(r, f);

	if (c == NULL)
		newcomer(r, f, now);
	else if (admit(r, c, f))
		hear(r, c, f, now, query, context);
}

/* --- replies --- */

static struct responder_tcp *connection(struct responder *r,
					const struct client *to)
{
	struct responder_tcp *c = &r->client[to->index];

	return c->state == RESPONDER_OPEN &&
	       c->session.generation == to->generation ? c : NULL;
}

/* Is ours due, since nothing is owed any more to who has sent his? */
static bool fin_due(const struct responder_tcp *c)
{
	return c->heard_fin && !c->sent_fin && c->session.waiting == 0;
}

void responder_forget(struct responder *r, const struct client *to)
{
	struct responder_tcp *c = connection(r, to);

	if (c == NULL)
		return;
	c->session.waiting--;
	if (fin_due(c))
		finish(r, c);
}

/* In as many segments as the client's MSS makes of it. */
static bool emit_all(struct responder *r, struct responder_tcp *c,
		     const uint8_t *p, size_t len)
{
	bool fin = fin_due(c);

	/* What shrinks: the octets left. */
	while (len > c->mss) {
		if (!emit(r, c, 0, p, c->mss))
			return false;
		p += c->mss;
		len -= c->mss;
	}
	c->sent_fin = fin;
	return emit(r, c, fin ? TCP_PSH | TCP_FIN : TCP_PSH, p, len);
}

void responder_send(struct responder *r, const struct client *to,
		    const uint8_t *msg, size_t len)
{
	struct responder_tcp *c = connection(r, to);
	size_t in_flight;

	assert(len <= SLOT_SIZE);
	if (c == NULL)
		return;
	c->session.waiting--;
	r->out[0] = (uint8_t)(len >> 8);
	r->out[1] = (uint8_t)len;
	memcpy(r->out + 2, msg, len);
	in_flight = c->snd_nxt - c->snd_una;
	if (in_flight + len + 2 > c->snd_wnd ||
	    !emit_all(r, c, r->out, len + 2))
		reset(r, c);
}

/* --- time --- */

static void expire(struct responder *r, struct responder_tcp *c, uint64_t now)
{
	c->session.active = now;
	if (c->state == RESPONDER_OPEN && !c->sent_fin)
		finish(r, c);
	else
		end(r, c);
}

uint64_t responder_due(struct responder *r, uint64_t now)
{
	uint64_t due = UINT64_MAX;

	for (unsigned int i = 0; i < TCP_CLIENTS; i++) {
		struct responder_tcp *c = &r->client[i];

		if (c->state == RESPONDER_FREE)
			continue;
		if (now >= session_due(&c->session))
			expire(r, c, now);
		if (c->state != RESPONDER_FREE &&
		    session_due(&c->session) < due)
			due = session_due(&c->session);
	}
	return due;
}
