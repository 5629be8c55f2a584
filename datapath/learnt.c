/* SPDX-License-Identifier: ISC */
#include "learnt.h"

#include <string.h>

void learnt_clear(struct learnt *l)
{
	l->n = 0;
}

static bool is(const struct learnt *l, unsigned int i, const uint8_t *wire,
	       size_t len)
{
	return l->name[i].len == len && memcmp(l->name[i].wire, wire, len) == 0;
}

bool learnt_add(struct learnt *l, const struct dnsname *name, uint64_t expiry,
		uint64_t now)
{
	uint8_t wire[DNSNAME_MAX];
	size_t len = dnsname_unpack(name, wire);
	unsigned int at = l->n;

	/* Its own place, else one that has expired, else a new one. */
	for (unsigned int i = 0; i < l->n; i++) {
		if (is(l, i, wire, len)) {
			at = i;
			break;
		}
		if (l->name[i].expiry <= now)
			at = i;
	}
	if (at == LEARNT_MAX)
		return false;
	if (at == l->n)
		l->n++;
	l->name[at].expiry = expiry;
	l->name[at].len = (uint8_t)len;
	memcpy(l->name[at].wire, wire, len);
	return true;
}

bool learnt_has(const struct learnt *l, const uint8_t *wire, size_t len,
		uint64_t now)
{
	for (unsigned int i = 0; i < l->n; i++)
		if (l->name[i].expiry > now && is(l, i, wire, len))
			return true;
	return false;
}
