/* SPDX-License-Identifier: ISC */
/*
 * stream.h - DNS messages out of captured TCP
 *
 * One stream is one way of a connection: its octets in order, cut into
 * messages by their two octets of length (RFC 1035, 4.2.2). Segments may come
 * twice, overlap (the first octets win) and stand in any order within a
 * window; a gap that the window cannot hold ends what can be known of the
 * stream. What it has not told when it ends is reported, so that nothing
 * passes unseen.
 *
 *	s = stream_open(t, f, &rest, &gone);
 *	while (stream_feed(t, s, &rest) == STREAM_MORE)
 *		while (stream_message(s, &msg)) ...
 */
#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "limits.h"

enum { STREAM_WAYS = 8, STREAM_SETS = STREAM_MAX / STREAM_WAYS };

struct stream {
	struct ipaddr src, dst;
	uint16_t sport, dport;
	bool outgoing, used;
	bool begun;		/* next is known */
	bool lost;		/* a gap: no boundary is known any more */
	uint64_t touched;	/* of the table's count, for the oldest */
	uint32_t next;		/* sequence number of window[0] */
	uint32_t taken;		/* octets in front that messages were made of */
	uint32_t got;		/* octets in a row */
	uint32_t skip;		/* ... still to come of a message too long */
	unsigned int n_ahead;
	struct { uint32_t from, to; } ahead[STREAM_AHEAD];	/* in order */
	uint8_t window[STREAM_WINDOW];
};

struct streams {
	uint64_t count;			/* segments */
	/* counted since start */
	uint64_t begun, midway, again, ahead, lost, unfinished;
	struct stream stream[STREAM_SETS][STREAM_WAYS];
};

/* A stream that ended inside a message. */
struct stream_gone {
	bool any;
	struct ipaddr src, dst;
	uint16_t sport, dport;
	bool outgoing;
};

/* The octets of a segment that are not in the window yet. */
struct stream_rest {
	uint32_t seq;
	struct slice octets;
};

enum stream_what {
	STREAM_MORE,		/* some came in; look for messages, then go on */
	STREAM_DONE,		/* nothing is left of the segment */
	STREAM_LOST,		/* it cannot be used: so little is known */
};

void stream_init(struct streams *t);

/*
 * f is a TCP segment that frame_read() has read. NULL: nothing that matters.
 * *gone is a stream that had to make way.
 */
struct stream *stream_open(struct streams *t, const struct frame *f,
			   struct stream_rest *rest, struct stream_gone *gone);

enum stream_what stream_feed(struct streams *t, struct stream *s,
			     struct stream_rest *rest);

/*
 * The next whole message, until the next stream_feed(). p is NULL for a
 * length that is none of ours: of more than SLOT_SIZE octets, which are passed
 * over, or of less than a header, which ends what can be known.
 */
bool stream_message(struct stream *s, struct slice *msg);

/* f is fed: with FIN or RST the stream is over, unless it has a hole that may
 * still be filled. */
void stream_close(struct streams *t, struct stream *s, const struct frame *f,
		  struct stream_gone *gone);

/* What is left at the end, one after the other; false when none is. */
bool stream_drain(struct streams *t, struct stream_gone *gone);

#endif /* STREAM_H */
