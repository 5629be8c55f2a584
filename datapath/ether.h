/* SPDX-License-Identifier: ISC */
/*
 * ether.h - what frames say of the link itself: to whom, and who is where
 *
 * Read in place, every octet proved to be there. Checksums are verified here:
 * who answers such a question fills them in himself (RFC 4861, 7.1.2).
 */
#ifndef ETHER_H
#define ETHER_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "parse.h"
#include "shared/ipaddr.h"
#include "slice.h"

/* An answer to "who has this address?". */
struct ether_neighbour {
	struct ipaddr addr;
	uint8_t mac[6];
};

/* No tag, and to exactly this hardware address. */
bool ether_is_for(struct slice frame, const uint8_t mac[static 6]);

/*
 * An ARP reply (RFC 826) or a neighbour advertisement with a target link-layer
 * option (RFC 4861, 4.4), in an untagged frame. Unless the result is
 * PARSE_OK, *n is left as it was.
 */
NODISCARD enum parse ether_neighbour_read(struct slice frame,
					  struct ether_neighbour *n);

#endif /* ETHER_H */
