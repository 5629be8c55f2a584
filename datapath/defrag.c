/* SPDX-License-Identifier: ISC */
#include "defrag.h"

#include <assert.h>
#include <string.h>

static const uint64_t TIMEOUT_NS = DEFRAG_SECONDS * UINT64_C(1000000000);

enum { IPV4_HEADER = 20, IPV6_HEADER = 40 };

static const char *const names[] = {
	[DEFRAG_WAIT] = "wait",
	[DEFRAG_DONE] = "done",
	[DEFRAG_AGAIN] = "again",
	[DEFRAG_OVERLAP] = "overlap",
	[DEFRAG_BAD] = "bad",
};
static_assert(NITEMS(names) == DEFRAG__N, "a name for each");

const char *defrag_name(enum defrag_what what)
{
	return what < DEFRAG__N ? names[what] : "?";
}

void defrag_init(struct defrag *d)
{
	for (unsigned int i = 0; i < DEFRAG_MAX; i++)
		d->datagram[i].used = false;
}

/* ---- the table */

static void give_up(struct datagram *g, struct defrag_gone *gone)
{
	/* Of those refused, each part was told when it came. */
	if (g->used && !g->refused)
		*gone = (struct defrag_gone){
			.parts = g->n_parts, .src = g->src, .dst = g->dst,
			.protocol = g->next, .outgoing = g->outgoing,
		};
	g->used = false;
}

/* RFC 8200, 4.5: source, destination, id; in IPv4 the protocol as well. */
static bool is(const struct datagram *g, const struct frame *f)
{
	return g->used && g->id == f->part.id &&
	       ipaddr_equal(&g->src, &f->src) &&
	       ipaddr_equal(&g->dst, &f->dst) &&
	       (g->next == f->part.next || !ipaddr_is_v4(&f->src));
}

/* Its own place, else a free one, else the oldest's. */
static struct datagram *find(struct defrag *d, const struct frame *f)
{
	struct datagram *best = &d->datagram[0];

	for (unsigned int i = 0; i < DEFRAG_MAX; i++) {
		struct datagram *g = &d->datagram[i];

		if (is(g, f))
			return g;
		if (best->used && (!g->used || g->first < best->first))
			best = g;
	}
	return best;
}

static void start(struct datagram *g, const struct frame *f, uint64_t now)
{
	g->src = f->src;
	g->dst = f->dst;
	g->id = f->part.id;
	g->next = f->part.next;
	g->outgoing = f->outgoing;
	g->used = true;
	g->refused = false;
	g->first = now;
	g->have = g->end = 0;
	g->n_parts = 0;
}

/* ---- one part */

static uint32_t room(const struct datagram *g)
{
	return ipaddr_is_v4(&g->src) ? DEFRAG_OCTETS - IPV4_HEADER :
				       DEFRAG_OCTETS;
}

/* Lengths: in eights but for the last part, and one end only. */
static bool fits(const struct datagram *g, const struct frame_part *p,
		 uint32_t to)
{
	uint32_t last = g->n_parts == 0 ? 0 : g->part[g->n_parts - 1].to;

	if (p->octets.len == 0 || to > room(g))
		return false;
	if (p->more)
		return to % 8 == 0 && (g->end == 0 || to < g->end);
	return (g->end == 0 || to == g->end) && last <= to;
}

static enum defrag_what place(struct datagram *g, const struct frame_part *p,
			      uint32_t to)
{
	uint8_t *at = g->octets + DEFRAG_HEADER + p->at;
	unsigned int i = 0;

	while (i < g->n_parts && g->part[i].to <= p->at)
		i++;
	if (i < g->n_parts && g->part[i].from == p->at &&
	    g->part[i].to == to && memcmp(at, p->octets.p, to - p->at) == 0)
		return DEFRAG_AGAIN;
	if (i < g->n_parts && g->part[i].from < to)
		return DEFRAG_OVERLAP;
	if (g->n_parts == DEFRAG_PARTS)
		return DEFRAG_BAD;
	memmove(&g->part[i + 1], &g->part[i],
		(g->n_parts - i) * sizeof(g->part[0]));
	g->part[i] = (struct defrag_part){ p->at, to };
	g->n_parts++;
	g->have += to - p->at;
	memcpy(at, p->octets.p, to - p->at);
	return DEFRAG_WAIT;
}

static enum defrag_what add(struct datagram *g, const struct frame_part *p)
{
	uint32_t to = p->at + (uint32_t)p->octets.len;
	enum defrag_what what;

	if (p->octets.len > DEFRAG_OCTETS || !fits(g, p, to))
		return DEFRAG_BAD;
	what = place(g, p, to);
	if (what != DEFRAG_WAIT)
		return what;
	if (p->at == 0)
		g->next = p->next;
	if (!p->more)
		g->end = to;
	return g->have == g->end ? DEFRAG_DONE : DEFRAG_WAIT;
}

/* ---- the whole */

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* A header such as it had before it was cut; the checksum is nobody's. */
static struct slice whole(struct datagram *g)
{
	bool v4 = ipaddr_is_v4(&g->src);
	size_t len = v4 ? IPV4_HEADER : IPV6_HEADER;
	uint8_t *p = g->octets + DEFRAG_HEADER - len;

	memset(p, 0, len);
	if (v4) {
		p[0] = 0x45;
		put16(p + 2, g->end + IPV4_HEADER);
		p[8] = 64;
		p[9] = g->next;
		memcpy(p + 12, g->src.b + 12, 4);
		memcpy(p + 16, g->dst.b + 12, 4);
	} else {
		p[0] = 0x60;
		put16(p + 4, g->end);
		p[6] = g->next;
		p[7] = 64;
		memcpy(p + 8, g->src.b, 16);
		memcpy(p + 24, g->dst.b, 16);
	}
	return (struct slice){ p, len + g->end };
}

/* This part is told of, and with the first of its kind those before it. */
static void spoil(struct datagram *g, struct defrag_gone *gone)
{
	if (g->refused)
		g->n_parts = 0;
	g->n_parts++;
	g->refused = false;
	give_up(g, gone);
	g->used = g->refused = true;
}

enum defrag_what defrag_add(struct defrag *d, const struct frame *f,
			    uint64_t now, struct slice *packet,
			    struct defrag_gone gone[static 2])
{
	struct datagram *g = find(d, f);
	enum defrag_what what;

	assert(f->fragment);
	gone[0].parts = gone[1].parts = 0;
	if (!is(g, f) || now - g->first > TIMEOUT_NS) {
		give_up(g, &gone[0]);
		start(g, f, now);
	}
	what = g->refused ? DEFRAG_OVERLAP : add(g, &f->part);
	if (what == DEFRAG_DONE) {
		*packet = whole(g);
		g->used = false;
	} else if (what == DEFRAG_OVERLAP || what == DEFRAG_BAD) {
		spoil(g, &gone[1]);
	}
	return what;
}

bool defrag_drain(struct defrag *d, struct defrag_gone *gone)
{
	gone->parts = 0;
	for (unsigned int i = 0; i < DEFRAG_MAX && gone->parts == 0; i++)
		give_up(&d->datagram[i], gone);
	return gone->parts > 0;
}
