/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "defrag.h"

static const uint64_t SECOND = 1000000000;

static struct defrag *fresh(void)
{
	static struct defrag d;

	defrag_init(&d);
	return &d;
}

/* Octet n of every datagram is n mod 251. */
static uint8_t octets[1 << 17];

static void fill(void)
{
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i % 251);
}

static struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	cr_assert(ipaddr_parse(text, &a));
	return a;
}

struct piece {
	uint32_t at, len;
	bool last;
	uint32_t id;
	enum defrag_what want;
	unsigned int gone;	/* parts told to be lost with it */
	unsigned int seconds;	/* since the start */
	uint8_t change;		/* added to the first octet */
};

static struct frame frame_of(const struct piece *p, bool v6)
{
	octets[p->at] = (uint8_t)(octets[p->at] + p->change);
	return (struct frame){
		.src = addr(v6 ? "2001:db8::1" : "192.0.2.1"),
		.dst = addr(v6 ? "2001:db8::2" : "192.0.2.2"),
		.protocol = 17, .fragment = true,
		.part = { .id = p->id, .at = (uint16_t)p->at,
			  .more = !p->last, .next = 17,
			  .octets = { octets + p->at, p->len } },
	};
}

enum { PIECES = 8 };

static const struct {
	const char *what;
	bool v6;
	struct piece piece[PIECES];	/* len 0 ends */
} scripts[] = {
	{ "in order", false, { { .at = 0, .len = 8 },
	  { .at = 8, .len = 3, .last = true, .want = DEFRAG_DONE } } },
	{ "backwards", true, {
	  { .at = 16, .len = 3, .last = true },
	  { .at = 8, .len = 8 },
	  { .at = 0, .len = 8, .want = DEFRAG_DONE } } },
	{ "two at a time", true, {
	  { .at = 0, .len = 8, .id = 1 }, { .at = 0, .len = 8, .id = 2 },
	  { .at = 8, .len = 1, .last = true, .id = 1, .want = DEFRAG_DONE },
	  { .at = 8, .len = 1, .last = true, .id = 2, .want = DEFRAG_DONE } } },
	{ "the same part twice", false, { { .at = 0, .len = 8 },
	  { .at = 0, .len = 8, .want = DEFRAG_AGAIN },
	  { .at = 8, .len = 3, .last = true, .want = DEFRAG_DONE } } },
	{ "the same part with another octet", false, { { .at = 0, .len = 8 },
	  { .at = 0, .len = 8, .change = 1, .want = DEFRAG_OVERLAP,
	    .gone = 2 },
	  { .at = 8, .len = 3, .last = true, .want = DEFRAG_OVERLAP,
	    .gone = 1 } } },
	{ "one octet over the front", false, { { .at = 8, .len = 16 },
	  { .at = 0, .len = 16, .want = DEFRAG_OVERLAP, .gone = 2 } } },
	{ "one within another", false, { { .at = 0, .len = 32 },
	  { .at = 8, .len = 8, .want = DEFRAG_OVERLAP, .gone = 2 } } },
	{ "one around another", false, { { .at = 8, .len = 8 },
	  { .at = 0, .len = 32, .want = DEFRAG_OVERLAP, .gone = 2 } } },
	{ "not in eights", false, {
	  { .at = 0, .len = 9, .want = DEFRAG_BAD, .gone = 1 } } },
	{ "two ends", false, {
	  { .at = 16, .len = 4, .last = true },
	  { .at = 24, .len = 4, .last = true, .want = DEFRAG_BAD,
	    .gone = 2 } } },
	{ "behind the end", false, {
	  { .at = 8, .len = 4, .last = true },
	  { .at = 16, .len = 8, .want = DEFRAG_BAD, .gone = 2 } } },
	{ "an end before what is there", false, {
	  { .at = 16, .len = 8 },
	  { .at = 0, .len = 8, .last = true, .want = DEFRAG_BAD,
	    .gone = 2 } } },
	{ "up to the last octet", true, {
	  { .at = 65528, .len = 7, .last = true },
	  { .at = 0, .len = 65528, .want = DEFRAG_DONE } } },
	{ "one octet too many", true, {
	  { .at = 65528, .len = 8, .last = true, .want = DEFRAG_BAD,
	    .gone = 1 } } },
	{ "IPv4: up to the last octet", false, {
	  { .at = 65512, .len = 3, .last = true },
	  { .at = 0, .len = 65512, .want = DEFRAG_DONE } } },
	{ "IPv4: one octet too many", false, {
	  { .at = 65512, .len = 4, .last = true, .want = DEFRAG_BAD,
	    .gone = 1 } } },
	{ "in time", false, { { .at = 0, .len = 8 },
	  { .at = 8, .len = 3, .last = true, .seconds = 60,
	    .want = DEFRAG_DONE } } },
	{ "too late, and a new datagram begins", false, {
	  { .at = 0, .len = 8 },
	  { .at = 8, .len = 3, .last = true, .seconds = 61, .gone = 1 },
	  { .at = 0, .len = 8, .seconds = 62, .want = DEFRAG_DONE } } },
	{ "refused until it is too old", false, {
	  { .at = 0, .len = 9, .want = DEFRAG_BAD, .gone = 1 },
	  { .at = 0, .len = 8, .seconds = 60, .want = DEFRAG_OVERLAP,
	    .gone = 1 },
	  { .at = 0, .len = 8, .seconds = 61 },
	  { .at = 8, .len = 1, .last = true, .seconds = 61,
	    .want = DEFRAG_DONE } } },
};

