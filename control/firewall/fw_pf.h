/* SPDX-License-Identifier: ISC */
/*
 * fw_pf.h - the firewall of macOS and FreeBSD
 */
#ifndef FW_PF_H
#define FW_PF_H

#include "compat.h"
#include "firewall/fw.h"
#include "firewall/pfsys.h"

/* Of the system it is built for; needs root and pfctl. */
NODISCARD int fw_pf_open(struct fw **fw, const struct conf *c,
			 struct why *why);
/* As pfctl reads it; its length, or 0 as rules_pf_text(). */
size_t fw_pf_text(const struct fw_ruleset *r, const char *anchor,
		  char text[static FW_TEXT]);

/* Of any system; dev is closed with it, also if this fails. */
NODISCARD int fw_pf_open_on(struct fw **fw, const struct conf *c,
			    const struct pfdev *dev, struct why *why);

#endif /* FW_PF_H */
