/* SPDX-License-Identifier: ISC */
/*
 * Segments of one talk. The input is a start for the sequence numbers (one
 * octet, of both ends of the circle), the length of a script, the script, and
 * the talk. A record of the script is where a segment starts, and how long it
 * is, in eighths of its talk's length and octets:
 *
 *	from	octets of the talk, * 4
 *	len	octets; 255: all that is left
 *
 * However the segments come, the messages that come out are those that a
 * plain reader of the talk finds, from the first one on.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dnsname.h"
#include "stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct script {
	uint32_t seq;
	const uint8_t *record;
	size_t n;		/* records */
	struct slice talk;
	size_t read;		/* of the talk, by the plain reader */
	bool over;		/* nothing more may come out */
};

static struct streams table;

static void expect(bool ok)
{
	if (!ok)
		abort();
}

/* The plain reader's next message is this one. */
static void check(struct script *s, struct slice msg)
{
	size_t len;

	expect(!s->over);
	expect(slice_has(s->talk, s->read, 2));
	len = slice_be16(s->talk, s->read);
	expect(msg.len == len);
	if (len < DNSMSG_HEADER) {
		expect(msg.p == NULL);
		s->over = true;
		return;
	}
	if (len > SLOT_SIZE) {
		expect(msg.p == NULL);
	} else {
		expect(slice_has(s->talk, s->read + 2, len));
		expect(memcmp(msg.p, s->talk.p + s->read + 2, len) == 0);
	}
	s->read += 2 + len;
}

static void feed(struct script *s, size_t from, size_t len)
{
	struct frame f = {
		.protocol = FRAME_TCP, .ports = true, .sport = 1, .dport = 53,
		.tcp_seq = s->seq + (uint32_t)from,
		.payload = { s->talk.p + from, len },
	};
	struct stream_gone gone;
	struct stream_rest rest;
	struct stream *stream = stream_open(&table, &f, &rest, &gone);
	struct slice msg;

	expect(!gone.any);
	if (stream == NULL)
		return;
	while (stream_feed(&table, stream, &rest) == STREAM_MORE)
		while (stream_message(stream, &msg))
			check(s, msg);
	stream_close(&table, stream, &f, &gone);
	expect(!gone.any);
}

static void begin(const struct script *s)
{
	struct frame f = {
		.protocol = FRAME_TCP, .ports = true, .sport = 1, .dport = 53,
		.tcp_seq = s->seq - 1, .tcp_flags = 2,
	};
	struct stream_gone gone;
	struct stream_rest rest;

	expect(stream_open(&table, &f, &rest, &gone) != NULL);
}

static void play(struct script *s)
{
	for (size_t i = 0; i < s->n; i++) {
		size_t from = s->record[2 * i] * 4u;
		size_t len = s->record[2 * i + 1];

		if (from > s->talk.len)
			from = s->talk.len;
		if (len == 255 || len > s->talk.len - from)
			len = s->talk.len - from;
		feed(s, from, len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script s = { .n = 0 };
	struct stream_gone gone;

	if (size < 2)
		return 0;
	s.seq = (uint32_t)(int8_t)data[0];
	s.n = data[1];
	if (s.n > (size - 2) / 2)
		s.n = (size - 2) / 2;
	s.record = data + 2;
	s.talk = (struct slice){ data + 2 + 2 * s.n, size - 2 - 2 * s.n };
	stream_init(&table);
	begin(&s);
	play(&s);
	while (stream_drain(&table, &gone))
		expect(gone.dport == 53);
	return 0;
}
