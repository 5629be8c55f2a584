/* SPDX-License-Identifier: ISC */
/*
 * nftswitch.h - another policy in force in a table of rules_table.h, by one
 * transaction
 */
#ifndef NFTSWITCH_H
#define NFTSWITCH_H

#include "compat.h"
#include "firewall/fw.h"
#include "firewall/nftlink.h"
#include "firewall/nftread.h"
#include "why.h"

/*
 * r's rooms are entered, its upstreams are the ones asked, the door's sets
 * are empty. The table has rooms for r, as they are to be; whoever calls has
 * seen to that. All of it, or nothing; -ETIMEDOUT: nobody knows.
 */
NODISCARD int nftswitch(struct nftlink *l, const struct nftplace *at,
			const struct fw_ruleset *r, struct why *why);

/* The table is gone, or was not there. */
NODISCARD int nftswitch_remove(struct nftlink *l, const struct nftplace *at,
			       struct why *why);

#endif /* NFTSWITCH_H */
