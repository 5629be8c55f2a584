/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * window[0] has sequence number next; octets 0..got are there without a hole,
 * of which messages have used taken; ahead[] are ranges behind a hole, in
 * order, apart, and none begins at got. Whatever is used is moved out of the
 * window before the next segment comes in.
 *
 * An octet that has been used is not kept. A segment that brings it again
 * with another value is not noticed.
 */
#include "stream.h"

#include <assert.h>
#include <string.h>

#include "dnsname.h"

enum { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04 };
enum { PREFIX = 2 };
_Static_assert(STREAM_WINDOW >= 2 * (PREFIX + SLOT_SIZE), "a message fits");
_Static_assert(STREAM_MAX % STREAM_WAYS == 0, "whole sets");

void stream_init(struct streams *t)
{
	t->count = t->begun = t->midway = t->again = t->ahead = 0;
	t->lost = t->unfinished = 0;
	for (unsigned int i = 0; i < STREAM_SETS; i++)
		for (unsigned int k = 0; k < STREAM_WAYS; k++)
			t->stream[i][k].used = false;
}

/* ---- the table */

/* FNV-1a, so that the same capture is always told the same way. */
static uint32_t hash(const struct frame *f)
{
	uint32_t h = 2166136261u;

	for (unsigned int i = 0; i < sizeof(f->src.b); i++)
		h = ((h ^ f->src.b[i]) * 16777619u ^ f->dst.b[i]) * 16777619u;
	return ((h ^ f->sport) * 16777619u ^ f->dport) * 16777619u;
}

static bool is(const struct stream *s, const struct frame *f)
{
	return s->used && s->sport == f->sport && s->dport == f->dport &&
	       ipaddr_equal(&s->src, &f->src) &&
	       ipaddr_equal(&s->dst, &f->dst);
}

/* Its own place, else a free one, else the one touched longest ago. */
static struct stream *find(struct streams *t, const struct frame *f)
{
	uint32_t h = hash(f);
	struct stream *set = t->stream[(h ^ h >> 16) % STREAM_SETS];
	struct stream *best = &set[0];

	for (unsigned int i = 0; i < STREAM_WAYS; i++) {
		struct stream *s = &set[i];

		if (is(s, f))
			return s;
		if (best->used && (!s->used || s->touched < best->touched))
			best = s;
	}
	return best;
}

/* Of one that is lost, each segment was told when it came. */
static bool unfinished(const struct stream *s)
{
	return s->used && !s->lost &&
	       (s->taken < s->got || s->n_ahead > 0 || s->skip > 0);
}

static void end(struct streams *t, struct stream *s, struct stream_gone *gone)
{
	gone->any = unfinished(s);
	if (gone->any) {
		t->unfinished++;
		*gone = (struct stream_gone){
			.any = true, .src = s->src, .dst = s->dst,
			.sport = s->sport, .dport = s->dport,
			.outgoing = s->outgoing,
		};
	}
	s->used = false;
}

void stream_close(struct streams *t, struct stream *s, const struct frame *f,
		  struct stream_gone *gone)
{
	bool hole = s->n_ahead > 0 && !s->lost;

	gone->any = false;
	if ((f->tcp_flags & TCP_RST) != 0 ||
	    ((f->tcp_flags & TCP_FIN) != 0 && !hole))
		end(t, s, gone);
}

bool stream_drain(struct streams *t, struct stream_gone *gone)
{
	gone->any = false;
	for (unsigned int i = 0; i < STREAM_MAX && !gone->any; i++)
		end(t, &t->stream[i / STREAM_WAYS][i % STREAM_WAYS], gone);
	return gone->any;
}

static void start(struct streams *t, struct stream *s, const struct frame *f)
{
	t->begun++;
	s->src = f->src;
	s->dst = f->dst;
	s->sport = f->sport;
	s->dport = f->dport;
	s->outgoing = f->outgoing;
	s->used = true;
	s->begun = s->lost = false;
	s->taken = s->got = s->skip = 0;
	s->n_ahead = 0;
}

struct stream *stream_open(struct streams *t, const struct frame *f,
			   struct stream_rest *rest, struct stream_gone *gone)
{
	struct stream *s = find(t, f);
	bool syn = (f->tcp_flags & TCP_SYN) != 0;

	gone->any = false;
	if (!is(s, f) && !syn && f->payload.len == 0)
		return NULL;
	/* The same SYN once more is no new connection. */
	if (!is(s, f) || (syn && (!s->begun || s->lost ||
				  s->next != f->tcp_seq + 1 || s->got > 0))) {
		end(t, s, gone);
		start(t, s, f);
	}
	s->touched = ++t->count;
	*rest = (struct stream_rest){ f->tcp_seq + syn, f->payload };
	if (!s->begun && (syn || f->payload.len > 0)) {
		t->midway += !syn;
		s->next = rest->seq;
		s->begun = true;
	}
	return s;
}

/* ---- the window */

static void compact(struct stream *s)
{
	uint32_t end = s->n_ahead > 0 ? s->ahead[s->n_ahead - 1].to : s->got;

	if (s->taken == 0)
		return;
	memmove(s->window, s->window + s->taken, end - s->taken);
	for (unsigned int i = 0; i < s->n_ahead; i++) {
		s->ahead[i].from -= s->taken;
		s->ahead[i].to -= s->taken;
	}
	s->next += s->taken;
	s->got -= s->taken;
	s->taken = 0;
}