static void expect_whole(const char *what, struct slice packet, bool v6)
{
	size_t header = v6 ? 40 : 20;
	struct frame f;

	cr_assert_gt(packet.len, header, "%s", what);
	for (size_t i = header; i < packet.len; i++)
		if (packet.p[i] != (i - header) % 251)
			cr_assert_fail("%s: octet %zu", what, i - header);
	/* The header is one that frame_read() can read. */
	cr_expect_neq(frame_read(LINK_RAW, packet, &f), PARSE_IP, "%s", what);
	cr_expect_neq(frame_read(LINK_RAW, packet, &f), PARSE_FRAGMENT, "%s",
		      what);
}

Test(defrag, scripts)
{
	for (size_t i = 0; i < NITEMS(scripts); i++) {
		struct defrag *d = fresh();

		fill();
		for (size_t k = 0; k < PIECES; k++) {
			const struct piece *p = &scripts[i].piece[k];
			struct frame f = frame_of(p, scripts[i].v6);
			struct defrag_gone gone[2];
			struct slice packet;
			enum defrag_what what;

			if (p->len == 0)
				break;
			what = defrag_add(d, &f, SECOND * (1 + p->seconds),
					  &packet, gone);
			cr_expect_eq(what, p->want, "%s, part %zu: %s",
				     scripts[i].what, k, defrag_name(what));
			cr_expect_eq(gone[0].parts + gone[1].parts, p->gone,
				     "%s, part %zu: %u and %u gone",
				     scripts[i].what, k, gone[0].parts,
				     gone[1].parts);
			if (what == DEFRAG_DONE)
				expect_whole(scripts[i].what, packet,
					     scripts[i].v6);
		}
	}
}

/* Protocols keep apart in IPv4 alone (RFC 791, 3.2; RFC 8200, 4.5). */
Test(defrag, keys)
{
	static const struct {
		const char *what, *src, *dst;
		uint32_t id;
		uint8_t next;
		bool same;
	} keys[] = {
		{ "the same", "192.0.2.1", "192.0.2.2", 7, 17, true },
		{ "source", "192.0.2.3", "192.0.2.2", 7, 17, false },
		{ "destination", "192.0.2.1", "192.0.2.3", 7, 17, false },
		{ "id", "192.0.2.1", "192.0.2.2", 8, 17, false },
		{ "protocol", "192.0.2.1", "192.0.2.2", 7, 6, false },
		{ "IPv6, the same", "2001:db8::1", "2001:db8::2", 7, 17,
		  true },
		{ "IPv6, next header", "2001:db8::1", "2001:db8::2", 7, 60,
		  true },
	};

	fill();
	for (size_t i = 0; i < NITEMS(keys); i++) {
		bool v6 = strchr(keys[i].src, ':') != NULL;
		struct piece first = { .len = 8, .id = 7 };
		struct piece last = { .at = 8, .len = 8, .last = true };
		struct frame a = frame_of(&first, v6), b = frame_of(&last, v6);
		struct defrag *d = fresh();
		struct defrag_gone gone[2];
		struct slice packet;

		b.src = addr(keys[i].src);
		b.dst = addr(keys[i].dst);
		b.part.id = keys[i].id;
		b.part.next = keys[i].next;
		cr_expect_eq(defrag_add(d, &a, SECOND, &packet, gone),
			     DEFRAG_WAIT, "%s", keys[i].what);
		cr_expect_eq(defrag_add(d, &b, SECOND, &packet, gone),
			     keys[i].same ? DEFRAG_DONE : DEFRAG_WAIT, "%s",
			     keys[i].what);
	}
}

/* The first part says what the whole is. */
Test(defrag, next_header_of_the_first_part)
{
	struct piece second = { .at = 8, .len = 8, .last = true };
	struct piece first = { .at = 0, .len = 8 };
	struct frame f = frame_of(&second, true);
	struct defrag *d = fresh();
	struct defrag_gone gone[2];
	struct slice packet;

	f.part.next = 99;
	cr_expect_eq(defrag_add(d, &f, SECOND, &packet, gone), DEFRAG_WAIT);
	f = frame_of(&first, true);
	cr_expect_eq(defrag_add(d, &f, SECOND, &packet, gone), DEFRAG_DONE);
	cr_expect_eq(packet.p[6], 17);
}

Test(defrag, too_many_parts)
{
	struct defrag *d = fresh();
	struct defrag_gone gone[2];
	struct slice packet;

	fill();
	for (uint32_t i = 0; i <= DEFRAG_PARTS; i++) {
		struct piece p = { .at = 16 * i, .len = 8 };
		struct frame f = frame_of(&p, false);
		enum defrag_what what = defrag_add(d, &f, SECOND, &packet,
						   gone);

		cr_expect_eq(what, i < DEFRAG_PARTS ? DEFRAG_WAIT : DEFRAG_BAD,
			     "part %u: %s", i, defrag_name(what));
	}
	cr_expect_eq(gone[1].parts, DEFRAG_PARTS + 1u);
}

/* One more than there is room for: the oldest goes, and is told. */
Test(defrag, full_table)
{
	struct defrag *d = fresh();
	struct defrag_gone gone[2];
	struct slice packet;
	unsigned int left = 0;

	fill();
	for (uint32_t i = 0; i <= DEFRAG_MAX; i++) {
		struct piece p = { .len = 8, .id = i };
		struct frame f = frame_of(&p, false);

		f.outgoing = i == 0;
		cr_expect_eq(defrag_add(d, &f, SECOND + i, &packet, gone),
			     DEFRAG_WAIT);
		cr_expect_eq(gone[0].parts, i == DEFRAG_MAX, "%u", i);
	}
	cr_expect(gone[0].outgoing, "the first of all");
	while (defrag_drain(d, &gone[0]))
		left += gone[0].parts;
	cr_expect_eq(left, DEFRAG_MAX);
}
