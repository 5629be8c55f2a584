/* SPDX-License-Identifier: ISC */
/*
 * craft.h - packets and frames that are not the kernel's, built with libnet
 *
 * Each function writes one whole packet to out and returns its octets, or
 * -EMSGSIZE when it does not fit, -EIO when libnet refuses. Lengths and
 * checksums are right; addresses of both ends are of one family. One thread.
 */
#ifndef CRAFT_H
#define CRAFT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "compat.h"
#include "shared/ipaddr.h"

struct craft;

struct craft_ends {
	struct ipaddr src, dst;
	uint16_t sport, dport;
};

struct craft_segment {
	struct craft_ends ends;
	uint32_t seq, ack;
	uint8_t flags;		/* RFC 9293, 3.1: TH_SYN and so on */
	uint16_t window;
	uint16_t mss;		/* option, with SYN; 0 = none */
};

/* Ethernet's part of a frame. */
struct craft_link {
	uint8_t dst[6], src[6];
	uint16_t vlan;		/* 802.1Q id; 0 = no tag */
};

NODISCARD int craft_open(struct craft **c);
void craft_close(struct craft *c);

/* IP packets, DF set on IPv4. */
NODISCARD ssize_t craft_udp(struct craft *c, const struct craft_ends *e,
			    const uint8_t *payload, size_t len, uint8_t *out,
			    size_t cap);
NODISCARD ssize_t craft_tcp(struct craft *c, const struct craft_segment *s,
			    const uint8_t *payload, size_t len, uint8_t *out,
			    size_t cap);

/* An IP packet in a frame; the version nibble decides the ethertype. */
NODISCARD ssize_t craft_ethernet(struct craft *c, const struct craft_link *l,
				 const uint8_t *packet, size_t len,
				 uint8_t *out, size_t cap);
/* "Who has target?", from sender: ARP (RFC 826) or a neighbour solicitation
 * (RFC 4861, 7.2.2), by the family. l->dst is not looked at. */
NODISCARD ssize_t craft_neighbour(struct craft *c, const struct craft_link *l,
				  const struct ipaddr *sender,
				  const struct ipaddr *target, uint8_t *out,
				  size_t cap);

#endif /* CRAFT_H */
