/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * As strict as the sets' rules in rules_nft.c, line by line. Output: the
 * destination is open. Input: the source is, for replies; for errors about
 * packets of ours the set's rule asks for the destination of the connection
 * in its original direction, which a program cannot see. Instead it looks at
 * the packet inside of the error. To connection tracking an error about a
 * packet of the original direction is a reply, one about the other direction
 * is not; so "ct direction reply" sees to it that the packet within is one
 * of a connection that we began.
 */
#include "firewall/rules_hash.h"

#include <stdio.h>

#include "firewall/hashdoor.h"

enum { PORTS = CONF_PORTS * 8 };

#define NEIGHBOUR "\t\ticmpv6 type { nd-neighbor-solicit, " \
	"nd-neighbor-advert } icmpv6 code 0 ip6 hoplimit 255 "

#define ABOUT "\t\tct state related ct direction reply "

static const char *ports(const struct fw_ruleset *r, char text[static PORTS])
{
	size_t len = 0;

	for (unsigned int i = 0; i < r->n_ports; i++)
		len += (size_t)snprintf(text + len, PORTS - len, "%s%u",
					i == 0 ? "" : ", ", r->ports[i]);
	return text;
}

void rules_hash_chains(char text[static RULES_HASH])
{
	static const char *const chains[HASHDOOR_RULES] = {
		HASHDOOR_TO, HASHDOOR_FROM, HASHDOOR_ABOUT,
	};
	size_t len = 0;

	for (unsigned int i = 0; i < HASHDOOR_RULES; i++)
		len += (size_t)snprintf(text + len, RULES_HASH - len,
			"\tchain %s {\n\t\t# filled afterwards: "
			"xt match bpf, accept\n\t}\n\n", chains[i]);
}

void rules_hash_output(const struct fw_ruleset *r, char text[static RULES_HASH])
{
	char who[32] = "", p[PORTS];

	if (!r->any_uid)
		snprintf(who, sizeof(who), "meta skuid %u ",
			 (unsigned int)r->uid);
	snprintf(text, RULES_HASH, "\t\t%stcp dport { %s } jump " HASHDOOR_TO
		 "\n" NEIGHBOUR "jump " HASHDOOR_TO "\n", who, ports(r, p));
}

void rules_hash_input(const struct fw_ruleset *r, char text[static RULES_HASH])
{
	char p[PORTS];

	snprintf(text, RULES_HASH, "\t\ttcp sport { %s } ct state established "
		 "ct direction reply jump " HASHDOOR_FROM "\n"
		 ABOUT "icmp type { destination-unreachable, time-exceeded, "
		 "parameter-problem } jump " HASHDOOR_ABOUT "\n"
		 ABOUT "icmpv6 type { destination-unreachable, "
		 "packet-too-big, time-exceeded, parameter-problem } jump "
		 HASHDOOR_ABOUT "\n"
		 NEIGHBOUR "jump " HASHDOOR_FROM "\n", ports(r, p));
}
