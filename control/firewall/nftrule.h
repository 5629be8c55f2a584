/* SPDX-License-Identifier: ISC */
/*
 * nftrule.h - the rules that nft's language has no words for: consult an
 * eBPF program, and accept what it says yes to
 *
 * xt's match "bpf" with the program's descriptor, which the kernel resolves
 * while it takes the message: it holds the program from then on, whatever
 * becomes of us.
 */
#ifndef NFTRULE_H
#define NFTRULE_H

#include <stdint.h>

#include "compat.h"
#include "firewall/nftlink.h"
#include "why.h"

struct nftrule {
	const char *chain;
	int program;		/* descriptor of a socket filter */
};

/*
 * A rule behind the last one of each chain, all of them or none. -ETIMEDOUT:
 * nobody knows.
 */
NODISCARD int nftrule_add(struct nftlink *l, uint8_t family, const char *table,
			  const struct nftrule *r, unsigned int n,
			  struct why *why);

/* Would the kernel take such rules? Changes nothing. */
NODISCARD int nftrule_try(struct nftlink *l, uint8_t family,
			  const struct nftrule *r, unsigned int n,
			  struct why *why);

#endif /* NFTRULE_H */
