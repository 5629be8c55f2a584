/* SPDX-License-Identifier: ISC */
/*
 * wire.h - DNS messages for tests, written record by record
 *
 * Names are text without escapes; nothing is compressed, so that a message is
 * what its lines say.
 */
#ifndef WIRE_H
#define WIRE_H

#include <assert.h>
#include <string.h>

#include "dnsmsg.h"
#include "limits.h"
#include "shared/ipaddr.h"

enum { WIRE_ANSWER = 1, WIRE_AUTHORITY, WIRE_ADDITIONAL };

struct wire {
	size_t len;
	uint8_t b[2 * SLOT_SIZE];
};

static inline void wire_put(struct wire *w, const void *p, size_t n)
{
	assert(n <= sizeof(w->b) - w->len);
	if (n > 0)
		memcpy(w->b + w->len, p, n);
	w->len += n;
}

static inline void wire_16(struct wire *w, unsigned int v)
{
	uint8_t o[] = { (uint8_t)(v >> 8), (uint8_t)v };

	wire_put(w, o, sizeof(o));
}

/* Keeps the case of text. */
static inline void wire_name(struct wire *w, const char *text)
{
	uint8_t n;

	while (*text != '\0' && strcmp(text, ".") != 0) {
		n = (uint8_t)strcspn(text, ".");
		wire_put(w, &n, 1);
		wire_put(w, text, n);
		text += n;
		text += *text == '.';
	}
	wire_put(w, "", 1);
}

static inline void wire_count(struct wire *w, unsigned int section)
{
	uint8_t *p = w->b + 4 + 2 * section;
	unsigned int n = (unsigned int)(p[0] << 8 | p[1]) + 1;

	p[0] = (uint8_t)(n >> 8);
	p[1] = (uint8_t)n;
}

/* Header and question. */
static inline void wire_start(struct wire *w, uint16_t id, uint16_t flags,
			      const char *name, uint16_t type)
{
	static const uint8_t counts[8] = { 0, 1 };

	w->len = 0;
	wire_16(w, id);
	wire_16(w, flags);
	wire_put(w, counts, sizeof(counts));
	wire_name(w, name);
	wire_16(w, type);
	wire_16(w, DNSCLASS_IN);
}

static inline void wire_rr(struct wire *w, unsigned int section,
			   const char *owner, uint16_t type, uint16_t class,
			   uint32_t ttl, const void *rdata, size_t n)
{
	wire_name(w, owner);
	wire_16(w, type);
	wire_16(w, class);
	wire_16(w, ttl >> 16);
	wire_16(w, ttl & 0xffff);
	wire_16(w, (unsigned int)n);
	wire_put(w, rdata, n);
	wire_count(w, section);
}

/* An A or AAAA record in the answer section, by what addr looks like. */
static inline void wire_addr(struct wire *w, const char *owner, uint32_t ttl,
			     const char *addr)
{
	struct ipaddr a;
	bool good = ipaddr_parse(addr, &a), v4 = strchr(addr, ':') == NULL;

	assert(good);
	(void)good;
	wire_rr(w, WIRE_ANSWER, owner, v4 ? DNSTYPE_A : DNSTYPE_AAAA,
		DNSCLASS_IN, ttl, v4 ? a.b + 12 : a.b, v4 ? 4 : 16);
}

static inline void wire_cname(struct wire *w, const char *owner, uint32_t ttl,
			      const char *target)
{
	struct wire name = { .len = 0 };

	wire_name(&name, target);
	wire_rr(w, WIRE_ANSWER, owner, DNSTYPE_CNAME, DNSCLASS_IN, ttl, name.b,
		name.len);
}

/* RFC 6891, 6.1.2: the class is the size. */
static inline void wire_opt(struct wire *w, uint16_t size)
{
	wire_rr(w, WIRE_ADDITIONAL, ".", DNSTYPE_OPT, size, 0, "", 0);
}

static inline struct slice wire_slice(const struct wire *w)
{
	return (struct slice){ w->b, w->len };
}

/* The message's view, which must be good. */
static inline struct dnsmsg wire_view(const struct wire *w)
{
	struct dnsmsg m = { .id = 0 };
	enum parse why = dnsmsg_read(wire_slice(w), &m);

	assert(why == PARSE_OK);
	(void)why;
	return m;
}

#endif /* WIRE_H */
