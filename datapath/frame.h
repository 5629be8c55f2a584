/* SPDX-License-Identifier: ISC */
/*
 * frame.h - link, IPv4/IPv6, UDP and TCP headers, read in place
 *
 * frame_read() checks every length a header claims against what was really
 * captured, and never reads past it. Checksums are not verified: a capture
 * sees packets before the hardware fills them in. A v4-mapped address in an
 * IPv6 header is refused: it would read as the IPv4 address it imitates.
 */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "parse.h"
#include "shared/ipaddr.h"
#include "slice.h"

/* What a packet starts with. Values are ours; source_pcap.c maps DLT_*. */
enum link {
	LINK_ETHERNET,		/* with up to two 802.1Q/802.1ad tags */
	LINK_RAW,		/* an IP header; the version nibble decides */
	LINK_NULL,		/* 4 octets of AF in the writer's byte order */
	LINK_LOOP,		/* 4 octets of AF, big-endian */
	LINK_SLL,		/* Linux cooked, version 1 */
	LINK_SLL2,		/* Linux cooked, version 2 */
	LINK__N
};

/* IANA protocol numbers. */
enum { FRAME_TCP = 6, FRAME_UDP = 17 };

/* A part of a datagram, as it must be put together. */
struct frame_part {
	uint32_t id;
	uint16_t at;		/* octets of the datagram before it */
	bool more;		/* ... and there are some behind it */
	uint8_t next;		/* protocol of the whole datagram */
	struct slice octets;
};

struct frame {
	struct ipaddr src, dst;
	uint8_t protocol;	/* FRAME_TCP or FRAME_UDP where ports is set */
	bool ports;		/* sport and dport were there to be read */
	bool fragment;		/* a part of a datagram; ports only in the first */
	bool outgoing;		/* cooked links say so; false elsewhere */
	uint16_t sport, dport;
	uint8_t tcp_flags;	/* 0 for UDP, as what follows */
	uint32_t tcp_seq, tcp_ack;
	uint16_t tcp_window;	/* not scaled */
	uint16_t tcp_mss;	/* a SYN's option; 0 = none that can be read */
	struct slice payload;	/* of UDP or TCP; empty for a fragment */
	struct frame_part part;	/* of a fragment */
};

/*
 * Unless the result is PARSE_OK or PARSE_FRAGMENT, *f is left as it was;
 * PARSE_FRAGMENT fills in what the packet tells (addresses, protocol, and
 * ports of a first fragment).
 */
NODISCARD enum parse frame_read(enum link link, struct slice packet,
				struct frame *f);

/* Octets added as RFC 1071, 4.1 has it, from a sum on; not folded. */
uint32_t frame_sum(uint32_t from, struct slice s);
/*
 * Does the UDP checksum agree? Only for datagrams that came in parts: their
 * sender has filled it in, whatever his hardware can do.
 */
bool frame_adds_up(const struct frame *f);

enum frame_depth { FRAME_NOTHING, FRAME_LINK, FRAME_IP };

struct frame_glance {
	enum frame_depth depth;	/* how far the packet could be read */
	uint16_t ethertype;	/* from FRAME_LINK on */
	/*
	 * FRAME_LINK: outgoing. FRAME_IP: also addresses, protocol, fragment;
	 * ports and tcp_flags where they were captured. payload is what was
	 * captured behind the IP headers, the transport's header included.
	 */
	struct frame f;
};

/*
 * What there is to know of a packet that frame_read() refuses: other
 * protocols, other ethertypes, packets that the capture has cut.
 */
void frame_glance(enum link link, struct slice packet,
		  struct frame_glance *g);

#endif /* FRAME_H */
