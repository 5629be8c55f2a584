/* SPDX-License-Identifier: ISC */
/*
 * What does not come in one piece, or not whole.
 */
#include <stdlib.h>
#include <string.h>

#include "out.h"

/* ---- fragments */

/* A message over IPv4, and where it may be cut. */
struct datagram {
	uint8_t octets[512];
	size_t len;
};

static void make(struct out *o, struct datagram *d)
{
	out_message(o, &out_probe);
	d->len = o->len - LIBNET_ETH_H - LIBNET_IPV4_H;
	memcpy(d->octets, o->frame + LIBNET_ETH_H + LIBNET_IPV4_H, d->len);
}

static void write_part(struct out *o, const struct datagram *d, size_t from,
		       size_t to)
{
	uint16_t word = (uint16_t)(from / 8 | (to < d->len ? IP_MF : 0));

	out_built(o, libnet_build_data(d->octets + from,
				       (uint32_t)(to - from), o->l, 0));
	out_headers(o, IPPROTO_UDP, to - from, word);
	out_write(o);
}

/* The octets of a whole datagram, sent in two parts. */
static void write_parts(struct out *o)
{
	struct datagram d;

	make(o, &d);
	write_part(o, &d, 0, 24);
	write_part(o, &d, 24, d.len);
}

/* The last one first, and one twice. */
static void write_disorder(struct out *o)
{
	struct datagram d;

	make(o, &d);
	write_part(o, &d, 24, d.len);
	write_part(o, &d, 16, 24);
	write_part(o, &d, 16, 24);
	write_part(o, &d, 0, 16);
}

static void write_overlap(struct out *o)
{
	struct datagram d;

	make(o, &d);
	write_part(o, &d, 0, 32);
	write_part(o, &d, 24, d.len);
	write_part(o, &d, 32, d.len);
}

/* Offset and "more" of the fragment header, patched in. */
static void write_v6_part(struct out *o, size_t from, size_t to, bool more)
{
	size_t at = LIBNET_ETH_H + LIBNET_IPV6_H;
	uint8_t *p = o->frame + at;
	size_t len = to - from + LIBNET_IPV6_FRAG_H;

	out_message(o, &out_probe);
	p[2] = (uint8_t)(from >> 8);
	p[3] = (uint8_t)(from | (more ? 1u : 0));
	memmove(p + 8, p + 8 + from, to - from);
	o->frame[LIBNET_ETH_H + 4] = (uint8_t)(len >> 8);
	o->frame[LIBNET_ETH_H + 5] = (uint8_t)len;
	o->len = at + len;
	out_write(o);
}

void fragments(struct out *o)
{
	size_t len;

	write_parts(o);
	o->back = true;
	write_parts(o);
	o->back = false;
	write_disorder(o);
	o->back = true;
	write_overlap(o);
	o->back = false;
	o->v6 = true;
	o->exts[0] = FRAGMENT;
	o->n_exts = 1;
	out_message(o, &out_probe);
	len = o->len - LIBNET_ETH_H - LIBNET_IPV6_H - LIBNET_IPV6_FRAG_H;
	write_v6_part(o, 16, len, false);
	write_v6_part(o, 0, 16, true);
	/* A second half that comes too late, and one that never comes. */
	write_v6_part(o, 0, 16, true);
	o->ms += 61 * 1000;
	write_v6_part(o, 16, len, false);
}

/* ---- lies about lengths and kinds */

/* One octet of a good query over Ethernet and IPv4, and what it breaks. */
static const struct {
	size_t at;
	uint8_t value;
} broken_frames[] = {
	{ 13, 0x06 },		/* ethertype: ARP */
	{ 14, 0x65 },		/* version 6 */
	{ 17, 0x13 },		/* total length under the header */
	{ 17, 0xff },		/* total length over the frame */
	{ 20, 0x20 },		/* more fragments */
	{ 23, 0x01 },		/* protocol: ICMP */
	{ 39, 0x07 },		/* UDP length under its header */
	{ 39, 0xff },		/* ... over the packet */
};

