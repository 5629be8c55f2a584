/* SPDX-License-Identifier: ISC */
/*
 * nftbatch.h - one transaction of rules: put together, sent, answered
 *
 *	nftbatch_begin, { nftbatch_put, attributes, nftbatch_add }, nftbatch_run
 *
 * Packed into the link's `out`, which nothing else may use meanwhile.
 */
#ifndef NFTBATCH_H
#define NFTBATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "firewall/nftlink.h"

struct nftbatch {
	struct nftlink *link;
	size_t len;
	uint32_t first, last;	/* sequence numbers of what may fail */
	struct nlmsghdr *tail;	/* the last message, which is acknowledged */
};

void nftbatch_begin(struct nftbatch *b, struct nftlink *l);

/* type: NFT_MSG_*. Nothing counts before nftbatch_add(). */
struct nlmsghdr *nftbatch_put(struct nftbatch *b, uint16_t type,
			      uint16_t flags, uint8_t family);
void nftbatch_add(struct nftbatch *b, struct nlmsghdr *h);

/* The expression "immediate": a verdict, with the chain it leads to or NULL.
 */
void nftbatch_verdict(struct nlmsghdr *h, int verdict, const char *chain);

/*
 * The first error, or 0 when the last message is acknowledged: all is done,
 * or nothing. Without `commit` it is checked and taken back. -ETIMEDOUT:
 * nobody knows. detail: the kernel's words, untouched if it has none.
 */
NODISCARD int nftbatch_run(struct nftbatch *b, bool commit,
			   char detail[static NFTLINK_DETAIL]);

#endif /* NFTBATCH_H */
