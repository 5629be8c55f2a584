/* SPDX-License-Identifier: ISC */
/*
 * leaklog.h - what ledger processes wrote down, added up
 *
 * Pure. The book's entries are another process's word: each is copied out
 * once, nothing is counted backwards, and nothing makes this grow.
 */
#ifndef LEAKLOG_H
#define LEAKLOG_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/book.h"

enum {
	LEAKLOG_FLOWS = 512,	/* the first ones, told apart for good */
	LEAKLOG_TAKE = 256,	/* new flows in one go */
	LEAKLOG_PROCESS = 96,
};

struct leaklog_flow {
	struct ipaddr from, to;
	uint16_t from_port, to_port, ethertype;
	uint8_t protocol;
	bool live;		/* of the process that runs ... */
	uint16_t nth;		/* ... and the number it has there */
	uint64_t first;		/* boot time, ns */
	uint64_t packets, before;	/* before: by processes that are gone */
	uint32_t ifindex;
	char ifname[IF_NAMESIZE];
	char process[LEAKLOG_PROCESS];	/* "dig (pid 812)"; "" = not known */
};

/* Free running. */
struct leaklog_counts {
	uint64_t packets, drops, settling, untold;
	uint64_t classes[BOOK_CLASSES], kinds[BOOK__N];
};

struct leaklog {
	struct leaklog_counts now;	/* of the process that runs */
	struct leaklog_counts gone;	/* of all before it */
	uint32_t taken;			/* its flows that were looked at */
	uint64_t flows;			/* ever: of each process, once */
	unsigned int n;
	struct leaklog_flow flow[LEAKLOG_FLOWS];
};

/* Each flow that was not known before; it may be filled in. kept: false if
 * there is no room for it, and it dies with the call. */
typedef void leaklog_new(void *context, struct leaklog_flow *f, bool kept);

/* True: there are more new flows than were taken. */
bool leaklog_take(struct leaklog *l, const struct book_entries *e,
		  leaklog_new *tell, void *context);
/* That process is gone: what it counted stays. */
void leaklog_end(struct leaklog *l);

/* All processes together. */
void leaklog_sum(const struct leaklog *l, struct leaklog_counts *sum);

/* "udp 192.168.1.2:5353 -> 8.8.8.8:53" */
enum { LEAKLOG_TEXT = 160 };
const char *leaklog_text(const struct leaklog_flow *f,
			 char text[static LEAKLOG_TEXT]);
/* "udp", "icmpv6", "47", "ethertype 88b5" */
enum { LEAKLOG_PROTOCOL = 24 };
const char *leaklog_protocol(const struct leaklog_flow *f,
			     char text[static LEAKLOG_PROTOCOL]);

#endif /* LEAKLOG_H */
