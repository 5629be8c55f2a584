/* SPDX-License-Identifier: ISC */
/*
 * allowed.h - what is open, for whom and until when: control's own memory
 *
 * The truth behind the allow table and the kernel set. Never shared, never
 * read from anybody else.
 */
#ifndef ALLOWED_H
#define ALLOWED_H

#include <stdbool.h>
#include <stdint.h>

#include "dnsname.h"
#include "limits.h"
#include "shared/ipaddr.h"

struct allowed_entry {
	struct ipaddr addr;
	uint64_t opened, expiry;	/* boot time, ns */
	bool tls;			/* for TLS alone */
	uint8_t name_len;
};

struct allowed {
	unsigned int n;
	struct allowed_entry entry[ALLOW_MAX];	/* oldest first */
	/* Of each entry, what was asked for: hostile bytes. Apart, as all
	 * entries are looked at for each address. */
	uint8_t name[ALLOW_MAX][DNSNAME_MAX];
};

struct allowed_entry *allowed_find(struct allowed *a,
				   const struct ipaddr *addr);
/* A new entry at the end, addr set, or NULL when max are there. */
struct allowed_entry *allowed_add(struct allowed *a, const struct ipaddr *addr,
				  unsigned int max);
/* Takes the entries out that end by now; their addresses go to out[]. */
unsigned int allowed_expire(struct allowed *a, uint64_t now,
			    struct ipaddr out[static ALLOW_MAX]);
/* When the first of them ends; UINT64_MAX = nothing is open. */
uint64_t allowed_next(const struct allowed *a);
/* Keeps the first n entries only. */
void allowed_cut(struct allowed *a, unsigned int n);

/* Leaves out what is there twice; how many are left. */
unsigned int allowed_unique(struct ipaddr *list, unsigned int n);

#endif /* ALLOWED_H */
