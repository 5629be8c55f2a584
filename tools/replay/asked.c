/* SPDX-License-Identifier: ISC */
#include "asked.h"

#include <assert.h>
#include <string.h>

#include "clock.h"

static const uint64_t DEADLINE = UPSTREAM_DEADLINE_MS * CLOCK_MS;

void asked_init(struct asked *a)
{
	for (unsigned int i = 0; i < ASKED_SETS * ASKED_WAYS; i++)
		a->one[i / ASKED_WAYS][i % ASKED_WAYS].used = false;
	a->again = a->unanswered = 0;
}

void asked_restart(struct asked *a)
{
	for (unsigned int i = 0; i < ASKED_SETS * ASKED_WAYS; i++) {
		struct asked_one *one = &a->one[i / ASKED_WAYS][i % ASKED_WAYS];

		a->unanswered += one->used;
		one->used = false;
	}
}

static struct asked_ends ends_of(const struct frame *f, const struct dnsmsg *m,
				 bool query)
{
	return (struct asked_ends){
		.client = query ? f->src : f->dst,
		.server = query ? f->dst : f->src,
		.client_port = query ? f->sport : f->dport,
		.server_port = query ? f->dport : f->sport,
		.id = m->id, .protocol = f->protocol,
	};
}

static bool same(const struct asked_ends *a, const struct asked_ends *b)
{
	return a->id == b->id && a->client_port == b->client_port &&
	       a->server_port == b->server_port &&
	       a->protocol == b->protocol &&
	       ipaddr_equal(&a->client, &b->client) &&
	       ipaddr_equal(&a->server, &b->server);
}

static struct asked_one *set_of(struct asked *a, const struct asked_ends *e)
{
	uint32_t h = (uint32_t)e->id << 16 | e->client_port;

	h = (h ^ e->client.b[15] ^ e->server.b[15]) * 2654435761u;
	return a->one[(h >> 16) % ASKED_SETS];
}

/* From the question's name to its class. */
static struct slice question(const struct dnsmsg *m)
{
	return slice_sub(m->msg, DNSMSG_HEADER,
			 (size_t)m->answers_at - DNSMSG_HEADER);
}

bool asked_add(struct asked *a, const struct frame *f, const struct dnsmsg *m,
	       enum verdict v, uint64_t now)
{
	struct asked_ends e = ends_of(f, m, true);
	struct asked_one *set = set_of(a, &e), *best = &set[0];
	struct slice q = question(m);

	/* A first name cannot hop (dnsname.h): it stands there unpacked. */
	assert(q.len <= ASKED_QUESTION);
	for (unsigned int i = 0; i < ASKED_WAYS; i++) {
		if (set[i].used && same(&set[i].ends, &e)) {
			best = &set[i];
			break;
		}
		if (best->used && (!set[i].used || set[i].time < best->time))
			best = &set[i];
	}
	if (best->used && same(&best->ends, &e) && best->len == q.len &&
	    memcmp(best->question, q.p, q.len) == 0 &&
	    now - best->time <= DEADLINE) {
		a->again++;
		return false;
	}
	a->unanswered += best->used;
	best->ends = e;
	best->used = true;
	best->verdict = v;
	best->time = now;
	best->len = (uint16_t)q.len;
	memcpy(best->question, q.p, q.len);
	return true;
}

/* The octets of the question in lower case: lengths of labels are below 64,
 * so no letter, and type and class are compared as they are. */
static bool same_but_case(const struct asked_one *one, struct slice q)
{
	const size_t fixed = 4;

	if (one->len != q.len ||
	    memcmp(one->question + q.len - fixed, q.p + q.len - fixed,
		   fixed) != 0)
		return false;
	for (size_t i = 0; i < q.len - fixed; i++) {
		uint8_t x = one->question[i], y = q.p[i];

		x = (uint8_t)(x >= 'A' && x <= 'Z' ? x | 0x20 : x);
		y = (uint8_t)(y >= 'A' && y <= 'Z' ? y | 0x20 : y);
		if (x != y)
			return false;
	}
	return true;
}

enum asked_what asked_find(struct asked *a, const struct frame *f,
			   const struct dnsmsg *m, uint64_t now,
			   struct asked_one **one)
{
	struct asked_ends e = ends_of(f, m, false);
	struct asked_one *set = set_of(a, &e);
	struct slice q = question(m);
	unsigned int i = 0;

	while (i < ASKED_WAYS &&
	       !(set[i].used && same(&set[i].ends, &e)))
		i++;
	if (i == ASKED_WAYS)
		return ASKED_UNASKED;
	*one = &set[i];
	if ((*one)->len != q.len || memcmp((*one)->question, q.p, q.len) != 0)
		return same_but_case(*one, q) ? ASKED_CASE : ASKED_OTHER;
	return now - (*one)->time > DEADLINE ? ASKED_LATE : ASKED_MATCH;
}

void asked_done(struct asked_one *one)
{
	one->used = false;
}
