/* SPDX-License-Identifier: ISC */
/*
 * rules_tls.h - addresses of the door that are open for TLS alone, as text
 */
#ifndef RULES_TLS_H
#define RULES_TLS_H

#include "firewall/fw.h"

#define RULES_TLS4 "tls4"
#define RULES_TLS6 "tls6"

/* Sets, and a chain that stands before the others, for a table that has the
 * door. Fills text[RULES_BYPASS], with "" where no address is ever such. */
void rules_tls_chains(const struct fw_ruleset *r, char *text);

#endif /* RULES_TLS_H */
