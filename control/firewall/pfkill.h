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

/* From or to that net, and from or to its addresses alone; how many states.
 * Those of the net 0.0.0.0/0 are all of its family. */
NODISCARD int pfkill_net(const struct pfdev *dev, const struct ipnet *net,
			 struct why *why);
NODISCARD int pfkill_hosts(const struct pfdev *dev, const struct ipaddr *a,
			   unsigned int n, struct why *why);
/* All of an interface; NULL: all that there are. */
NODISCARD int pfkill_interface(const struct pfdev *dev, const char *ifname,
			       struct why *why);

#endif /* PFKILL_H */
