/* SPDX-License-Identifier: ISC */
/*
 * rules_hash.h - the door's rules where the kernel consults the allow table
 *
 * Who, where to and which state are asked here, in words; whether the
 * address is open is the programs' to say, in chains that the text leaves
 * empty and fw_nft.c fills (hashdoor.h).
 */
#ifndef RULES_HASH_H
#define RULES_HASH_H

#include "firewall/fw.h"

enum { RULES_HASH = 1024 };

/* Whole lines, for a ruleset that fw_nft_text() has found sound. */
void rules_hash_chains(char text[static RULES_HASH]);
void rules_hash_output(const struct fw_ruleset *r,
		       char text[static RULES_HASH]);
void rules_hash_input(const struct fw_ruleset *r, char text[static RULES_HASH]);

#endif /* RULES_HASH_H */
