/* SPDX-License-Identifier: ISC */
#include "leaks.h"

#include <string.h>

_Static_assert(LEAKS_MAX % LEAKS_WAYS == 0, "whole sets");
_Static_assert(LEAKS_WAYS <= UINT8_MAX, "counted in an octet");

void leaks_init(struct leaks *l)
{
	l->n = 0;
	l->last = NULL;
	l->packets = l->untold = 0;
	memset(l->used, 0, sizeof(l->used));
}

static uint64_t half(const struct leak_end *e, size_t at)
{
	uint64_t n;

	memcpy(&n, e->addr.b + at, sizeof(n));
	return n;
}

/* FNV-1a of 64 bits over words. The same for both ways. */
static uint32_t hash(const struct leak *k)
{
	const uint64_t prime = 1099511628211u;
	uint64_t h = 14695981039346656037u ^ k->protocol ^ k->ethertype;

	h = (h ^ (half(&k->from, 0) + half(&k->to, 0))) * prime;
	h = (h ^ h >> 32 ^ (half(&k->from, 8) + half(&k->to, 8))) * prime;
	h = (h ^ h >> 32 ^ (k->from.port + k->to.port + 0u)) * prime;
	return (uint32_t)(h >> 32);
}

static bool same_end(const struct leak_end *a, const struct leak_end *b)
{
	return a->port == b->port && ipaddr_equal(&a->addr, &b->addr);
}

static bool same(const struct leak *a, const struct leak *b)
{
	return a->protocol == b->protocol && a->ethertype == b->ethertype &&
	       same_end(&a->from, &b->from) && same_end(&a->to, &b->to);
}

static bool back(const struct leak *a, const struct leak *b)
{
	return a->protocol == b->protocol && a->ethertype == b->ethertype &&
	       same_end(&a->from, &b->to) && same_end(&a->to, &b->from);
}

enum leaks_what leaks_add(struct leaks *l, const struct leak *key, bool both)
{
	uint32_t h = hash(key), at = (h ^ h >> 16) % LEAKS_SETS;
	struct leak *set = l->flow[at];

	for (unsigned int i = 0; i < l->used[at]; i++) {
		if (same(&set[i], key)) {
			set[i].packets++;
			l->packets++;
			l->last = &set[i];
			return LEAKS_KNOWN;
		}
		if (both && back(&set[i], key))
			return LEAKS_BACK;
	}
	l->packets++;
	l->last = NULL;
	if (l->used[at] == LEAKS_WAYS) {
		l->untold++;
		return LEAKS_FULL;
	}
	set[l->used[at]] = *key;
	set[l->used[at]].packets = 1;
	set[l->used[at]].nth = (uint16_t)l->n++;
	l->last = &set[l->used[at]++];
	return LEAKS_NEW;
}
