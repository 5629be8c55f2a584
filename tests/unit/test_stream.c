/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "dnsname.h"
#include "stream.h"

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

static struct streams table;

static struct frame segment(uint32_t seq, uint8_t flags, const uint8_t *p,
			    size_t n)
{
	struct frame f = { .protocol = FRAME_TCP, .ports = true,
			   .sport = 50000, .dport = 53, .tcp_seq = seq,
			   .tcp_flags = flags, .payload = { p, n } };

	f.src.b[15] = 1;
	f.dst.b[15] = 2;
	return f;
}

/* Three messages of 20, 300 and 12 octets, each filled with its number. */
enum { TALK = 22 + 302 + 14 };

static const uint8_t *talk(void)
{
	static const uint16_t len[] = { 20, 300, 12 };
	static uint8_t all[TALK];
	size_t at = 0;

	for (size_t i = 0; i < NITEMS(len); i++) {
		all[at] = (uint8_t)(len[i] >> 8);
		all[at + 1] = (uint8_t)len[i];
		memset(all + at + 2, (int)(i + 1), len[i]);
		at += 2u + len[i];
	}
	cr_assert_eq(at, TALK);
	return all;
}

/* Feeds f and notes the messages in text, "1", "2", ..., "L" too long or too
 * short, "!" lost. */
static void feed(const struct frame *f, char *text)
{
	struct stream_gone gone;
	struct stream_rest rest;
	struct stream *s = stream_open(&table, f, &rest, &gone);
	enum stream_what what;
	struct slice msg;

	if (gone.any)
		strcat(text, "u");
	if (s == NULL)
		return;
	while ((what = stream_feed(&table, s, &rest)) == STREAM_MORE)
		while (stream_message(s, &msg))
			strcat(text, msg.p == NULL ? "L" :
			       (char[]){ (char)('0' + msg.p[0]), '\0' });
	if (what == STREAM_LOST)
		strcat(text, "!");
	stream_close(&table, s, f, &gone);
	if (gone.any)
		strcat(text, "u");
}

struct piece {
	int from, to;		/* of the talk; -1: flags alone */
	uint8_t flags;
};

enum { PIECES = 12 };

static const struct {
	const char *what;
	struct piece piece[PIECES];	/* to 0 ends */
	const char *want;
} scripts[] = {
	{ "all in one", { { 0, TALK, ACK } }, "123" },
	{ "a length cut in half", { { 0, 1, ACK }, { 1, TALK, ACK } }, "123" },
	{ "one octet at the end", { { 0, TALK - 1, ACK },
	  { TALK - 1, TALK, ACK } }, "123" },
	{ "backwards", { { 324, TALK, ACK }, { 22, 324, ACK },
	  { 0, 22, ACK } }, "123" },
	{ "every other one first", { { 50, 100, ACK }, { 150, 200, ACK },
	  { 250, TALK, ACK }, { 0, 50, ACK }, { 100, 150, ACK },
	  { 200, 250, ACK } }, "123" },
	{ "the same again", { { 0, 100, ACK }, { 0, 100, ACK },
	  { 100, TALK, ACK }, { 0, TALK, ACK } }, "123" },
	{ "overlapping", { { 0, 100, ACK }, { 50, 200, ACK },
	  { 150, TALK, ACK } }, "123" },
	{ "overlapping ahead", { { 100, 200, ACK }, { 150, 300, ACK },
	  { 50, 120, ACK }, { 90, TALK, ACK }, { 0, 60, ACK } }, "123" },
	{ "a row of segments behind one hole", { { 22, 52, ACK },
	  { 52, 82, ACK }, { 82, 112, ACK }, { 112, 142, ACK },
	  { 142, 172, ACK }, { 172, 202, ACK }, { 202, 232, ACK },
	  { 232, 262, ACK }, { 262, 292, ACK }, { 292, TALK, ACK },
	  { 0, 22, ACK } }, "123" },
	{ "more holes than there is room for", { { 2, 3, ACK },
	  { 4, 5, ACK }, { 6, 7, ACK }, { 8, 9, ACK }, { 10, 11, ACK },
	  { 12, 13, ACK }, { 14, 15, ACK }, { 16, 17, ACK },
	  { 18, 19, ACK } }, "!" },
	{ "nothing is known behind a loss", { { 2, 3, ACK },
	  { 4, 5, ACK }, { 6, 7, ACK }, { 8, 9, ACK }, { 10, 11, ACK },
	  { 12, 13, ACK }, { 14, 15, ACK }, { 16, 17, ACK },
	  { 18, 19, ACK }, { 0, TALK, ACK }, { -1, 1, RST } }, "!!" },
	{ "an end inside a message", { { 0, 100, ACK }, { -1, 100, FIN } },
	  "1u" },
	{ "an end between messages", { { 0, 22, FIN } }, "1" },
	{ "an end before what is missing", { { 22, TALK, FIN },
	  { 0, 22, ACK } }, "123" },
	{ "broken off inside a message", { { 0, 100, RST } }, "1u" },
	{ "a new connection inside a message", { { 0, 100, ACK },
	  { -1, 500, SYN } }, "1u" },
	{ "the same SYN again", { { -1, 0, SYN }, { 0, TALK, ACK } }, "123" },
	{ "acknowledgements alone", { { -1, 1, ACK }, { 0, TALK, ACK },
	  { -1, TALK, ACK } }, "123" },
};

