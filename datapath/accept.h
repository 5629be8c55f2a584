/* SPDX-License-Identifier: ISC */
/*
 * accept.h - is this response an answer that we stand for?
 *
 * Pure, but for the rebuilding of a message that holds more than it should.
 */
#ifndef ACCEPT_H
#define ACCEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "chain.h"
#include "counters.h"
#include "dnsmsg.h"
#include "shared/policy.h"

enum accept_kind {
	ACCEPT_ADDRESSES,	/* to be opened, then released */
	ACCEPT_ALIAS,		/* a CNAME that was asked for: nothing to open */
	ACCEPT_NEGATIVE,	/* NXDOMAIN, or no data of this type */
	ACCEPT_BAD,		/* no answer; see why */
};

struct accept {
	enum accept_kind kind;
	enum counter why;	/* of ACCEPT_BAD */
	struct chain chain;	/* addrs: only those that may be opened */
	unsigned int judged_unfit;	/* addresses left out */
	bool rebuild;		/* the message holds more than the chain */
};

/* m: a proved response to a question of type A, AAAA or CNAME. */
void accept_read(struct accept *a, const struct dnsmsg *m,
		 const struct policy *p);

/*
 * Rebuilds m in place (len octets of room at msg, which is m's message) so
 * that its answers are the CNAMEs and the addresses in a->chain only. *m is
 * read anew. False if that fails.
 */
bool accept_rebuild(const struct accept *a, struct dnsmsg *m, uint8_t *msg,
		    size_t room);

#endif /* ACCEPT_H */
