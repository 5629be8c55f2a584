/* SPDX-License-Identifier: ISC */
#include "firewall/fwsystem.h"

const char fwsystem_early[] = "early.nft";

int fwsystem_open(struct fw **fw, const struct conf *c, struct why *why)
{
	return fw_nft_open(fw, c, why);
}

size_t fwsystem_text(const struct fw_ruleset *r, const char *table,
		      char text[static FW_TEXT])
{
	return fw_nft_text(r, table, text);
}
