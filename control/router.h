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

struct daemon;

void router_forget(struct daemon *d);
/* Unless it is known: what the kernel knows of it already. */
void router_read(struct daemon *d);
/* A neighbour on that link has told its hardware address: is it the gateway,
 * and not the one that it was? */
bool router_another(struct daemon *d, const char *ifname);

#endif /* ROUTER_H */
