/* SPDX-License-Identifier: ISC */
/*
 * links.h - which links carry packets out of this machine by themselves
 */
#ifndef LINKS_H
#define LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"

/*
 * Not one that leads back into this machine, nor one whose packets leave
 * through another link, where they are seen again: loopback, tunnels, VLANs,
 * bridges and their virtual ports, ... kind is the kernel's word (ip -d link),
 * "" for hardware; type is ARPHRD_*. What is not known counts.
 */
bool links_leave(const char *kind, unsigned int type, bool port);

/* The ifindex of those that do not count: how many, at most max; -errno. */
NODISCARD int links_ignored(uint32_t *ifindex, unsigned int max);

#endif /* LINKS_H */
