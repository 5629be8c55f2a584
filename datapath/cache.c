/* SPDX-License-Identifier: ISC */
#include "cache.h"

#include <assert.h>
#include <string.h>

void cache_clear(struct cache *c)
{
	for (unsigned int i = 0; i < c->n; i++)
		c->entry[i].expiry = 0;
	c->n = 0;
}

/* FNV-1a. Names that share one cost a look each, and there are few. */
static uint32_t hash_of(const uint8_t *name, size_t len, uint16_t type)
{
	uint32_t h = UINT32_C(2166136261) ^ type;

	for (size_t i = 0; i < len; i++)
		h = (h ^ name[i]) * UINT32_C(16777619);
	return h;
}

struct cached *cache_find(struct cache *c, const uint8_t *name, size_t len,
			  uint16_t type)
{
	uint32_t h = hash_of(name, len, type);

	for (unsigned int i = 0; i < c->n; i++) {
		struct cached *e = &c->entry[i];

		if (c->hash[i] != h)
			continue;
		if (e->expiry != 0 && e->type == type && e->name_len == len &&
		    memcmp(e->name, name, len) == 0)
			return e;
	}
	return NULL;
}

struct cached *cache_place(struct cache *c, const uint8_t *name, size_t len,
			   uint16_t type, uint64_t now)
{
	struct cached *e = cache_find(c, name, len, type);

	if (e == NULL) {
		e = &c->entry[0];
		for (unsigned int i = 1; i < c->n && e->expiry > now; i++)
			if (c->entry[i].expiry < e->expiry)
				e = &c->entry[i];
		if (c->n < CACHE_MAX && (c->n == 0 || e->expiry > now))
			e = &c->entry[c->n++];
	}
	c->hash[e - c->entry] = hash_of(name, len, type);
	e->type = type;
	e->name_len = (uint8_t)len;
	memcpy(e->name, name, len);
	return e;
}

void cache_fill(struct cached *e, const struct dnsmsg *m,
		const struct ipaddr *addrs, unsigned int n, uint64_t expiry)
{
	assert(n <= ALLOW_PER_NAME && m->answers_end + 64u <= SLOT_SIZE);
	memcpy(e->msg, m->msg.p, m->answers_end);
	e->view = *m;
	e->view.msg = (struct slice){ e->msg, m->answers_end };
	e->view.qname.msg = e->msg;
	e->view.counts[2] = 0;
	e->view.counts[3] = 0;
	memcpy(e->addrs, addrs, n * sizeof(addrs[0]));
	e->n_addrs = (uint16_t)n;
	e->negative = false;
	e->expiry = expiry;
}

void cache_fill_negative(struct cached *e, unsigned int rcode, uint64_t expiry)
{
	e->negative = true;
	e->rcode = (uint8_t)rcode;
	e->n_addrs = 0;
	e->expiry = expiry;
}
