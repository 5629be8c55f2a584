/* SPDX-License-Identifier: ISC */
/*
 * nftread.h - what the kernel's ruleset holds now
 *
 * Each call asks the kernel and reads all of its answer. A dump that a change
 * cut into is asked for anew; -EAGAIN when that goes on. Errors are -errno;
 * -ENOENT: no such table or set.
 */
#ifndef NFTREAD_H
#define NFTREAD_H

#include <stdint.h>

#include "compat.h"
#include "firewall/nftlink.h"
#include "shared/ipaddr.h"

/* A table, or one set in it. */
struct nftplace {
	uint8_t family;		/* NFPROTO_* */
	const char *table;
	const char *set;
};

struct nftset {
	uint32_t flags;		/* NFT_SET_* */
	uint32_t key_len;	/* octets */
};

/* The number of the last change to any table. */
NODISCARD int nftread_generation(struct nftlink *l, uint32_t *generation);

NODISCARD int nftread_set(struct nftlink *l, const struct nftplace *at,
			  struct nftset *set);

/* The addresses in a set: how many, at most max, or -errno. */
NODISCARD int nftread_elements(struct nftlink *l, const struct nftplace *at,
			       struct ipaddr *a, unsigned int max);

/*
 * Numbers for the table's chains, rules and sets, handles included; not for
 * what changes by itself. All 0 if there is no such table.
 */
struct nftdigest {
	uint64_t all;
	uint64_t rooms;		/* not the hooks' rules, nor upstreams */
};

NODISCARD int nftread_digest(struct nftlink *l, const struct nftplace *at,
			     struct nftdigest *digest);

#endif /* NFTREAD_H */
