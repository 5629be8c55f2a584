/* SPDX-License-Identifier: ISC */
/*
 * Parts of datagrams. The input is a script of records:
 *
 *	bit 0 IPv6, bit 1 more, bits 2-3 id, bits 4-7 octets - 1
 *	at, in eights
 *	the octets
 *
 * A slow twin keeps what each datagram was given. What comes out whole is
 * what went in, and what is refused stays so.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "defrag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TWIN = 256 * 8 + 16 };

struct twin {
	bool refused;
	size_t n;		/* octets given */
	bool have[TWIN];
	uint8_t octets[TWIN];
};

static struct defrag defrag;
static struct twin twins[2][4];

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static struct frame frame_of(bool v6, const uint8_t *p, size_t n)
{
	struct frame f = {
		.protocol = FRAME_UDP, .fragment = true,
		.part = { .id = p[0] >> 2 & 3, .at = (uint16_t)(p[1] * 8),
			  .more = (p[0] & 2) != 0, .next = FRAME_UDP,
			  .octets = { p + 2, n } },
	};
	static const uint8_t v4[4] = { 192, 0, 2, 1 };
	static const uint8_t six[16] = { 0x20, 1, [15] = 1 };

	f.src = f.dst = v6 ? ipaddr_v6(six) : ipaddr_v4(v4);
	return f;
}

static void give(struct twin *t, const struct frame_part *p)
{
	for (size_t i = 0; i < p->octets.len; i++) {
		expect(!t->have[p->at + i]);
		t->have[p->at + i] = true;
		t->octets[p->at + i] = p->octets.p[i];
	}
	t->n += p->octets.len;
}

static void check_whole(const struct twin *t, struct slice packet, bool v6)
{
	size_t header = v6 ? 40 : 20;
	struct frame f;
	enum parse why = frame_read(LINK_RAW, packet, &f);

	expect(packet.len == header + t->n);
	expect(memcmp(packet.p + header, t->octets, t->n) == 0);
	/* UDP may lie; the header that was put in front does not. */
	expect(why == PARSE_OK || why == PARSE_TRANSPORT ||
	       why == PARSE_SHORT);
}

static void step(const uint8_t *p, size_t n)
{
	bool v6 = (p[0] & 1) != 0;
	struct frame f = frame_of(v6, p, n);
	struct twin *t = &twins[v6][f.part.id];
	struct defrag_gone gone[2];
	struct slice packet;
	enum defrag_what what = defrag_add(&defrag, &f, 1, &packet, gone);

	expect(gone[0].parts == 0);
	expect(!t->refused || what == DEFRAG_OVERLAP);
	switch (what) {
	case DEFRAG_WAIT:
		give(t, &f.part);
		break;
	case DEFRAG_DONE:
		give(t, &f.part);
		check_whole(t, packet, v6);
		memset(t, 0, sizeof(*t));
		break;
	case DEFRAG_AGAIN:
		expect(memcmp(t->octets + f.part.at, p + 2, n) == 0);
		break;
	default:
		expect(gone[1].parts > 0);
		t->refused = true;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct defrag_gone gone;

	defrag_init(&defrag);
	memset(twins, 0, sizeof(twins));
	while (size > 2) {
		size_t n = 1u + (data[0] >> 4);

		if (n > size - 2)
			n = size - 2;
		step(data, n);
		data += 2 + n;
		size -= 2 + n;
	}
	while (defrag_drain(&defrag, &gone))
		expect(gone.parts > 0);
	return 0;
}
