/* SPDX-License-Identifier: ISC */
/*
 * router.h - is the gateway the one that it was?
 *
 * Most networks at home have the same address for it, and hardware addresses
 * of their own.
 */
#ifndef ROUTER_H
#define ROUTER_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/ipaddr.h"

struct daemon;

struct gateway {
	struct ipaddr addr;
	uint8_t mac[6];			/* zero = not known */
};

/* The hardware addresses, of IPv6's and of IPv4's. */
void router_forget(struct daemon *d);
/* Unless it is known: what the kernel knows of it already. */
void router_read(const struct daemon *d, struct gateway *g);
/* A neighbour on that link has told its hardware address: is it the gateway,
 * and not the one that it was? */
bool router_another(struct daemon *d, const char *ifname);

#endif /* ROUTER_H */
