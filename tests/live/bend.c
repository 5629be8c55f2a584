/* SPDX-License-Identifier: ISC */
#include "bend.h"

#include <string.h>

#include "dnsmsg.h"

static void grow(struct message *m, const void *p, size_t len)
{
	memcpy(m->p + m->len, p, len);
	m->len += len;
}

static void set16(struct message *m, size_t at, unsigned int v)
{
	m->p[at] = (uint8_t)(v >> 8);
	m->p[at + 1] = (uint8_t)v;
}

static void bend_short(struct message *m) { m->len--; }
static void bend_empty(struct message *m) { m->len = 0; }
static void bend_header(struct message *m) { m->len = DNSMSG_HEADER - 1; }
static void bend_counts(struct message *m) { set16(m, 6, 1000); }
static void bend_none(struct message *m) { set16(m, 4, 0); }
static void bend_two(struct message *m) { set16(m, 4, 2); }
static void bend_class(struct message *m) { set16(m, m->at - 2, 3); }
static void bend_type(struct message *m) { set16(m, m->at - 4, 16); }
static void bend_label(struct message *m) { m->p[m->at] = 0x40; }
static void bend_self(struct message *m)
{
	set16(m, m->at, 0xc000 | (unsigned int)m->at);
}
static void bend_ahead(struct message *m)
{
	set16(m, m->at, 0xc000 | (unsigned int)(m->at + 2));
}
static void bend_low(struct message *m) { set16(m, m->at, 0xc000 | 4); }
static void bend_rdata(struct message *m)
{
	m->p[m->at + 11]++;
	grow(m, "", 1);
}
static void bend_trailing(struct message *m) { grow(m, "", 1); }
static void bend_id(struct message *m) { m->p[1] ^= 1; }
static void bend_qr(struct message *m) { m->p[2] &= 0x7f; }
static void bend_opcode(struct message *m) { m->p[2] |= 0x10; }
static void bend_case(struct message *m) { m->p[DNSMSG_HEADER + 1] ^= 0x20; }
static void bend_name(struct message *m) { m->p[DNSMSG_HEADER + 1] ^= 1; }

/* An owner of 5 * 64 + 1 octets. */
static void bend_name256(struct message *m)
{
	uint8_t label[64] = { 63, 'x' }, tail[16];

	memcpy(tail, m->p + m->at + 2, m->len - m->at - 2);
	m->len = m->at;
	for (int i = 0; i < 5; i++)
		grow(m, label, sizeof(label));
	grow(m, "", 1);
	grow(m, tail, 14);
}

/* A TXT record that ends beyond any slot: all in all a good message. */
static void bend_long(struct message *m)
{
	static const uint8_t head[12] = {
		0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0x10, 0,
	};
	static const uint8_t text[0x1000];

	set16(m, 10, 1);
	grow(m, head, sizeof(head));
	grow(m, text, sizeof(text));
}

/* A CNAME with an octet behind its name. */
static void bend_target(struct message *m)
{
	static const uint8_t rr[] = {
		0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, 'x', 0, 0,
	};

	m->len = m->at;
	grow(m, rr, sizeof(rr));
}

static const struct {
	const char *how;
	void (*bend)(struct message *m);
} bends[] = {
	{ "short", bend_short }, { "empty", bend_empty },
	{ "header", bend_header }, { "counts", bend_counts },
	{ "none", bend_none }, { "two", bend_two }, { "class", bend_class },
	{ "type", bend_type }, { "label", bend_label },
	{ "self", bend_self }, { "ahead", bend_ahead }, { "low", bend_low },
	{ "rdata", bend_rdata }, { "target", bend_target },
	{ "trailing", bend_trailing }, { "name256", bend_name256 },
	{ "long", bend_long }, { "id", bend_id }, { "qr", bend_qr },
	{ "opcode", bend_opcode }, { "case", bend_case },
	{ "name", bend_name },
};

bool bend(const char *how, struct message *m)
{
	for (size_t i = 0; i < NITEMS(bends); i++)
		if (strcmp(how, bends[i].how) == 0) {
			bends[i].bend(m);
			return true;
		}
	return false;
}
