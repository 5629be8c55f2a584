/* SPDX-License-Identifier: ISC */
#include "firewall/fw_pf.h"
#include "firewall/rules_pf.h"

int fw_pf_open(struct fw **fw, const struct conf *c, struct why *why)
{
	struct pfdev dev;
	int error = pfsys_open(&dev, &pfsys_macos, why);

	return error < 0 ? error : fw_pf_open_on(fw, c, &dev, why);
}

size_t fw_pf_text(const struct fw_ruleset *r, const char *anchor,
		  char text[static FW_TEXT])
{
	unsigned int rules;

	return rules_pf_text(r, anchor, &pfsys_macos, text, &rules);
}
