/* SPDX-License-Identifier: ISC */
/*
 * rules_bypass.h - the rules of a datapath below the firewall, as text
 */
#ifndef RULES_BYPASS_H
#define RULES_BYPASS_H

#include "firewall/fw.h"

enum { RULES_BYPASS = 2048 };

/* Chains of their own; the first lines of output; those of input. Each fills
 * text[RULES_BYPASS], with "" where bypass is not in force. */
void rules_bypass_chains(const struct fw_ruleset *r, char *text);
void rules_bypass_output(const struct fw_ruleset *r, char *text);
void rules_bypass_input(const struct fw_ruleset *r, char *text);

#endif /* RULES_BYPASS_H */
