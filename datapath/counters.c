/* SPDX-License-Identifier: ISC */
#include "counters.h"

#include <assert.h>

#include "compat.h"

static const char *const names[] = {
	[PARSE_OK] = "parse_ok",
	[PARSE_SHORT] = "parse_short",
	[PARSE_LINK] = "parse_link",
	[PARSE_IP] = "parse_ip",
	[PARSE_FRAGMENT] = "parse_fragment",
	[PARSE_EXTENSION] = "parse_extension",
	[PARSE_TRANSPORT] = "parse_transport",
	[PARSE_LONG] = "parse_long",
	[PARSE_LABEL] = "parse_label",
	[PARSE_NAME] = "parse_name",
	[PARSE_HOP] = "parse_hop",
	[PARSE_HEADER] = "parse_header",
	[PARSE_QUESTION] = "parse_question",
	[PARSE_RDATA] = "parse_rdata",
	[PARSE_TRAILING] = "parse_trailing",
	[COUNT_QUERY_UDP] = "query_udp",
	[COUNT_QUERY_TCP] = "query_tcp",
	[COUNT_NONLOCAL] = "nonlocal",
	[COUNT_INACTIVE] = "inactive",
	[COUNT_REFUSED] = "refused",
	[COUNT_EMPTY_TYPE] = "empty_type",
	[COUNT_SPOOFED] = "spoofed",
	[COUNT_WARM] = "warm",
	[COUNT_COLD_CACHE] = "cold_cache",
	[COUNT_COLD] = "cold",
	[COUNT_NEGATIVE] = "negative",
	[COUNT_SERVFAIL] = "servfail",
	[COUNT_JOINED] = "joined",
	[COUNT_FULL] = "full",
	[COUNT_ASKED] = "asked",
	[COUNT_RETRY] = "retry",
	[COUNT_UPSTREAM_TCP] = "upstream_tcp",
	[COUNT_UPSTREAM_ERROR] = "upstream_error",
	[COUNT_PREFETCH] = "prefetch",
	[COUNT_GRANT] = "grant",
	[COUNT_GRANT_REFUSED] = "grant_refused",
	[COUNT_GRANT_LATE] = "grant_late",
	[COUNT_TRIPPED] = "tripped",
	[COUNT_BAD_SOURCE] = "bad_source",
	[COUNT_BAD_ID] = "bad_id",
	[COUNT_BAD_QUESTION] = "bad_question",
	[COUNT_BAD_CASE] = "bad_case",
	[COUNT_BAD_QR] = "bad_qr",
	[COUNT_BAD_RCODE] = "bad_rcode",
	[COUNT_BAD_LOOP] = "bad_loop",
	[COUNT_BAD_STRAY] = "bad_stray",
	[COUNT_BAD_MANY] = "bad_many",
	[COUNT_BAD_ADDRESS] = "bad_address",
	[COUNT_LATE] = "late",
	[COUNT_TAP_DROPS] = "tap_drops",
	[COUNT_NOT_DNS] = "not_dns",
	[COUNT_STRAY_TCP] = "stray_tcp",
	[COUNT_UNSENT] = "unsent",
	[COUNT_WIRE_XDP] = "wire_xdp",
	[COUNT_WIRE_DROPS] = "wire_drops",
};
static_assert(NITEMS(names) == COUNT__N, "a name for every counter");

const char *counters_name(unsigned int which)
{
	return which < COUNT__N ? names[which] : "?";
}
