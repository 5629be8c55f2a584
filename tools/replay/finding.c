/* SPDX-License-Identifier: ISC */
#include "finding.h"

#include <assert.h>

#include "compat.h"

static const struct {
	const char *verdict, *reason;
} words[] = {
	[FINDING_ASK] = { "ask", "allowed" },
	[FINDING_EMPTY] = { "empty", "type" },
	[FINDING_SPOOF] = { "spoof", "mode" },
	[FINDING_REFUSE] = { "refuse", "name" },
	[FINDING_DROP] = { "drop", "header" },
	[FINDING_OPEN] = { "open", "ok" },
	[FINDING_OPEN_SOME] = { "open", "some" },
	[FINDING_ALIAS] = { "alias", "ok" },
	[FINDING_NXDOMAIN] = { "negative", "nxdomain" },
	[FINDING_NODATA] = { "negative", "nodata" },
	[FINDING_TRUNCATED] = { "retry", "truncated" },
	[FINDING_UNASKED] = { "ignore", "unasked" },
	[FINDING_LATE] = { "ignore", "late" },
	[FINDING_OTHER] = { "ignore", "question" },
	[FINDING_CASE] = { "ignore", "case" },
	[FINDING_SERVER] = { "ignore", "server" },
	[FINDING_KEPT] = { "ignore", "not-forwarded" },
	[FINDING_RCODE] = { "reject", "rcode" },
	[FINDING_LOOP] = { "reject", "loop" },
	[FINDING_STRAY] = { "reject", "stray" },
	[FINDING_MANY] = { "reject", "many" },
	[FINDING_ADDRESS] = { "reject", "address" },
	[FINDING_GRANT] = { "reject", "grant" },
};
static_assert(NITEMS(words) == FINDING__N, "words for each");

const char *finding_verdict(enum finding f)
{
	return words[f].verdict;
}

const char *finding_reason(enum finding f)
{
	return words[f].reason;
}
