/* SPDX-License-Identifier: ISC */
#include "firewall/fwsystem.h"

#include "firewall/fw_pf.h"

const char fwsystem_early[] = "early.pf";

int fwsystem_open(struct fw **fw, const struct conf *c, struct why *why)
{
	return fw_pf_open(fw, c, why);
}

size_t fwsystem_text(const struct fw_ruleset *r, const char *table,
		      char text[static FW_TEXT])
{
	return fw_pf_text(r, table, text);
}