#define HEAD(an, ar) "\x12\x34\x81\x80\0\1\0" an "\0\0\0" ar
#define Q "\7captive\5apple\3com\0\0\1\0\1"
#define RR(type, len) "\xc0\x0c\0" type "\0\1\0\0\0\x3c\0" len
#define OPT "\0\0\x29\x04\xd0\0\0\0\0\0\0"
#define L63 "\077aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define MESSAGE(s) { (const uint8_t *)(s), sizeof(s) - 1 }

static const struct {
	const uint8_t *p;
	size_t n;
} broken_messages[] = {
	MESSAGE(""),
	MESSAGE(HEAD("\1", "\0") Q RR("\1", "\4") "\xc0\0\2"),	/* cut off */
	MESSAGE(HEAD("\0", "\0") "\x40" "captive\0\0\1\0\1"),
	MESSAGE(HEAD("\0", "\0") L63 L63 L63 L63 "\0\0\1\0\1"),
	MESSAGE(HEAD("\0", "\0") "\xc0\x0c\0\1\0\1"),	/* to itself */
	MESSAGE(HEAD("\1", "\0") Q "\xc0\x40\0\1\0\1"	/* forwards */
		"\0\0\0\x3c\0\4\xc0\0\2\1"),
	MESSAGE(HEAD("\xff", "\xff") Q),
	MESSAGE("\x12\x34\x01\0\0\0\0\0\0\0\0\0"),	/* no question */
	MESSAGE(HEAD("\0", "\0") "\7captive\5apple\3com\0\0\1\0\3"),
	MESSAGE(HEAD("\1", "\0") Q RR("\1", "\5") "\xc0\0\2\1\1"),
	MESSAGE(HEAD("\1", "\0") Q RR("\5", "\3") "\xc0\x0c\0"),
	MESSAGE(HEAD("\0", "\2") Q OPT OPT),
	MESSAGE(HEAD("\0", "\0") Q "\0"),		/* trailing */
};

void malformed(struct out *o)
{
	static const uint8_t big[5000];

	for (size_t i = 0; i < NITEMS(broken_frames); i++) {
		out_message(o, &out_probe);
		o->frame[broken_frames[i].at] = broken_frames[i].value;
		out_write(o);
	}
	out_message(o, &out_probe);
	o->len = LIBNET_ETH_H + LIBNET_IPV4_H + LIBNET_UDP_H;
	out_write(o);
	o->v6 = true;
	o->exts[0] = MOBILITY;
	o->n_exts = 1;
	out_message(o, &out_probe);
	out_write(o);
	o->v6 = false;
	o->back = true;
	out_udp(o, big, sizeof(big));
	out_write(o);
	for (size_t i = 0; i < NITEMS(broken_messages); i++) {
		out_udp(o, broken_messages[i].p, broken_messages[i].n);
		out_write(o);
	}
	o->back = false;
	out_udp(o, broken_messages[1].p, broken_messages[1].n);
	out_write(o);
}

/* ---- sizes */

/* Nothing, next to nothing, cut by the capture, and as large as can be. */
void cut(struct out *o)
{
	static const uint8_t big[65000];

	o->len = 0;
	out_write(o);
	o->len = 1;
	out_write(o);
	out_write_exchange(o, &out_probe);
	o->snaplen = 60;
	out_write_exchange(o, &out_probe);
	out_tcp(o, TH_PUSH | TH_ACK, 9, big, 1400);
	out_write(o);
	o->port[1] = 443;
	out_tcp(o, TH_PUSH | TH_ACK, 9, big, 1400);
	out_write(o);
	o->snaplen = 20;
	out_write_syn(o, "192.0.2.53", 443);
	o->snaplen = 0;
	o->port[1] = 4444;
	out_udp(o, big, sizeof(big));
	out_write(o);
	o->port[1] = DNS_PORT;
	out_tcp(o, TH_PUSH | TH_ACK, 9, big, sizeof(big));
	out_write(o);
}
