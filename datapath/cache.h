/* SPDX-License-Identifier: ISC */
/*
 * cache.h - answers that were released once and may be again
 *
 * An entry is a whole response message, cut behind its answer section, that
 * reply_patch() turns into the reply to any client. Having an entry never
 * means that its addresses are open: the caller looks each up.
 */
#ifndef CACHE_H
#define CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "dnsmsg.h"
#include "limits.h"
#include "shared/ipaddr.h"

struct cached {
	uint64_t expiry;	/* boot time, ns; 0 = free */
	uint16_t type;
	uint8_t name_len;
	uint8_t name[DNSNAME_MAX];	/* unpacked, lower case */
	bool negative;		/* there is no answer; the rest is not set */
	uint8_t rcode;		/* of one that is negative */
	uint16_t n_addrs;
	struct ipaddr addrs[ALLOW_PER_NAME];
	struct dnsmsg view;		/* of msg */
	uint8_t msg[SLOT_SIZE];
};

struct cache {
	/* No entry behind them has been used yet: not even looked at, so that
	 * it takes no memory. */
	unsigned int n;
	/* Of each entry's name and type. Entries lie pages apart: who looks
	 * for one reads these first. */
	uint32_t hash[CACHE_MAX];
	struct cached entry[CACHE_MAX];
};

void cache_clear(struct cache *c);

/* The entry, perhaps stale, or NULL. */
struct cached *cache_find(struct cache *c, const uint8_t *name, size_t len,
			  uint16_t type);

/*
 * Room for an answer under this name and type: its old entry, a free or
 * expired one, or the one that expires first. The caller fills in the rest
 * with cache_fill().
 */
struct cached *cache_place(struct cache *c, const uint8_t *name, size_t len,
			   uint16_t type, uint64_t now);

/* Copies m and its addresses in. m was proved and fits a slot. */
void cache_fill(struct cached *e, const struct dnsmsg *m,
		const struct ipaddr *addrs, unsigned int n, uint64_t expiry);

/* There is no such name, or it has no such record. */
void cache_fill_negative(struct cached *e, unsigned int rcode,
			 uint64_t expiry);

#endif /* CACHE_H */
