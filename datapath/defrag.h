/* SPDX-License-Identifier: ISC */
/*
 * defrag.h - datagrams put together from their parts
 *
 * RFC 791, 3.2 and RFC 8200, 4.5, for captures: time is the capture's, the
 * table is fixed, and what does not come together is told, so that nothing
 * passes unseen. Parts that overlap spoil their datagram (RFC 5722); the
 * very same part once more does not.
 */
#ifndef DEFRAG_H
#define DEFRAG_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "limits.h"

enum {
	DEFRAG_HEADER = 40,	/* room for an IP header in front */
	DEFRAG_OCTETS = 65535,
	DEFRAG_SECONDS = 60,	/* RFC 1122, 3.3.2; RFC 8200, 4.5 */
};

struct defrag_part {
	uint32_t from, to;	/* octets of the datagram, to is behind them */
};

struct datagram {
	struct ipaddr src, dst;
	uint32_t id;
	uint8_t next;		/* of the part at 0; in IPv4 of every part */
	bool used, refused, outgoing;
	uint64_t first;		/* ns: its first part came */
	uint32_t have, end;	/* octets; end is 0 until known */
	unsigned int n_parts;
	struct defrag_part part[DEFRAG_PARTS];	/* in order, apart */
	uint8_t octets[DEFRAG_HEADER + DEFRAG_OCTETS];
};

struct defrag {
	struct datagram datagram[DEFRAG_MAX];
};

enum defrag_what {
	DEFRAG_WAIT,		/* more parts must come */
	DEFRAG_DONE,
	DEFRAG_AGAIN,		/* had that part already */
	DEFRAG_OVERLAP,		/* it overlaps another one */
	DEFRAG_BAD,		/* lengths that cannot be, or too many parts */
	DEFRAG__N
};

/* Parts of a datagram that will never be whole. */
struct defrag_gone {
	unsigned int parts;	/* 0: none */
	struct ipaddr src, dst;
	uint8_t protocol;
	bool outgoing;
};

void defrag_init(struct defrag *d);

/*
 * f is a fragment that frame_read() has read. DEFRAG_DONE: *packet is the
 * whole, as LINK_RAW, until the next call. gone[0] is what had to make way,
 * gone[1] what is spoilt now.
 */
enum defrag_what defrag_add(struct defrag *d, const struct frame *f,
			    uint64_t now, struct slice *packet,
			    struct defrag_gone gone[static 2]);

/* What is left at the end, one after the other; false when none is. */
bool defrag_drain(struct defrag *d, struct defrag_gone *gone);

const char *defrag_name(enum defrag_what what);

#endif /* DEFRAG_H */
