/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * An address that only the portal's host has is open as any other of the
 * door's, and beside that in one of these sets, which take away all of its
 * ports but one. It gets in before it is open, and stays until after: what
 * goes wrong in between refuses too much.
 */
#include "firewall/rules_tls.h"

#include <stdio.h>

#include "firewall/rules_bypass.h"

void rules_tls_chains(const struct fw_ruleset *r, char *text)
{
	text[0] = '\0';
	if (!r->tls)
		return;
	snprintf(text, RULES_BYPASS,
		 "\tset " RULES_TLS4 " {\n\t\ttype ipv4_addr\n"
		 "\t\tflags timeout\n\t}\n\n"
		 "\tset " RULES_TLS6 " {\n\t\ttype ipv6_addr\n"
		 "\t\tflags timeout\n\t}\n\n"
		 "\tchain tls {\n"
		 "\t\ttype filter hook output priority filter - 1; "
		 "policy accept;\n"
		 "\t\tip daddr @" RULES_TLS4 " tcp dport != 443 goto refuse\n"
		 "\t\tip6 daddr @" RULES_TLS6 " tcp dport != 443 goto refuse\n"
		 "\t}\n\n");
}
