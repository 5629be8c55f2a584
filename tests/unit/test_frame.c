/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "frame.h"

#define MSG(s) { (const uint8_t *)(s), sizeof(s) - 1 }

#define MACS "\2\0\0\0\0\1\2\0\0\0\0\2"
#define ETHER4 MACS "\x08\x00"
#define ETHER6 MACS "\x86\xdd"

/* Total length, fragment word, protocol; 192.0.2.1 to 192.0.2.53. */
#define IP4(total, fragment, protocol) \
	"\x45\0\0" total "\0\1" fragment "\x40" protocol "\0\0" \
	"\xc0\0\2\1" "\xc0\0\2\x35"
#define WHOLE "\0\0"
/* Payload length, next header; 2001:db8::1 to ::35. */
#define IP6(len, next) \
	"\x60\0\0\0\0" len next "\x40" \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1" \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x35"
/* Port 1000 to 53. */
#define PORTS "\x03\xe8\0\x35"
#define UDP(len) PORTS "\0" len "\0\0"
#define TCP(doff) PORTS "\1\2\3\4\0\0\0\0" doff "\x18\0\0\0\0\0\0"
#define V4 IP4("\x1e", WHOLE, "\x11") UDP("\x0a") "hi"
#define V6 IP6("\x0a", "\x11") UDP("\x0a") "hi"
#define EXT(next) next "\0\0\0\0\0\0\0"
#define SLL(type, proto) "\0" type "\0\1\0\6\2\0\0\0\0\1\0\0" proto
#define SLL2(type, proto) proto "\0\0\0\0\0\2\0\1" type "\6\2\0\0\0\0\1\0\0"

