/* SPDX-License-Identifier: ISC */
/*
 * verdict.h - what to do with a query: pure, no I/O
 */
#ifndef VERDICT_H
#define VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "dnsmsg.h"
#include "learnt.h"
#include "shared/policy.h"

enum verdict {
	VERDICT_DROP,		/* not a query for us: silence */
	VERDICT_REFUSE,		/* name not allowed: as policy->refuse says */
	VERDICT_EMPTY,		/* allowed name, a type that is never forwarded */
	VERDICT_SPOOF,		/* answer with an address of nowhere */
	VERDICT_ASK,		/* from the cache or upstream, through a grant */
	VERDICT__N
};

/*
 * m is a proved message. name receives the question's name, unpacked and in
 * lower case; m->qname.len is its length.
 */
enum verdict verdict_query(const struct dnsmsg *m, const struct policy *p,
			   const struct learnt *l, uint64_t now,
			   uint8_t name[static DNSNAME_MAX]);

/* Is the name on the list, or learnt? Unpacked and in lower case. */
bool verdict_allowed(const struct policy *p, const struct learnt *l,
		     uint64_t now, const uint8_t *name, size_t len);

/* Is the name itself listed, not only a suffix of it? Unpacked, lower case. */
bool verdict_exact(const struct policy *p, const uint8_t *name, size_t len);

const char *verdict_name(enum verdict v);

#endif /* VERDICT_H */
