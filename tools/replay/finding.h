/* SPDX-License-Identifier: ISC */
/*
 * finding.h - what became of a DNS message: a verdict and its reason
 */
#ifndef FINDING_H
#define FINDING_H

enum finding {
	/* queries */
	FINDING_ASK,		/* forwarded */
	FINDING_EMPTY,
	FINDING_SPOOF,
	FINDING_REFUSE,
	FINDING_DROP,
	/* responses */
	FINDING_OPEN,
	FINDING_OPEN_SOME,	/* some addresses were unfit */
	FINDING_ALIAS,
	FINDING_NXDOMAIN,
	FINDING_NODATA,
	FINDING_TRUNCATED,
	FINDING_UNASKED,
	FINDING_LATE,
	FINDING_OTHER,
	FINDING_CASE,
	FINDING_SERVER,		/* not one that the policy asks */
	FINDING_KEPT,		/* the question would not have been forwarded */
	FINDING_RCODE,
	FINDING_LOOP,
	FINDING_STRAY,
	FINDING_MANY,
	FINDING_ADDRESS,	/* none was fit */
	FINDING_GRANT,		/* control refused */
	FINDING__N
};

enum { FINDING_RESPONSES = FINDING_OPEN };	/* the first of them */

/* "ask", "allowed": stable words. */
const char *finding_verdict(enum finding f);
const char *finding_reason(enum finding f);

#endif /* FINDING_H */
