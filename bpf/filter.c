/* SPDX-License-Identifier: ISC */
#include "bpf/filter.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "compat.h"

/*
 * What a packet socket of Linux knows of a packet besides its octets, read as
 * if it lay at the end of the address space (linux/filter.h). The values are
 * of if_packet.h and if_arp.h.
 */
enum note {
	NOTE_PROTOCOL = 0, NOTE_TYPE = 4, NOTE_HATYPE = 28, NOTE_TAGGED = 48,
};
enum { TYPE_HOST = 0, TYPE_OUTGOING = 4, HATYPE_LOOPBACK = 772 };

static uint32_t noted(enum note what)
{
	return UINT32_C(0xfffff000) + (uint32_t)what;
}

/* --- the wire --- */

enum { ETHER_LEN = 14, FAMILY_LEN = 4, IPV6_LEN = 40 };
enum { TYPE_IPV4 = 0x0800, TYPE_IPV6 = 0x86dd, TYPE_ARP = 0x0806 };
enum { UDP = 17, FRAGMENT = 44, ICMPV6 = 58 };	/* IANA protocol numbers */
enum { ARP_REPLY = 2, ND_ADVERT = 136 };

/* Marks in jt and jf until all is written. */
enum { NEXT = 0, PASS = 254, DROP = 255 };

struct kind {
	bool ethernet, notes;
	uint8_t ip;		/* where the IP header begins */
};

static const struct kind kinds[] = {
	[FILTER_ETHERNET] = { true, true, ETHER_LEN },
	[FILTER_IP] = { false, true, 0 },
	[FILTER_BPF_ETHERNET] = { true, false, ETHER_LEN },
	[FILTER_BPF_IP] = { false, false, 0 },
	[FILTER_BPF_NULL] = { false, false, FAMILY_LEN },
};
static_assert(NITEMS(kinds) == FILTER_LINKS, "all kinds of links");

struct program {
	struct sock_filter *out;
	unsigned int n;
	uint32_t ip;		/* where the IP header begins */
};

static void put(struct program *p, uint16_t code, uint32_t k, uint8_t jt,
		uint8_t jf)
{
	assert(p->n < FILTER_WIRE);
	p->out[p->n++] = (struct sock_filter){ code, jt, jf, k };
}

static void load(struct program *p, uint16_t size, uint32_t at)
{
	put(p, BPF_LD | BPF_ABS | size, at, 0, 0);
}

static void equal(struct program *p, uint32_t k, uint8_t jt, uint8_t jf)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, k, jt, jf);
}

static void result(struct program *p, uint32_t octets)
{
	put(p, BPF_RET | BPF_K, octets, 0, 0);
}

static bool is_v4(const struct filter_peer *peer)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(peer->addr, mapped, sizeof(mapped)) == 0;
}

static uint32_t word(const struct filter_peer *peer, unsigned int at)
{
	const uint8_t *b = peer->addr + at;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	       (uint32_t)b[2] << 8 | b[3];
}

/* The address at `at` is the peer's, else on to `behind` instructions after
 * this comparison. */
static void same_v6(struct program *p, const struct filter_peer *peer,
		    uint32_t at, uint8_t behind)
{
	for (uint8_t i = 0; i < 4; i++) {
		load(p, BPF_W, at + 4u * i);
		equal(p, word(peer, 4u * i), NEXT,
		      (uint8_t)(behind + 2 * (3 - i)));
	}
}

/* For us, and untagged. What the kernel notes of a packet is not in it. */
static void prologue(struct program *p)
{
	load(p, BPF_W, noted(NOTE_TYPE));
	equal(p, TYPE_HOST, NEXT, DROP);
	load(p, BPF_W, noted(NOTE_TAGGED));
	equal(p, 0, NEXT, DROP);
}

static void server_v4(struct program *p, const struct filter_peer *s)
{
	load(p, BPF_W, p->ip + 12);
	equal(p, word(s, 12), NEXT, 5);
	load(p, BPF_H, p->ip + 6);
	put(p, BPF_JMP | BPF_JSET | BPF_K, 0x3fff, PASS, NEXT);	/* a part */
	put(p, BPF_LDX | BPF_B | BPF_MSH, p->ip, 0, 0);
	put(p, BPF_LD | BPF_H | BPF_IND, p->ip, 0, 0);
	equal(p, s->port, PASS, NEXT);
}

static void server_v6(struct program *p, const struct filter_peer *s)
{
	same_v6(p, s, p->ip + 8, 5);
	load(p, BPF_B, p->ip + 6);
	equal(p, FRAGMENT, PASS, NEXT);
	equal(p, UDP, NEXT, 2);		/* a server may be a hop, too */
	load(p, BPF_H, p->ip + IPV6_LEN);
	equal(p, s->port, PASS, NEXT);
}

/* RFC 4861, 4.4: whose address it tells, from octet 8 on. */
static void hop_v6(struct program *p, const struct filter_peer *h)
{
	same_v6(p, h, p->ip + IPV6_LEN + 8, 1);
	result(p, UINT32_MAX);
}

static void ipv4(struct program *p, const struct filter_wire *w)
{
	load(p, BPF_B, p->ip + 9);
	equal(p, UDP, NEXT, DROP);
	for (unsigned int i = 0; i < w->n_servers; i++)
		if (is_v4(&w->server[i]))
			server_v4(p, &w->server[i]);
	result(p, 0);
}

