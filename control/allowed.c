/* SPDX-License-Identifier: ISC */
#include "allowed.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

struct allowed_entry *allowed_find(struct allowed *a,
				   const struct ipaddr *addr)
{
	for (unsigned int i = 0; i < a->n; i++)
		if (ipaddr_equal(&a->entry[i].addr, addr))
			return &a->entry[i];
	return NULL;
}

struct allowed_entry *allowed_add(struct allowed *a, const struct ipaddr *addr,
				  unsigned int max)
{
	if (a->n >= max || a->n >= ALLOW_MAX)
		return NULL;
	a->entry[a->n] = (struct allowed_entry){ .addr = *addr };
	return &a->entry[a->n++];
}

unsigned int allowed_expire(struct allowed *a, uint64_t now,
			    struct ipaddr out[static ALLOW_MAX])
{
	unsigned int kept = 0, gone = 0;

	for (unsigned int i = 0; i < a->n; i++) {
		if (a->entry[i].expiry <= now) {
			out[gone++] = a->entry[i].addr;
			continue;
		}
		if (kept < i) {
			a->entry[kept] = a->entry[i];
			memcpy(a->name[kept], a->name[i],
			       a->entry[i].name_len);
		}
		kept++;
	}
	a->n = kept;
	return gone;
}

uint64_t allowed_next(const struct allowed *a)
{
	uint64_t next = UINT64_MAX;

	for (unsigned int i = 0; i < a->n; i++)
		if (a->entry[i].expiry < next)
			next = a->entry[i].expiry;
	return next;
}

void allowed_cut(struct allowed *a, unsigned int n)
{
	assert(n <= a->n);
	a->n = n;
}

unsigned int allowed_unique(struct ipaddr *list, unsigned int n)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < n; i++) {
		unsigned int k = 0;

		while (k < kept && !ipaddr_equal(&list[k], &list[i]))
			k++;
		if (k == kept)
			list[kept++] = list[i];
	}
	return kept;
}
