/* SPDX-License-Identifier: ISC */
/*
 * source_pcap.h - packets from a live interface, through libpcap
 *
 * The kernel filters; the packets are parsed where the kernel put them.
 * Immediate mode makes libpcap choose TPACKET_V2: the blocks of V3 are handed
 * over when they are full or when a timer ends, and every answer would wait
 * for that timer, milliseconds long.
 */
#ifndef SOURCE_PCAP_H
#define SOURCE_PCAP_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/insn.h"
#include "compat.h"
#include "frame.h"
#include "slice.h"

struct source_pcap;

/*
 * All interfaces of this network namespace, the first snaplen octets of what
 * filter (pcap-filter(7)) lets through. Needs CAP_NET_RAW. error receives a
 * sentence on failure.
 */
NODISCARD int source_pcap_open(struct source_pcap **s, const char *filter,
			       int snaplen, char *error, size_t size);
/*
 * One link, its packets as it has them. Nothing passes until packet_filter()
 * says what. -ENOTSUP: not a kind of link that is known here. If the link
 * goes down and comes up again, so do its packets.
 */
NODISCARD int source_pcap_open_link(struct source_pcap **s, const char *name,
				    int snaplen, char *error, size_t size);
/*
 * All interfaces, with a program of bpf/filter.h and a kernel ring of so many
 * octets, whose blocks are handed over when they are full or block_ms old.
 * What came before the program was in force is not filtered.
 */
NODISCARD int source_pcap_ring(struct source_pcap **s,
			       const struct sock_filter *program,
			       unsigned short n, int snaplen, int octets,
			       int block_ms, char *error, size_t size);
void source_pcap_close(struct source_pcap *s);
int source_pcap_fd(const struct source_pcap *s);
enum link source_pcap_link(const struct source_pcap *s);

/* A packet: valid until the call returns. time is boot time in ns. */
typedef void source_packet(void *context, enum link link, struct slice packet,
			   uint64_t time);

/* Hands over what the kernel has, at most max packets, or one batch of the
 * kernel's; never waits. How many, or -EIO: the interface is gone, or worse;
 * -ENXIO: gone for good; -EBADMSG: what came could not be told apart. */
int source_pcap_read(struct source_pcap *s, int max, source_packet *packet,
		     void *context);
/* Packets the kernel had no room for, since the start. */
uint64_t source_pcap_drops(struct source_pcap *s);

#endif /* SOURCE_PCAP_H */