static void ipv6(struct program *p, bool ethernet,
		 const struct filter_wire *w)
{
	for (unsigned int i = 0; i < w->n_servers; i++)
		if (!is_v4(&w->server[i]))
			server_v6(p, &w->server[i]);
	if (ethernet) {
		load(p, BPF_B, p->ip + 6);
		equal(p, ICMPV6, NEXT, DROP);
		load(p, BPF_B, p->ip + IPV6_LEN);
		equal(p, ND_ADVERT, NEXT, DROP);
		for (unsigned int i = 0; i < w->n_hops; i++)
			if (!is_v4(&w->hop[i]))
				hop_v6(p, &w->hop[i]);
	}
	result(p, 0);
}

/* RFC 826: opcode at octet 6, the sender's protocol address at 14. */
static void arp(struct program *p, const struct filter_wire *w)
{
	load(p, BPF_H, ETHER_LEN + 6);
	equal(p, ARP_REPLY, NEXT, DROP);
	load(p, BPF_W, ETHER_LEN + 14);
	for (unsigned int i = 0; i < w->n_hops; i++)
		if (is_v4(&w->hop[i]))
			equal(p, word(&w->hop[i], 12), PASS, NEXT);
	result(p, 0);
}

/* A jump to the instruction being written now, from the one at `at`. */
static void land(struct program *p, unsigned int at)
{
	p->out[at].jt = (uint8_t)(p->n - at - 1);
}

/* The last two instructions are where the marks lead. */
static void finish(struct program *p)
{
	unsigned int pass = p->n, drop = p->n + 1;

	result(p, UINT32_MAX);
	result(p, 0);
	for (unsigned int i = 0; i < pass; i++) {
		struct sock_filter *f = &p->out[i];

		if (BPF_CLASS(f->code) != BPF_JMP)
			continue;
		if (f->jt >= PASS)
			f->jt = (uint8_t)((f->jt == PASS ? pass : drop) - i - 1);
		if (f->jf >= PASS)
			f->jf = (uint8_t)((f->jf == PASS ? pass : drop) - i - 1);
	}
}

/* Three ways, by ethertype or by version. */
static unsigned int fork_ways(struct program *p, bool ethernet)
{
	unsigned int at;

	if (ethernet) {
		load(p, BPF_H, 12);
		at = p->n;
		equal(p, TYPE_IPV4, NEXT, NEXT);
		equal(p, TYPE_IPV6, NEXT, NEXT);
		equal(p, TYPE_ARP, NEXT, DROP);
	} else {
		load(p, BPF_B, p->ip);
		put(p, BPF_ALU | BPF_AND | BPF_K, 0xf0, 0, 0);
		at = p->n;
		equal(p, 0x40, NEXT, NEXT);
		equal(p, 0x60, NEXT, DROP);
	}
	return at;
}

unsigned int filter_wire(enum filter_link link, const struct filter_wire *w,
			 struct sock_filter out[static FILTER_WIRE])
{
	const struct kind *kind = &kinds[link];
	struct program p = { .out = out, .ip = kind->ip };
	unsigned int fork;

	assert(w->n_servers <= FILTER_PEERS && w->n_hops <= FILTER_PEERS);
	if (kind->notes)
		prologue(&p);
	fork = fork_ways(&p, kind->ethernet);
	if (kind->ethernet)
		arp(&p, w);
	land(&p, fork);
	ipv4(&p, w);
	land(&p, fork + 1);
	ipv6(&p, kind->ethernet, w);
	finish(&p);
	return p.n;
}

/*
 *	0	ldh	#hatype
 *	1	jeq	HATYPE_LOOPBACK		then 20
 *	2	ldb	#type
 *	3	jeq	TYPE_OUTGOING		then 19
 *	4	jeq	TYPE_HOST		else 20
 *	5	ldh	#proto
 *	6	jeq	TYPE_IPV4		else 13
 *	7	ldb	[9]			protocol
 *	8	jeq	UDP			else 20
 *	9	ldh	[6]			fragment
 *	10	jset	0x1fff			then 20
 *	11	ldxb	4*([0]&0xf)		the header's length
 *	12	ja	17
 *	13	jeq	TYPE_IPV6		else 20
 *	14	ldb	[6]			next header
 *	15	jeq	UDP			else 20
 *	16	ldx	#40
 *	17	ldh	[x + 0]			source port
 *	18	jeq	dns_port		then 19, else 20
 *	19	ret	snaplen
 *	20	ret	0
 *
 * A jump counts from the next instruction. A load past the end drops.
 */
void filter_ledger(uint16_t dns_port, uint32_t snaplen,
		   struct sock_filter out[static FILTER_LEDGER])
{
	const struct sock_filter program[FILTER_LEDGER] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, noted(NOTE_HATYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, HATYPE_LOOPBACK, 18, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, noted(NOTE_TYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TYPE_OUTGOING, 15, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TYPE_HOST, 0, 15),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, noted(NOTE_PROTOCOL)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TYPE_IPV4, 0, 6),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UDP, 0, 11),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 9, 0),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_JMP | BPF_JA, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TYPE_IPV6, 0, 6),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UDP, 0, 4),
		BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 40),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, dns_port, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, snaplen),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	memcpy(out, program, sizeof(program));
}
