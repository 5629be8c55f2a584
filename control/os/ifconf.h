/* SPDX-License-Identifier: ISC */
/*
 * ifconf.h - an interface's switch, MTU and addresses, by ioctl
 *
 * Each: 0, or -errno; -ENXIO and the like where there is no such interface.
 */
#ifndef IFCONF_H
#define IFCONF_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "shared/ipaddr.h"

NODISCARD int ifconf_up(const char *ifname, bool up);
/* 1: switched on; 0: off. */
NODISCARD int ifconf_is_up(const char *ifname);
NODISCARD int ifconf_mtu(const char *ifname, int mtu);

/* net's own bits, and host in it. One that is there already is no error.
 * peer: the other end's, of a link of two; or NULL. */
NODISCARD int ifconf_add(const char *ifname, const struct ipnet *net,
			 const struct ipaddr *host, const struct ipaddr *peer);
NODISCARD int ifconf_remove(const char *ifname, const struct ipaddr *host);
/* Has this interface this address? */
bool ifconf_has(const char *ifname, const struct ipaddr *host);

#endif /* IFCONF_H */
