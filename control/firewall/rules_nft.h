/* SPDX-License-Identifier: ISC */
/*
 * rules_nft.h - what a policy says, line by line
 */
#ifndef RULES_NFT_H
#define RULES_NFT_H

#include <stdbool.h>
#include <stddef.h>

#include "compat.h"
#include "firewall/fw.h"

struct rules_out {
	char *text;
	size_t size, len;
	bool bad;		/* did not fit */
	struct ipaddr hosts[CONF_ENDPOINTS];	/* of the relays */
};

void rules_put(struct rules_out *o, const char *fmt, ...) PRINTF(2, 3);
/* write fills text[RULES_BYPASS]. */
void rules_put_text(struct rules_out *o, const struct fw_ruleset *r,
		    void (*write)(const struct fw_ruleset *r, char *text));

/* The door's, for all policies alike. */
void rules_sets(struct rules_out *o, const struct fw_ruleset *r);

/* The lines of a chain each, for a ruleset that is sound. */
void rules_output(struct rules_out *o, const struct fw_ruleset *r);
void rules_input(struct rules_out *o, const struct fw_ruleset *r);
void rules_forward(struct rules_out *o, const struct fw_ruleset *r);

#endif /* RULES_NFT_H */