static void drop_front(struct stream_rest *rest, uint32_t n)
{
	rest->seq += n;
	rest->octets = slice_sub(rest->octets, n, rest->octets.len - n);
}

/* The hole is filled up to got: ranges that begin by then join. */
static void join(struct stream *s)
{
	unsigned int n = 0;

	while (n < s->n_ahead && s->ahead[n].from <= s->got) {
		if (s->ahead[n].to > s->got)
			s->got = s->ahead[n].to;
		n++;
	}
	s->n_ahead -= n;
	memmove(s->ahead, s->ahead + n, s->n_ahead * sizeof(s->ahead[0]));
}

/* Octets in a row; those that lie ahead already stay as they are. */
static void append(struct stream *s, struct stream_rest *rest)
{
	uint32_t room = STREAM_WINDOW - s->got, n;

	if (s->n_ahead > 0)
		room = s->ahead[0].from - s->got;
	/* A window without room would hold a message: the caller took none. */
	assert(room > 0);
	n = rest->octets.len < room ? (uint32_t)rest->octets.len : room;
	memcpy(s->window + s->got, rest->octets.p, n);
	s->got += n;
	drop_front(rest, n);
	join(s);
}

/* A range of its own, or as the end of the one before. */
static bool insert(struct stream *s, unsigned int i, uint32_t from, uint32_t to)
{
	if (i > 0 && s->ahead[i - 1].to == from) {
		s->ahead[i - 1].to = to;
		return true;
	}
	if (s->n_ahead == STREAM_AHEAD)
		return false;
	memmove(&s->ahead[i + 1], &s->ahead[i],
		(s->n_ahead - i) * sizeof(s->ahead[0]));
	s->ahead[i].from = from;
	s->ahead[i].to = to;
	s->n_ahead++;
	return true;
}

/* Octets behind a hole go where none are yet. What shrinks: the octets. */
static bool keep(struct stream *s, uint32_t at, struct slice octets)
{
	unsigned int i = 0;

	while (octets.len > 0) {
		uint32_t n = (uint32_t)octets.len;

		while (i < s->n_ahead && s->ahead[i].to <= at)
			i++;
		if (i < s->n_ahead && s->ahead[i].from <= at) {
			if (n > s->ahead[i].to - at)
				n = s->ahead[i].to - at;
		} else {
			if (i < s->n_ahead && n > s->ahead[i].from - at)
				n = s->ahead[i].from - at;
			if (!insert(s, i, at, at + n))
				return false;
			memcpy(s->window + at, octets.p, n);
		}
		at += n;
		octets = slice_sub(octets, n, octets.len - n);
	}
	return true;
}

static enum stream_what lose(struct streams *t, struct stream *s)
{
	t->lost++;
	s->lost = true;
	return STREAM_LOST;
}

/* The segment begins behind a hole. */
static enum stream_what ahead(struct streams *t, struct stream *s,
			      const struct stream_rest *rest, uint32_t hole)
{
	uint32_t at = s->got + hole;

	if (hole >= STREAM_WINDOW - s->got ||
	    rest->octets.len > STREAM_WINDOW - at ||
	    !keep(s, at, rest->octets))
		return lose(t, s);
	t->ahead++;
	return STREAM_DONE;
}

enum stream_what stream_feed(struct streams *t, struct stream *s,
			     struct stream_rest *rest)
{
	uint32_t off;

	if (rest->octets.len == 0)
		return STREAM_DONE;
	if (s->lost)
		return STREAM_LOST;
	compact(s);
	/* Sequence numbers wrap: half the circle is behind us (RFC 9293, 3.4). */
	off = rest->seq - (s->next + s->got);
	if (off > INT32_MAX) {
		uint32_t old = s->next + s->got - rest->seq;

		t->again++;
		if (old >= rest->octets.len)
			return STREAM_DONE;
		drop_front(rest, old);
		off = 0;
	}
	if (off > 0)
		return ahead(t, s, rest, off);
	append(s, rest);
	return STREAM_MORE;
}

/* ---- messages */

static void pass_over(struct stream *s)
{
	uint32_t n = s->got - s->taken;

	if (n > s->skip)
		n = s->skip;
	s->taken += n;
	s->skip -= n;
}

bool stream_message(struct stream *s, struct slice *msg)
{
	struct slice all = { s->window, s->got };
	uint32_t len;

	pass_over(s);
	if (s->lost || !slice_has(all, s->taken, PREFIX))
		return false;
	len = slice_be16(all, s->taken);
	if (len > SLOT_SIZE) {
		*msg = (struct slice){ NULL, len };
		s->skip = PREFIX + len;
		pass_over(s);
		return true;
	}
	/* No message is that short: these are no lengths. */
	if (len < DNSMSG_HEADER) {
		*msg = (struct slice){ NULL, len };
		s->lost = true;
		return true;
	}
	if (!slice_has(all, s->taken + PREFIX, len))
		return false;
	*msg = slice_sub(all, s->taken + PREFIX, len);
	s->taken += PREFIX + len;
	return true;
}
