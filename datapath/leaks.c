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

/* The same for both ways. */
static uint32_t hash(const struct leak *k)
{
	uint32_t h = 2166136261u ^ k->protocol ^ k->ethertype;

	for (unsigned int i = 0; i < sizeof(k->from.addr.b); i++)
		h = (h ^ (k->from.addr.b[i] + k->to.addr.b[i] + 0u)) *
		    16777619u;
	return (h ^ (k->from.port + k->to.port + 0u)) * 16777619u;
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
