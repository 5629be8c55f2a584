/* SPDX-License-Identifier: ISC */
/*
 * packet.h - what a captured link's descriptor is asked for beside packets
 *
 * All of it needs no privilege once the descriptor is there.
 */
#ifndef PACKET_H
#define PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/filter.h"
#include "compat.h"
#include "frame.h"

/* The link's hardware address as it is now; -EADDRNOTAVAIL when it is not an
 * Ethernet address. */
NODISCARD int packet_mac(int fd, uint32_t ifindex, uint8_t mac[static 6]);
/* A whole packet: of LINK_ETHERNET a frame, else from the IP header on. type
 * is an ethertype. */
NODISCARD int packet_send(int fd, uint32_t ifindex, uint16_t type,
			  const uint8_t *packet, size_t len);
/* How filters see such a link here. */
enum filter_link packet_seen(enum link link);
/* Instead of what was attached before. */
NODISCARD int packet_filter(int fd, const struct sock_filter *f, uint16_t n);
/* From now on nobody changes the filter any more. Linux only. */
NODISCARD int packet_lock(int fd);

#endif /* PACKET_H */
