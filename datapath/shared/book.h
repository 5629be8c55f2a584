/* SPDX-License-Identifier: ISC */
/*
 * book.h - the memory that control and the ledger process share
 *
 * Two parts of fixed size, made and sealed like the arena's: the rules, which
 * only control writes, and the entries, which only the ledger writes. Both
 * last as long as one ledger process.
 *
 * The allow table in here is not the door's own: it is the ledger's, it
 * outlives datapath processes, and it holds an address for BOOK_GRACE_MS
 * longer than the firewall. Epoch 1, for good.
 */
#ifndef BOOK_H
#define BOOK_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/allow.h"
#include "shared/ipaddr.h"
#include "shared/policy.h"
#include "limits.h"

enum {
	BOOK_PORTS = 16, BOOK_RELAYS = 16,
	BOOK_IGNORED = 256,	/* links that carry nothing out by themselves */
	BOOK_CLASSES = 16,	/* room for enum ledger_class */

	/*
	 * What has passed the firewall may wait in the interface's queue. A
	 * packet is judged by the time at which it left the queue, so rules
	 * and addresses count for so much longer.
	 */
	BOOK_GRACE_MS = 1000,
	/* Rules that may still count: as many as a second brings. */
	BOOK_PAST = 32,
};

struct book_relay {
	struct ipaddr addr;
	uint16_t port;		/* 0: any, and any protocol */
	uint16_t protocol;
};

/* What may leave this machine, as long as it is the last published one. */
struct book_rules {
	uint64_t since;		/* boot time, ns, at which it came in force */
	uint8_t door;		/* questions to upstreams, and open addresses */
	uint8_t lan;
	uint16_t n_ports, n_relays, n_ignored;
	uint16_t ports[BOOK_PORTS];
	struct book_relay relays[BOOK_RELAYS];
	uint32_t ignored[BOOK_IGNORED];		/* ifindex */
	struct policy policy;
};

struct book_control {
	alignas(CACHELINE) _Atomic uint32_t seq;
	struct book_rules rules[BOOK_PAST];	/* cell.h */
	struct allow allow;
};

/* Why a packet that the rules do not know left; for counting. */
enum book_kind {
	BOOK_TCP, BOOK_UDP, BOOK_ICMP, BOOK_ICMPV6, BOOK_FRAGMENT,
	BOOK_OTHER,		/* of IP */
	BOOK_LINK,		/* no IP that could be read */
	BOOK__N
};

struct book_flow {
	struct ipaddr from, to;
	uint16_t from_port, to_port;		/* 0 = none */
	uint16_t ethertype;			/* without addresses */
	uint8_t protocol;
	uint32_t ifindex;			/* of its first packet */
	uint64_t first;				/* boot time, ns */
	_Atomic uint64_t packets;
};

struct book_entries {
	_Atomic uint64_t beat;			/* moves while the ledger lives */
	_Atomic uint64_t packets;		/* that came from the capture */
	_Atomic uint64_t drops;			/* that the kernel had no room for */
	_Atomic uint64_t settling;		/* before the first rules counted */
	_Atomic uint64_t untold;		/* of flows without room */
	_Atomic uint64_t classes[BOOK_CLASSES];
	_Atomic uint64_t kinds[BOOK__N];	/* of leaks */
	/* Only grows; what is below n does not change but for its count. */
	alignas(CACHELINE) _Atomic uint32_t n;
	struct book_flow flow[LEAKS_MAX];
};

struct book {
	struct book_control *control;
	struct book_entries *entries;
	int control_fd, entries_fd;		/* -1 once closed */
};

#define BOOK_NONE { .control_fd = -1, .entries_fd = -1 }

/* Control: see arena_create(). */
NODISCARD int book_create(struct book *b);
/* The ledger: maps what it inherited and closes the descriptors. */
NODISCARD int book_attach(struct book *b, int control_fd, int entries_fd);
void book_close(struct book *b);

/* Control: from now on; r->since says when that is. */
void book_publish(struct book_control *c, const struct book_rules *r);
/* The ledger: the next rules after *seen (0 at first), if there are any. */
bool book_next(const struct book_control *c, uint32_t *seen,
	       struct book_rules *r);

/* "tcp", "udp", ... */
const char *book_kind_name(enum book_kind k);

#endif /* BOOK_H */
