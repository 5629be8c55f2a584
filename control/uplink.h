/* SPDX-License-Identifier: ISC */
/*
 * uplink.h - follows the network underneath
 */
#ifndef UPLINK_H
#define UPLINK_H

#include "compat.h"
#include "why.h"

struct daemon;

NODISCARD int uplink_open(struct daemon *d, struct why *why);
void uplink_close(struct daemon *d);
/* Reads the upstreams anew. 1 if they are others than before. */
NODISCARD int uplink_servers(struct daemon *d, struct why *why);
/* The network may be another one: looks, and does what that takes. */
void uplink_follow(struct daemon *d);

#endif /* UPLINK_H */
