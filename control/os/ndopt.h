/* SPDX-License-Identifier: ISC */
/*
 * ndopt.h - an option of a router advertisement, as the kernel hands it on
 *
 * The kernel has checked the packet and the option's length (ndisc_ra_useropts()
 * in its net/ipv6/ndisc.c, which since 2019 counts option 37 among those for
 * programs); what is in the option is the network's.
 */
#ifndef NDOPT_H
#define NDOPT_H

#include <stdbool.h>
#include <stddef.h>

#include "compat.h"
#include "os/netinfo.h"

struct nlmsghdr;

/* h is an RTM_NEWNDUSEROPT. False: not of a router, or another option. The
 * padding is not part of *len. */
NODISCARD bool ndopt_portal(const struct nlmsghdr *h, unsigned int *ifindex,
			    char url[static NETMON_URL], size_t *len);

#endif /* NDOPT_H */
