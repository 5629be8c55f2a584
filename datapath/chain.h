/* SPDX-License-Identifier: ISC */
/*
 * chain.h - what a response says about the name that was asked
 *
 * Follows the CNAMEs of the answer section from the question to the owner
 * of the addresses. Only address records of that last owner, and only of the
 * type that was asked, count; nothing is learnt from other sections. The
 * order of the records does not matter.
 */
#ifndef CHAIN_H
#define CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "dnsmsg.h"
#include "limits.h"
#include "shared/ipaddr.h"

enum chain_why {
	CHAIN_OK,
	CHAIN_LOOP,		/* CNAMEs come back to a name, or too many hops */
	CHAIN_STRAY,		/* an A, AAAA or CNAME that the chain does not reach */
	CHAIN_MANY,		/* more than ALLOW_PER_NAME addresses */
	CHAIN__N
};

struct chain {
	unsigned int n_hops;			/* CNAMEs passed */
	struct dnsname hops[CNAME_HOPS];	/* their targets, in order */
	unsigned int n_addrs;
	struct ipaddr addrs[ALLOW_PER_NAME];
	uint32_t ttl;		/* lowest of all records used; 0 if none was */
	bool foreign;		/* records of other types are in the answer */
};

/*
 * m is a proved response to a question of type A, AAAA or CNAME. For CNAME
 * the record itself is the answer: one hop, no address. Views in *c borrow
 * m's message. *c is meaningful only after CHAIN_OK.
 */
NODISCARD enum chain_why chain_read(const struct dnsmsg *m, struct chain *c);

const char *chain_name(enum chain_why why);

#endif /* CHAIN_H */
