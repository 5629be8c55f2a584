/* SPDX-License-Identifier: ISC */
/*
 * capture.h - what leaves this machine, judged and written down
 *
 * Conductor of the live ledger: a packet of the capture goes through the
 * frame, the message if it is DNS, the ledger, and into the book. Only reads
 * what it is given; allocates nothing.
 */
#ifndef CAPTURE_H
#define CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "leaks.h"
#include "learnt.h"
#include "ledger.h"
#include "shared/book.h"

enum {
	CAPTURE_PARTS = 64,	/* datagrams that leave in fragments at a time */
	CAPTURE_ASKED = 128,	/* questions that wait for an answer */
	CAPTURE_ONLY = 16,	/* interfaces that alone count */
};

/* A datagram whose first fragment was judged. */
struct capture_part {
	struct ipaddr from, to;
	uint64_t time;
	uint32_t id;
	uint16_t from_port, to_port;
	uint8_t protocol, class;	/* enum ledger_class */
};

struct capture_asked {
	struct ipaddr server;
	uint64_t time;
	uint16_t id, port;
};

struct capture {
	const struct book_control *control;
	struct book_entries *entries;
	struct ledger ledger;
	struct leaks leaks;
	struct learnt learnt;
	uint32_t seen;			/* of control's rules */
	/* rules[newest] came last; n of them are there. */
	unsigned int newest, n;
	struct book_rules rules[BOOK_PAST];
	unsigned int n_only;		/* 0: all */
	uint32_t only[CAPTURE_ONLY];	/* ifindex */
	unsigned int next_part, next_asked;
	struct capture_part parts[CAPTURE_PARTS];
	struct capture_asked asked[CAPTURE_ASKED];
	uint64_t born;			/* since of the very first rules */
	bool cut;			/* the packet at hand is not whole */
	bool news;			/* a new flow since the caller cleared it */
};

void capture_init(struct capture *c, const struct book_control *control,
		  struct book_entries *entries);

/* packet is LINK_SLL2; time: boot time, ns, at which it left. */
void capture_packet(struct capture *c, struct slice packet, uint64_t time);

#endif /* CAPTURE_H */
