/* SPDX-License-Identifier: ISC */
/*
 * dryrun.h - what would the daemon have done with these packets?
 *
 * Conductor: a packet goes through the frame, defragmentation, TCP streams,
 * the message, the verdict or the judgement of an answer, the door, and the
 * ledger. What is worth a line is told at once; the rest is counted. Nothing
 * is allocated after dryrun_open(), and nothing but the packets decides.
 */
#ifndef DRYRUN_H
#define DRYRUN_H

#include "accept.h"
#include "asked.h"
#include "defrag.h"
#include "door.h"
#include "finding.h"
#include "latency.h"
#include "leaks.h"
#include "learnt.h"
#include "ledger.h"
#include "names.h"
#include "source/source_file.h"
#include "stream.h"

enum dryrun_kind {
	DRYRUN_QUERY,
	DRYRUN_RESPONSE,
	DRYRUN_UNREADABLE,	/* to or from a DNS port */
	DRYRUN_LEAK,		/* the first packet of a flow */
	DRYRUN_EPISODE,		/* time went back: everything was shut */
};

/* Borrowed until the call returns. */
struct dryrun_event {
	enum dryrun_kind kind;
	uint64_t packet;		/* its number, from 1 */
	uint64_t time;			/* ns since 1970, as captured */
	const struct frame *frame;	/* addresses; NULL without any */
	uint16_t ethertype;		/* of a leak without a frame; 0 unknown */
	const struct dnsmsg *msg;	/* of QUERY and RESPONSE */
	enum finding finding;		/* ... */
	enum parse parse;		/* of UNREADABLE, and LEAK without a frame */
	const struct chain *chain;	/* of a RESPONSE that was judged, as read */
	const struct door_told *told;
	uint64_t latency;		/* ns; 0 = not known */
	bool leak;
};

typedef void dryrun_tell(void *context, const struct dryrun_event *e);

struct dryrun_counts {
	uint64_t packets, cut;		/* cut: captured less than there was */
	uint64_t first, last;		/* ns since 1970: earliest, latest */
	uint64_t frames[PARSE__N];
	uint64_t messages[PARSE__N];	/* what was no message, by reason */
	uint64_t findings[FINDING__N];
	uint64_t classes[LEDGER__N];	/* of packets and whole datagrams */
	uint64_t fragments[DEFRAG__N];
	uint64_t parts_lost;		/* ... of fragments never made whole */
	uint64_t episodes;
	uint64_t granted, told, renewed, refused;
};

struct dryrun {
	struct door door;
	struct learnt learnt;
	struct ledger ledger;
	struct leaks leaks;
	struct defrag defrag;
	struct streams streams;
	struct asked asked;
	struct names names;
	struct latency latency;
	struct dryrun_counts counts;
	/* of the packet at hand */
	uint64_t time;
	enum link link;
	enum parse why;
	struct accept accept;
	struct chain chain;
	struct grant grant;
	dryrun_tell *tell;		/* NULL: nobody listens */
	void *context;
};

/* An address of the machine in the capture, and its net: "10.1.0.5/16". */
NODISCARD bool dryrun_local(struct dryrun *d, const char *text);

/* dryrun_local() calls follow, then dryrun_restart(). */
NODISCARD int dryrun_open(struct dryrun *d, const struct conf *c,
			  struct why *why);
void dryrun_close(struct dryrun *d);

/* What waits will not come any more; a new episode begins. Counts stay. */
void dryrun_restart(struct dryrun *d);

void dryrun_packet(struct dryrun *d, enum link link,
		   const struct source_record *r);

#endif /* DRYRUN_H */
