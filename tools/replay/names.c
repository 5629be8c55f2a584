/* SPDX-License-Identifier: ISC */
#include "names.h"

#include <string.h>

void names_init(struct names *t)
{
	t->different = t->untold = 0;
	memset(t->used, 0, sizeof(t->used));
}

/* FNV-1a of 64 bits, eight octets at a time and then what is left. */
static uint32_t hash(const uint8_t *p, size_t len)
{
	const uint64_t prime = 1099511628211u;
	uint64_t h = 14695981039346656037u, word;

	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = (h ^ word) * prime;
	}
	for (; len > 0; len--)
		h = (h ^ *p++) * prime;
	return (uint32_t)(h ^ h >> 32);
}

void names_add(struct names *t, const uint8_t *wire, size_t len)
{
	uint32_t at = hash(wire, len) % NAMES_SETS;
	struct name_count *set = t->name[at], *c;

	for (unsigned int i = 0; i < t->used[at]; i++) {
		c = &set[i];
		if (c->len == len && memcmp(c->wire, wire, len) == 0) {
			c->n++;
			return;
		}
	}
	if (t->used[at] == NAMES_WAYS) {
		t->untold++;
		return;
	}
	c = &set[t->used[at]++];
	c->n = 1;
	c->len = (uint8_t)len;
	memcpy(c->wire, wire, len);
	t->different++;
}

static bool before(const struct name_count *a, const struct name_count *b)
{
	size_t n = a->len < b->len ? a->len : b->len;
	int order = memcmp(a->wire, b->wire, n);

	if (a->n != b->n)
		return a->n > b->n;
	return order != 0 ? order < 0 : a->len < b->len;
}

size_t names_top(const struct names *t,
		 const struct name_count *top[static NAMES_TOP])
{
	size_t n = 0;

	for (unsigned int i = 0; i < NAMES_SETS * NAMES_WAYS; i++) {
		const struct name_count *c = &t->name[i / NAMES_WAYS]
						      [i % NAMES_WAYS];
		size_t at = n;

		if (i % NAMES_WAYS >= t->used[i / NAMES_WAYS])
			continue;
		while (at > 0 && before(c, top[at - 1]))
			at--;
		if (at == NAMES_TOP)
			continue;
		n += n < NAMES_TOP;
		for (size_t k = n - 1; k > at; k--)
			top[k] = top[k - 1];
		top[at] = c;
	}
	return n;
}
