/* SPDX-License-Identifier: ISC */
/*
 * kwire.h - what the program on a link and the datapath both see: whose
 * packets are answers to us
 *
 * Written by the datapath only, through a mapping of the map's memory. A
 * packet that is judged while it is being written goes up the stack, where
 * the capture sees it.
 */
#ifndef KWIRE_H
#define KWIRE_H

#include <stdint.h>

enum { KWIRE_PEERS = 8, KWIRE_QUEUES = 8 };

struct kwire_peer {
	uint8_t addr[16];	/* IPv4 as v4-mapped */
	uint16_t port;		/* host byte order; 0 = unused */
	uint16_t pad[3];
};

struct kwire {
	struct kwire_peer peer[KWIRE_PEERS];
	uint64_t ports[65536 / 64];	/* ours, a bit each */
};

#endif /* KWIRE_H */
