/* SPDX-License-Identifier: ISC */
/*
 * netwatch.h - what the kernel tells of the network, and files of its DNS
 *
 * Everything leads to uplink_look(), which decides what has come of it.
 */
#ifndef NETWATCH_H
#define NETWATCH_H

#include <stdbool.h>

#include "compat.h"
#include "why.h"

struct daemon;

NODISCARD int netwatch_open(struct daemon *d, struct why *why);
void netwatch_close(struct daemon *d);

/* Takes in what has been told: is there anything to look at? *moved: why it is
 * another network, unless that is known already. */
bool netwatch_drain(struct daemon *d, const char **moved);

#endif /* NETWATCH_H */
