/* SPDX-License-Identifier: ISC */
/*
 * nftguest.h - somebody else's table: two sets in it are ours to fill
 *
 * They must hold plain addresses and have the flag timeout: without it an
 * address would stay open for ever if we died.
 */
#ifndef NFTGUEST_H
#define NFTGUEST_H

#include <stdint.h>

#include "compat.h"
#include "conf.h"
#include "firewall/nftlink.h"
#include "firewall/nftmsg.h"
#include "why.h"

/* Family, table and sets as c->firewall names them. */
NODISCARD int nftguest_place(struct nftdoor *door, const struct conf *c,
			     struct why *why);

/* As fw_ops.verify: are the sets there, and such as we need? */
NODISCARD int nftguest_verify(struct nftlink *l, const struct nftdoor *door,
			      uint32_t *generation, struct why *why);

#endif /* NFTGUEST_H */
