/* SPDX-License-Identifier: ISC */
/*
 * nfttable.h - our own table: loaded by nft, switched by one transaction,
 * compared with what it should be
 */
#ifndef NFTTABLE_H
#define NFTTABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "firewall/fw.h"
#include "firewall/hashdoor.h"
#include "firewall/nftlink.h"
#include "firewall/nftread.h"
#include "firewall/rules_table.h"
#include "why.h"

enum { NFTTABLE_OWN = 8 };	/* loads between two looks at the watch */

struct nfttable {
	struct nftplace at;
	struct nftlink *link;		/* the elements': reads back */
	struct nftlink rules;		/* switches; another port than theirs */
	struct hashdoor *hash;		/* NULL with door = set */
	bool known;			/* digest is what we loaded */
	bool stands;			/* it was so at the last look */
	struct nftdigest digest;
	uint32_t looked;		/* generation of the last look */
	struct fw_ruleset room[FW__N];	/* FW_NONE: not in the table */
	struct fw_ruleset next[FW__N];	/* of the table that is being loaded */
	struct fw_ruleset tunnel;	/* the last relays and interface told */
	uint32_t own[NFTTABLE_OWN];	/* generations of our loads; a ring */
	unsigned int n_own;
	size_t len;
	char text[RULES_TABLE];
};

/* Borrows link and at's name; hash is set later. */
NODISCARD int nfttable_open(struct nfttable *t, struct nftlink *link,
			    const struct nftplace *at, struct why *why);
void nfttable_close(struct nfttable *t);

/* As fw_ops.load and .verify. */
NODISCARD int nfttable_load(struct nfttable *t, const struct fw_ruleset *r,
			    struct why *why);
NODISCARD int nfttable_verify(struct nfttable *t, uint32_t *generation,
			      struct why *why);

/* Did a load of ours make that generation? */
bool nfttable_made(const struct nfttable *t, uint32_t generation);

#endif /* NFTTABLE_H */
