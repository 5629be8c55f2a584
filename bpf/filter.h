/* SPDX-License-Identifier: ISC */
/*
 * filter.h - classic BPF programs that sockets carry
 *
 * A filter saves wake-ups and memory; it is never a guarantee. Whoever reads
 * from the socket checks again.
 */
#ifndef FILTER_H
#define FILTER_H

#include <stdint.h>

#include "bpf/insn.h"

enum { FILTER_TRIPWIRE = 6, FILTER_LEDGER = 21 };	/* instructions */

/*
 * For a NETLINK_NETFILTER socket in the group NFNLGRP_NFTABLES: passes the
 * announcements of a new ruleset generation, unless the change was made by
 * the netlink socket with this port id.
 */
void filter_tripwire(uint32_t portid,
		     struct sock_filter out[static FILTER_TRIPWIRE]);

/* Where the IP header of what is seen begins, and by what. */
enum filter_link {
	/* A packet socket, to which the kernel notes whom a packet is for. */
	FILTER_ETHERNET,
	FILTER_IP,		/* at once: raw links, and cooked sockets */
	/* A /dev/bpf, which sees frames alone. */
	FILTER_BPF_ETHERNET,
	FILTER_BPF_IP,
	FILTER_BPF_NULL,	/* behind its address family */
	FILTER_LINKS
};

enum {
	FILTER_PEERS = 4,
	FILTER_WIRE = 128,	/* instructions, with all the peers there can be */
	FILTER_PROLOGUE = 4,	/* ... of which so many look at the socket's
				 * notes of the packet instead of its octets */
};

struct filter_peer {
	uint8_t addr[16];	/* IPv4 as v4-mapped */
	uint16_t port;		/* of a hop: not looked at */
};

struct filter_wire {
	unsigned int n_servers, n_hops;	/* up to FILTER_PEERS */
	struct filter_peer server[FILTER_PEERS], hop[FILTER_PEERS];
};

/*
 * Of what has no VLAN tag, and is addressed to this machine where the kernel
 * notes that, passes UDP from a server's address and port (over IPv6 without
 * extension headers), fragments from a server's address, and, on Ethernet,
 * what a hop says of its hardware address (ARP replies, neighbour
 * advertisements). The instructions written.
 */
unsigned int filter_wire(enum filter_link link, const struct filter_wire *w,
			 struct sock_filter out[static FILTER_WIRE]);

/*
 * For a packet socket that sees packets from their network header on: passes
 * snaplen octets of what leaves this machine, but for loopback, and of what
 * comes to it by UDP from a DNS server's port.
 */
void filter_ledger(uint16_t dns_port, uint32_t snaplen,
		   struct sock_filter out[static FILTER_LEDGER]);

#endif /* FILTER_H */
