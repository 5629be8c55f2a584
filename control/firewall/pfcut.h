/* SPDX-License-Identifier: ISC */
/*
 * pfcut.h - the connections that another ruleset does not allow any more
 */
#ifndef PFCUT_H
#define PFCUT_H

#include "compat.h"
#include "firewall/fw.h"
#include "firewall/pfsys.h"

/* was: the ruleset before r; NULL: nothing is known, so all states end. Those
 * of the door's addresses end when these are taken away. */
NODISCARD int pfcut(const struct pfdev *dev, const struct fw_ruleset *was,
		    const struct fw_ruleset *r, struct why *why);

#endif /* PFCUT_H */
