/* SPDX-License-Identifier: ISC */
/*
 * rules_table.h - one table with the rulesets of all policies
 *
 * A policy has a room: chains of its own, named HOOK-POLICY, that hold the
 * very lines of fw_nft_text(). Which room is entered says the one rule in each
 * chain that the kernel knows as a hook.
 */
#ifndef RULES_TABLE_H
#define RULES_TABLE_H

#include "firewall/fw.h"

enum {
	RULES_TABLE = 4 * FW_TEXT,	/* the longest table */
	RULES_HOOKS = 5,
};

/* The rule of a hook: "goto HOOK-POLICY", or none. */
struct rules_goto {
	const char *hook;
	char room[32];		/* "": none */
};

/*
 * r, were its policy p, without what p's lines do not say: equal bytes are
 * equal lines. FW_NONE is no room.
 */
void rules_table_room(const struct fw_ruleset *r, enum fw_policy p,
		      struct fw_ruleset *room);

/* As nft reads it, with r in force. room[r->policy] is there. Its length; 0:
 * one of them is not sound, or it is too long. */
size_t rules_table_text(const struct fw_ruleset *r,
			const struct fw_ruleset room[static FW__N],
			const char *table, char text[static RULES_TABLE]);

/* What puts r in force in that table: how many hooks. */
unsigned int rules_table_gotos(const struct fw_ruleset *r,
			       struct rules_goto g[static RULES_HOOKS]);

/* Is it a hook's chain? */
bool rules_table_hook(const char *chain, size_t len);

#endif /* RULES_TABLE_H */
