/* SPDX-License-Identifier: ISC */
/*
 * rules_pf.h - a ruleset as text for pf's anchor
 */
#ifndef RULES_PF_H
#define RULES_PF_H

#include "firewall/fw.h"
#include "firewall/pfsys.h"

#define RULES_PF_DOOR "allow"		/* tables */
#define RULES_PF_TLS "tls"

/*
 * As `pfctl -a ANCHOR -f -` reads it; one line is one rule, as nothing is in
 * braces. *rules is how many rules of the filter it makes. Its length; 0: what
 * must not or cannot be written.
 */
size_t rules_pf_text(const struct fw_ruleset *r, const char *anchor,
		     const struct pfsys *sys, char text[static FW_TEXT],
		     unsigned int *rules);

#endif /* RULES_PF_H */
