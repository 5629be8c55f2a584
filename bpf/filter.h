/* SPDX-License-Identifier: ISC */
/*
 * filter.h - classic BPF programs that sockets carry
 *
 * A filter saves wake-ups and memory; it is never a guarantee. Whoever reads
 * from the socket checks again.
 */
#ifndef FILTER_H
#define FILTER_H

#include <linux/filter.h>
#include <stdint.h>

enum { FILTER_TRIPWIRE = 6, FILTER_LEDGER = 21 };	/* instructions */

/*
 * For a NETLINK_NETFILTER socket in the group NFNLGRP_NFTABLES: passes the
 * announcements of a new ruleset generation, unless the change was made by
 * the netlink socket with this port id.
 */
void filter_tripwire(uint32_t portid,
		     struct sock_filter out[static FILTER_TRIPWIRE]);

/*
 * For a packet socket that sees packets from their network header on: passes
 * snaplen octets of what leaves this machine, but for loopback, and of what
 * comes to it by UDP from a DNS server's port.
 */
void filter_ledger(uint16_t dns_port, uint32_t snaplen,
		   struct sock_filter out[static FILTER_LEDGER]);

#endif /* FILTER_H */