static const struct {
	const char *what;
	enum link link;
	struct slice packet;
	enum parse want;
} reads[] = {
	{ "IPv4", LINK_ETHERNET, MSG(ETHER4 V4), PARSE_OK },
	{ "IPv6", LINK_ETHERNET, MSG(ETHER6 V6), PARSE_OK },
	{ "padding behind it", LINK_ETHERNET, MSG(ETHER4 V4 "\0\0\0\0"),
	  PARSE_OK },
	{ "one tag", LINK_ETHERNET, MSG(MACS "\x81\0\0\7\x08\0" V4),
	  PARSE_OK },
	{ "two tags", LINK_ETHERNET,
	  MSG(MACS "\x88\xa8\0\7\x81\0\0\7\x86\xdd" V6), PARSE_OK },
	{ "three tags", LINK_ETHERNET,
	  MSG(MACS "\x88\xa8\0\7\x81\0\0\7\x81\0\0\7\x08\0" V4), PARSE_LINK },
	{ "tag cut off", LINK_ETHERNET, MSG(MACS "\x81\0\0\7\x08"),
	  PARSE_SHORT },
	{ "ARP", LINK_ETHERNET, MSG(MACS "\x08\x06" V4), PARSE_LINK },
	{ "802.3 length", LINK_ETHERNET, MSG(MACS "\0\x1e" V4), PARSE_LINK },
	{ "no octet", LINK_ETHERNET, MSG(""), PARSE_SHORT },
	{ "13 octets", LINK_ETHERNET, MSG(MACS "\x08"), PARSE_SHORT },
	{ "14 octets", LINK_ETHERNET, MSG(ETHER4), PARSE_SHORT },
	{ "ethertype says 6, version says 4", LINK_ETHERNET,
	  MSG(ETHER6 V4 V4), PARSE_IP },
	{ "ethertype says 4, version says 6", LINK_ETHERNET, MSG(ETHER4 V6),
	  PARSE_IP },

	{ "raw IPv4", LINK_RAW, MSG(V4), PARSE_OK },
	{ "raw IPv6", LINK_RAW, MSG(V6), PARSE_OK },
	{ "raw, version 5", LINK_RAW, MSG("\x55"), PARSE_IP },
	{ "raw, no octet", LINK_RAW, MSG(""), PARSE_SHORT },
	{ "null, little-endian", LINK_NULL, MSG("\2\0\0\0" V4), PARSE_OK },
	{ "null, big-endian", LINK_NULL, MSG("\0\0\0\2" V4), PARSE_OK },
	{ "null, Linux IPv6", LINK_NULL, MSG("\x0a\0\0\0" V6), PARSE_OK },
	{ "null, OpenBSD IPv6", LINK_NULL, MSG("\0\0\0\x18" V6), PARSE_OK },
	{ "null, FreeBSD IPv6", LINK_NULL, MSG("\x1c\0\0\0" V6), PARSE_OK },
	{ "null, Darwin IPv6", LINK_NULL, MSG("\x1e\0\0\0" V6), PARSE_OK },
	{ "null, other family", LINK_NULL, MSG("\7\0\0\0" V4), PARSE_LINK },
	{ "null, family lies", LINK_NULL, MSG("\2\0\0\0" V6), PARSE_IP },
	{ "null, cut off", LINK_NULL, MSG("\2\0\0"), PARSE_SHORT },
	{ "loop", LINK_LOOP, MSG("\0\0\0\2" V4), PARSE_OK },
	{ "loop, little-endian", LINK_LOOP, MSG("\2\0\0\0" V4), PARSE_LINK },
	{ "cooked", LINK_SLL, MSG(SLL("\0", "\x08\0") V4), PARSE_OK },
	{ "cooked, tagged", LINK_SLL,
	  MSG(SLL("\0", "\x81\0") "\0\7\x86\xdd" V6), PARSE_OK },
	{ "cooked, cut off", LINK_SLL, MSG("\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x08"),
	  PARSE_SHORT },
	{ "cooked 2", LINK_SLL2, MSG(SLL2("\0", "\x86\xdd") V6), PARSE_OK },
	{ "cooked 2, cut off", LINK_SLL2,
	  MSG("\x08\0\0\0\0\0\0\2\0\1\0\6\2\0\0\0\0\1\0"), PARSE_SHORT },
	{ "unknown link", LINK__N, MSG(V4), PARSE_LINK },

	{ "header of 16 octets", LINK_RAW, MSG("\x44" V4), PARSE_IP },
	{ "options", LINK_RAW, MSG("\x46\0\0\x20\0\1\0\0\x40\x11\0\0"
	  "\xc0\0\2\1\xc0\0\2\x35" "\1\1\1\1" UDP("\x08")), PARSE_OK },
	{ "options longer than total", LINK_RAW, MSG("\x4f\0\0\x1c\0\1\0\0"
	  "\x40\x11\0\0\xc0\0\2\1\xc0\0\2\x35" UDP("\x08")), PARSE_IP },
	{ "total under the header", LINK_RAW,
	  MSG(IP4("\x13", WHOLE, "\x11") UDP("\x0a") "hi"), PARSE_IP },
	{ "total of 0", LINK_RAW,
	  MSG(IP4("\0", WHOLE, "\x11") UDP("\x0a") "hi"), PARSE_IP },
	{ "total over what was captured", LINK_RAW,
	  MSG(IP4("\x1f", WHOLE, "\x11") UDP("\x0a") "hi"), PARSE_SHORT },
	{ "reserved and don't-fragment bits", LINK_RAW,
	  MSG(IP4("\x1e", "\xc0\0", "\x11") UDP("\x0a") "hi"), PARSE_OK },
	{ "ICMP", LINK_RAW, MSG(IP4("\x1c", WHOLE, "\1") UDP("\x08")),
	  PARSE_TRANSPORT },
	{ "first fragment", LINK_RAW,
	  MSG(IP4("\x1e", "\x20\0", "\x11") UDP("\x0a") "hi"),
	  PARSE_FRAGMENT },
	{ "last fragment", LINK_RAW,
	  MSG(IP4("\x1e", "\0\1", "\x11") UDP("\x0a") "hi"),
	  PARSE_FRAGMENT },
	{ "first fragment with half a port", LINK_RAW,
	  MSG(IP4("\x17", "\x20\0", "\x11") "\3\xe8\0"), PARSE_FRAGMENT },

	{ "UDP, header cut by total", LINK_RAW,
	  MSG(IP4("\x1b", WHOLE, "\x11") UDP("\x08")), PARSE_SHORT },
	{ "UDP, length under its header", LINK_RAW,
	  MSG(IP4("\x1c", WHOLE, "\x11") UDP("\x07")), PARSE_TRANSPORT },
	{ "UDP, length over the packet", LINK_RAW,
	  MSG(IP4("\x1c", WHOLE, "\x11") UDP("\x09")), PARSE_TRANSPORT },
	{ "UDP, length into the link's padding", LINK_RAW,
	  MSG(IP4("\x1c", WHOLE, "\x11") UDP("\x09") "\0"),
	  PARSE_TRANSPORT },
	{ "UDP, octets behind its length", LINK_RAW,
	  MSG(IP4("\x1e", WHOLE, "\x11") UDP("\x08") "hi"), PARSE_OK },
	{ "TCP", LINK_RAW, MSG(IP4("\x28", WHOLE, "\6") TCP("\x50")),
	  PARSE_OK },
	{ "TCP, offset 4", LINK_RAW,
	  MSG(IP4("\x28", WHOLE, "\6") TCP("\x40")), PARSE_TRANSPORT },
	{ "TCP, offset over the packet", LINK_RAW,
	  MSG(IP4("\x28", WHOLE, "\6") TCP("\x60")), PARSE_TRANSPORT },
	{ "TCP, 19 octets", LINK_RAW,
	  MSG(IP4("\x27", WHOLE, "\6") TCP("\x50")), PARSE_SHORT },

	{ "IPv6, length over what was captured", LINK_RAW,
	  MSG(IP6("\x0b", "\x11") UDP("\x0a") "hi"), PARSE_SHORT },
	{ "IPv6, header cut off", LINK_RAW, MSG("\x60\0\0\0\0\0\x11"),
	  PARSE_SHORT },
	{ "IPv6, ICMP", LINK_RAW, MSG(IP6("\x08", "\x3a") UDP("\x08")),
	  PARSE_TRANSPORT },
	{ "IPv6, no next header", LINK_RAW, MSG(IP6("\0", "\x3b")),
	  PARSE_TRANSPORT },
	{ "IPv6, ESP", LINK_RAW, MSG(IP6("\x08", "\x32") UDP("\x08")),
	  PARSE_TRANSPORT },
	{ "IPv6, mobility", LINK_RAW, MSG(IP6("\x08", "\x87") EXT("\x3b")),
	  PARSE_EXTENSION },
	{ "v4-mapped source", LINK_RAW, MSG("\x60\0\0\0\0\x08\x11\x40"
	  "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1"
	  "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x35" UDP("\x08")),
	  PARSE_IP },
	{ "v4-mapped destination", LINK_RAW, MSG("\x60\0\0\0\0\x08\x11\x40"
	  "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x35"
	  "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1" UDP("\x08")),
	  PARSE_IP },
	{ "hop-by-hop, routing, destination", LINK_RAW,
	  MSG(IP6("\x20", "\0") EXT("\x2b") EXT("\x3c") EXT("\x11")
	      UDP("\x08")), PARSE_OK },
	{ "hop-by-hop in second place", LINK_RAW,
	  MSG(IP6("\x18", "\x3c") EXT("\0") EXT("\x11") UDP("\x08")),
	  PARSE_EXTENSION },
	{ "six headers", LINK_RAW, MSG(IP6("\x38", "\x3c") EXT("\x3c")
	  EXT("\x3c") EXT("\x3c") EXT("\x3c") EXT("\x3c") EXT("\x11")
	  UDP("\x08")), PARSE_OK },
	{ "seven headers", LINK_RAW, MSG(IP6("\x40", "\x3c") EXT("\x3c")
	  EXT("\x3c") EXT("\x3c") EXT("\x3c") EXT("\x3c") EXT("\x3c")
	  EXT("\x11") UDP("\x08")), PARSE_EXTENSION },
	{ "header of 16 octets, 8 there", LINK_RAW,
	  MSG(IP6("\x08", "\x3c") "\x11\1\0\0\0\0\0\0"), PARSE_SHORT },
	{ "header of 16 octets", LINK_RAW,
	  MSG(IP6("\x18", "\x3c") "\x11\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	      UDP("\x08")), PARSE_OK },
	{ "header cut off", LINK_RAW, MSG(IP6("\x07", "\x3c")
	  "\x11\0\0\0\0\0\0"), PARSE_SHORT },
	{ "authentication header counts in fours", LINK_RAW,
	  MSG(IP6("\x14", "\x33") "\x11\1\0\0\0\0\0\0\0\0\0\0" UDP("\x08")),
	  PARSE_OK },
	{ "atomic fragment", LINK_RAW,
	  MSG(IP6("\x10", "\x2c") EXT("\x11") UDP("\x08")), PARSE_OK },
	{ "IPv6, first fragment", LINK_RAW,
	  MSG(IP6("\x10", "\x2c") "\x11\0\0\1\0\0\0\1" UDP("\x0a")),
	  PARSE_FRAGMENT },
	{ "IPv6, later fragment", LINK_RAW,
	  MSG(IP6("\x10", "\x2c") "\x11\0\0\x08\0\0\0\1" UDP("\x0a")),
	  PARSE_FRAGMENT },
	{ "IPv6, later fragment that starts like an extension", LINK_RAW,
	  MSG(IP6("\x09", "\x2c") "\x3c\0\0\x08\0\0\0\1" "\xff"),
	  PARSE_FRAGMENT },
};

/* Copied to an allocation that ends where the packet ends. */
static enum parse read_exact(enum link link, struct slice packet,
			     struct frame *f, uint8_t **copy)
{
	*copy = malloc(packet.len + 1);
	cr_assert_not_null(*copy);
	memcpy(*copy + 1, packet.p, packet.len);
	return frame_read(link, (struct slice){ *copy + 1, packet.len }, f);
}

Test(frame, read_table)
{
	for (size_t i = 0; i < NITEMS(reads); i++) {
		struct frame f = { .sport = 9 };
		uint8_t *copy;
		enum parse got = read_exact(reads[i].link, reads[i].packet,
					    &f, &copy);

		cr_expect_eq(got, reads[i].want, "%s: %s", reads[i].what,
			     parse_name(got));
		if (got != PARSE_OK && got != PARSE_FRAGMENT)
			cr_expect_eq(f.sport, 9, "%s: touched",
				     reads[i].what);
		if (got == PARSE_OK)
			cr_expect(f.ports && f.sport == 1000 &&
				  f.dport == 53, "%s: ports", reads[i].what);
		free(copy);
	}
}

/* No prefix of a good packet is read as a good packet. */
Test(frame, every_cut)
{
	for (size_t i = 0; i < NITEMS(reads); i++) {
		struct slice cut = reads[i].packet;
		struct frame f;
		uint8_t *copy;

		if (reads[i].want != PARSE_OK ||
		    strstr(reads[i].what, "behind") != NULL)
			continue;
		while (cut.len-- > 0) {
			cr_expect_eq(read_exact(reads[i].link, cut, &f, &copy),
				     PARSE_SHORT, "%s: cut at %zu",
				     reads[i].what, cut.len);
			free(copy);
		}
	}
}

static struct frame frame_of(enum link link, struct slice packet,
			     enum parse want)
{
	struct frame f;

	cr_assert_eq(frame_read(link, packet, &f), want);
	return f;
}

static void expect_addrs(const struct frame *f, const char *src,
			 const char *dst)
{
	char text[IPADDR_TEXT];

	cr_expect_str_eq(ipaddr_text(&f->src, text), src);
	cr_expect_str_eq(ipaddr_text(&f->dst, text), dst);
}

Test(frame, udp_fields)
{
	struct slice packet = MSG(ETHER4 V4 "padding");
	struct frame f = frame_of(LINK_ETHERNET, packet, PARSE_OK);

	expect_addrs(&f, "192.0.2.1", "192.0.2.53");
	cr_expect_eq(f.protocol, FRAME_UDP);
	cr_expect(f.ports && !f.fragment && !f.outgoing);
	cr_expect_eq(f.payload.len, 2);
	cr_expect_eq(f.payload.p, packet.p + 42, "borrowed, not copied");
	cr_expect_eq(f.tcp_flags, 0);
	cr_expect_eq(f.tcp_seq, 0);
}

Test(frame, tcp_fields)
{
	struct slice packet = MSG(IP6("\x1b", "\6") TCP("\x60") "\1\1\1\1"
				  "yes");
	struct frame f = frame_of(LINK_RAW, packet, PARSE_OK);

	expect_addrs(&f, "2001:db8::1", "2001:db8::35");
	cr_expect_eq(f.protocol, FRAME_TCP);
	cr_expect_eq(f.tcp_flags, 0x18);
	cr_expect_eq(f.tcp_seq, 0x01020304);
	cr_expect_eq(f.tcp_ack, 0);
	cr_expect_eq(f.tcp_mss, 0);
	cr_expect_eq(f.payload.len, 3);
	cr_expect_arr_eq(f.payload.p, "yes", 3);
}

/* A header with 8 octets of options; total length 48. */
#define TCP_SYN(flags, options) IP4("\x30", WHOLE, "\6") PORTS \
	"\1\2\3\4" "\xa\xb\xc\xd" "\x70" flags "\x12\x34\0\0\0\0" options
#define SYN "\2"

static const struct {
	const char *what;
	struct slice packet;
	uint16_t want;
} options[] = {
	{ "first", MSG(TCP_SYN(SYN, "\2\4\5\xb4\0\0\0\0")), 1460 },
	{ "last", MSG(TCP_SYN(SYN, "\4\2\1\1\2\4\5\xb4")), 1460 },
	{ "none", MSG(TCP_SYN(SYN, "\1\1\1\1\1\1\1\1")), 0 },
	{ "behind the end", MSG(TCP_SYN(SYN, "\1\0\1\1\2\4\5\xb4")), 0 },
	{ "kind alone", MSG(TCP_SYN(SYN, "\1\1\1\1\1\1\1\2")), 0 },
	{ "cut", MSG(TCP_SYN(SYN, "\1\1\1\1\1\2\4\5")), 0 },
	{ "of three octets", MSG(TCP_SYN(SYN, "\2\3\5\1\1\1\1\1")), 0 },
	{ "of five octets", MSG(TCP_SYN(SYN, "\2\5\5\xb4\1\1\1\1")), 0 },
	{ "behind one of length 0", MSG(TCP_SYN(SYN,
	  "\3\0\2\4\5\xb4\0\0")), 0 },
	{ "behind one of length 1", MSG(TCP_SYN(SYN,
	  "\3\1\2\4\5\xb4\0\0")), 0 },
	{ "behind one that is too long", MSG(TCP_SYN(SYN,
	  "\3\x7\1\1\2\4\5\xb4")), 0 },
	{ "without SYN", MSG(TCP_SYN("\x10", "\2\4\5\xb4\0\0\0\0")), 0 },
};

Test(frame, tcp_mss)
{
	for (size_t i = 0; i < NITEMS(options); i++) {
		struct frame f = frame_of(LINK_RAW, options[i].packet,
					  PARSE_OK);

		cr_expect_eq(f.tcp_mss, options[i].want, "%s: %u",
			     options[i].what, f.tcp_mss);
		cr_expect_eq(f.tcp_ack, 0x0a0b0c0d);
		cr_expect_eq(f.tcp_window, 0x1234);
	}
}

static const struct {
	const char *what;
	struct slice packet;
	uint8_t protocol;
	bool ports;
} fragments[] = {
	{ "first", MSG(IP4("\x1e", "\x20\0", "\x11") UDP("\x0a") "hi"),
	  FRAME_UDP, true },
	{ "first, of TCP", MSG(IP4("\x18", "\x20\0", "\6") PORTS), FRAME_TCP,
	  true },
	{ "first, half a port", MSG(IP4("\x17", "\x20\0", "\x11") "\3\xe8\0"),
	  FRAME_UDP, false },
	{ "first, of ICMP", MSG(IP4("\x1c", "\x20\0", "\1") UDP("\x08")), 1,
	  false },
	{ "middle", MSG(IP4("\x1e", "\x20\1", "\x11") UDP("\x0a") "hi"),
	  FRAME_UDP, false },
	{ "last", MSG(IP4("\x1e", "\0\1", "\x11") UDP("\x0a") "hi"),
	  FRAME_UDP, false },
	{ "IPv6, first", MSG(IP6("\x10", "\x2c") "\x11\0\0\1\0\0\0\1"
	  UDP("\x0a")), FRAME_UDP, true },
	{ "IPv6, first, extension in between", MSG(IP6("\x18", "\x2c")
	  "\x3c\0\0\1\0\0\0\1" EXT("\x11") UDP("\x0a")), FRAME_UDP, true },
	{ "IPv6, first, extension cut off", MSG(IP6("\x0a", "\x2c")
	  "\x3c\0\0\1\0\0\0\1" "\x11\0"), 60, false },
	{ "IPv6, later", MSG(IP6("\x10", "\x2c") "\x11\0\0\x08\0\0\0\1"
	  UDP("\x0a")), FRAME_UDP, false },
};

Test(frame, fragment_table)
{
	for (size_t i = 0; i < NITEMS(fragments); i++) {
		struct frame f = frame_of(LINK_RAW, fragments[i].packet,
					  PARSE_FRAGMENT);

		cr_expect(f.fragment, "%s", fragments[i].what);
		cr_expect_eq(f.protocol, fragments[i].protocol, "%s: %u",
			     fragments[i].what, f.protocol);
		cr_expect_eq(f.ports, fragments[i].ports, "%s: ports",
			     fragments[i].what);
		cr_expect_eq(f.dport, fragments[i].ports ? 53 : 0, "%s",
			     fragments[i].what);
		cr_expect_eq(f.payload.len, 0, "%s", fragments[i].what);
		cr_expect_neq(f.dst.b[15], 0, "%s: address",
			      fragments[i].what);
	}
}

static const struct {
	const char *what;
	enum link link;
	struct slice packet;
	bool want;
} outgoings[] = {
	{ "cooked, to us", LINK_SLL, MSG(SLL("\0", "\x08\0") V4), false },
	{ "cooked, to another", LINK_SLL, MSG(SLL("\3", "\x08\0") V4), false },
	{ "cooked, from us", LINK_SLL, MSG(SLL("\4", "\x08\0") V4), true },
	{ "cooked 2, to us", LINK_SLL2, MSG(SLL2("\0", "\x08\0") V4), false },
	{ "cooked 2, from us", LINK_SLL2, MSG(SLL2("\4", "\x08\0") V4),
	  true },
	{ "Ethernet", LINK_ETHERNET, MSG(ETHER4 V4), false },
};

Test(frame, outgoing_table)
{
	for (size_t i = 0; i < NITEMS(outgoings); i++) {
		struct frame f = frame_of(outgoings[i].link,
					  outgoings[i].packet, PARSE_OK);

		cr_expect_eq(f.outgoing, outgoings[i].want, "%s",
			     outgoings[i].what);
	}
}
