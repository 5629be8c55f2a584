/* SPDX-License-Identifier: ISC */
/*
 * pfkill.h - ends the states of connections that may not go on
 *
 * pf lets what it has a state for pass, whatever rules and tables say now.
 */
#ifndef PFKILL_H
#define PFKILL_H

#include "compat.h"
#include "firewall/pfsys.h"
#include "shared/ipaddr.h"
#include "why.h"

/* All that there are, or those from or to any of a[]: how many. */
NODISCARD int pfkill_all(const struct pfdev *dev, struct why *why);
NODISCARD int pfkill_hosts(const struct pfdev *dev, const struct ipaddr *a,
			   unsigned int n, struct why *why);

#endif /* PFKILL_H */
