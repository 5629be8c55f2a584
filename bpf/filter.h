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

enum { FILTER_TRIPWIRE = 6 };	/* instructions */

/*
 * For a NETLINK_NETFILTER socket in the group NFNLGRP_NFTABLES: passes the
 * announcements of a new ruleset generation, unless the change was made by
 * the netlink socket with this port id.
 */
void filter_tripwire(uint32_t portid,
		     struct sock_filter out[static FILTER_TRIPWIRE]);

#endif /* FILTER_H */