static void run(size_t i, uint32_t start)
{
	char text[64] = "";
	struct frame f = segment(start - 1, SYN, NULL, 0);

	stream_init(&table);
	feed(&f, text);
	for (size_t k = 0; k < PIECES; k++) {
		const struct piece *p = &scripts[i].piece[k];

		if (p->from == 0 && p->to == 0)
			break;
		if (p->from < 0)
			f = segment(start + (uint32_t)p->to - (p->flags == SYN),
				    p->flags, NULL, 0);
		else
			f = segment(start + (uint32_t)p->from, p->flags,
				    talk() + p->from,
				    (size_t)(p->to - p->from));
		feed(&f, text);
	}
	cr_expect_str_eq(text, scripts[i].want, "%s, from %u: %s",
			 scripts[i].what, start, text);
}

/* Also where sequence numbers wrap, and turn negative. */
Test(stream, scripts)
{
	static const uint32_t starts[] = { 1, UINT32_MAX - 30, 0x7ffffff0, 0 };

	for (size_t i = 0; i < NITEMS(scripts); i++)
		for (size_t k = 0; k < NITEMS(starts); k++)
			run(i, starts[k]);
}

Test(stream, begun_late)
{
	struct frame f = segment(77, ACK, talk(), TALK);
	char text[64] = "";

	stream_init(&table);
	feed(&f, text);
	cr_expect_str_eq(text, "123");
	cr_expect_eq(table.midway, 1);
}

/* Data with the SYN (RFC 7413). */
Test(stream, fast_open)
{
	struct frame f = segment(77, SYN, talk(), TALK);
	char text[64] = "";

	stream_init(&table);
	feed(&f, text);
	cr_expect_str_eq(text, "123");
	cr_expect_eq(table.midway, 0);
}

Test(stream, too_long_is_passed_over)
{
	static uint8_t big[2 + 60000 + 14];
	char text[64] = "";
	struct frame f;

	big[0] = 60000 >> 8;
	big[1] = 60000 & 0xff;
	memcpy(big + 60002, talk() + 324, 14);
	stream_init(&table);
	f = segment(9, ACK, big, sizeof(big));
	feed(&f, text);
	cr_expect_str_eq(text, "L3", "in one segment: %s", text);

	stream_init(&table);
	text[0] = '\0';
	for (size_t at = 0; at < sizeof(big); at += 1448) {
		size_t n = sizeof(big) - at < 1448 ? sizeof(big) - at : 1448;

		f = segment(9 + (uint32_t)at, ACK, big + at, n);
		feed(&f, text);
	}
	cr_expect_str_eq(text, "L3", "in many: %s", text);
}

Test(stream, no_message_is_that_short)
{
	static const uint8_t zeros[40];
	struct frame f = segment(9, ACK, zeros, sizeof(zeros));
	char text[64] = "";

	stream_init(&table);
	feed(&f, text);
	cr_expect_str_eq(text, "L", "%s", text);
	f = segment(9 + sizeof(zeros), ACK, talk(), TALK);
	feed(&f, text);
	cr_expect_str_eq(text, "L!", "%s", text);
}

/* The window's last octet, and the one behind it. */
Test(stream, far_ahead)
{
	static const uint8_t one[1];
	char text[64] = "";
	struct frame f = segment(0, SYN, NULL, 0);

	stream_init(&table);
	feed(&f, text);
	f = segment(1 + STREAM_WINDOW - 1, ACK, one, 1);
	feed(&f, text);
	cr_expect_str_eq(text, "");
	f = segment(1 + STREAM_WINDOW, ACK, one, 1);
	feed(&f, text);
	cr_expect_str_eq(text, "!");
}

/* A flood of connections: the oldest of a place go, and are told. */
Test(stream, full_table)
{
	struct stream_gone gone;
	unsigned int told = 0, left = 0;
	char text[8192] = "";

	stream_init(&table);
	for (uint16_t port = 1; port <= 4 * STREAM_MAX; port++) {
		struct frame f = segment(1, ACK, talk(), 10);

		f.sport = port;
		text[0] = '\0';
		feed(&f, text);
		told += text[0] == 'u';
	}
	while (stream_drain(&table, &gone)) {
		left++;
		cr_expect_eq(gone.dport, 53);
	}
	cr_expect_eq(told + left, 4 * STREAM_MAX, "%u and %u", told, left);
	cr_expect_leq(left, STREAM_MAX);
	cr_expect_eq(table.unfinished, 4 * STREAM_MAX);
}

/* The two ways of a connection are two streams. */
Test(stream, both_ways)
{
	struct frame f = segment(9, ACK, talk(), 100), back = f;
	char text[64] = "";

	back.src = f.dst;
	back.dst = f.src;
	back.sport = 53;
	back.dport = 50000;
	stream_init(&table);
	feed(&f, text);
	feed(&back, text);
	f = segment(109, ACK, talk() + 100, TALK - 100);
	feed(&f, text);
	cr_expect_str_eq(text, "1123");
}
