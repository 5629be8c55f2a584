/* SPDX-License-Identifier: ISC */
/*
 * What frame_read() tells of a fragment, and frame_glance() of a packet that
 * it refuses.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "frame.h"

#define MSG(s) { (const uint8_t *)(s), sizeof(s) - 1 }

#define ETHER(type) "\2\0\0\0\0\1\2\0\0\0\0\2" type
/* Total length, id, fragment word, protocol; 192.0.2.1 to 192.0.2.53. */
#define IP4(total, fragment, protocol) \
	"\x45\0" total "\x12\x34" fragment "\x40" protocol "\0\0" \
	"\xc0\0\2\1" "\xc0\0\2\x35"
/* Payload length, next header; 2001:db8::1 to ::35. */
#define IP6(len, next) \
	"\x60\0\0\0\0" len next "\x40" \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1" \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x35"
#define UDP(len) "\x03\xe8\0\x35\0" len "\0\0"
#define TCP "\x03\xe8\0\x35\1\2\3\4\0\0\0\0\x50\x12\0\0\0\0\0\0"

static const struct {
	const char *what;
	struct slice packet;
	struct frame_part want;
	size_t octets;
} parts[] = {
	{ "first", MSG(IP4("\0\x1c", "\x20\0", "\x11") UDP("\x10")),
	  { .id = 0x1234, .at = 0, .more = true, .next = 17 }, 8 },
	{ "second", MSG(IP4("\0\x1c", "\x20\1", "\x11") UDP("\x10")),
	  { .id = 0x1234, .at = 8, .more = true, .next = 17 }, 8 },
	{ "farthest", MSG(IP4("\0\x17", "\x1f\xff", "\x11") "end"),
	  { .id = 0x1234, .at = 65528, .more = false, .next = 17 }, 3 },
	{ "padding behind it", MSG(IP4("\0\x17", "\0\2", "\x11") "end\0\0"),
	  { .id = 0x1234, .at = 16, .more = false, .next = 17 }, 3 },
	{ "IPv6, first", MSG(IP6("\x10", "\x2c") "\x11\0\0\1\1\2\3\4"
	  UDP("\x10")),
	  { .id = 0x01020304, .at = 0, .more = true, .next = 17 }, 8 },
	{ "IPv6, last", MSG(IP6("\x0b", "\x2c") "\x11\0\0\x10\1\2\3\4" "end"),
	  { .id = 0x01020304, .at = 16, .more = false, .next = 17 }, 3 },
	{ "IPv6, an extension in front is no part of it",
	  MSG(IP6("\x13", "\x3c") "\x2c\0\0\0\0\0\0\0"
	      "\x11\0\0\x10\1\2\3\4" "end"),
	  { .id = 0x01020304, .at = 16, .more = false, .next = 17 }, 3 },
	{ "IPv6, an extension behind is", MSG(IP6("\x18", "\x2c")
	  "\x3c\0\0\1\1\2\3\4" "\x11\0\0\0\0\0\0\0" UDP("\x10")),
	  { .id = 0x01020304, .at = 0, .more = true, .next = 60 }, 16 },
	{ "IPv6, a part of a part", MSG(IP6("\x13", "\x2c")
	  "\x2c\0\0\1\1\2\3\4" "\x11\0\0\x10\x9\x9\x9\x9" "end"),
	  { .id = 0x01020304, .at = 0, .more = true, .next = 44 }, 11 },
};

Test(glance, parts)
{
	for (size_t i = 0; i < NITEMS(parts); i++) {
		const struct frame_part *want = &parts[i].want;
		struct frame f;
		enum parse why = frame_read(LINK_RAW, parts[i].packet, &f);

		cr_expect_eq(why, PARSE_FRAGMENT, "%s: %s", parts[i].what,
			     parse_name(why));
		cr_expect_eq(f.part.id, want->id, "%s: id", parts[i].what);
		cr_expect_eq(f.part.at, want->at, "%s: at %u", parts[i].what,
			     f.part.at);
		cr_expect_eq(f.part.more, want->more, "%s: more",
			     parts[i].what);
		cr_expect_eq(f.part.next, want->next, "%s: next %u",
			     parts[i].what, f.part.next);
		cr_expect_eq(f.part.octets.len, parts[i].octets, "%s: %zu",
			     parts[i].what, f.part.octets.len);
	}
}

static const struct {
	const char *what;
	enum link link;
	struct slice packet;
	enum frame_depth depth;
	uint16_t ethertype;
	uint8_t protocol;
	bool ports;
	size_t payload;		/* octets behind the IP headers */
} glances[] = {
	{ "no octet", LINK_ETHERNET, MSG(""), FRAME_NOTHING, 0, 0, false, 0 },
	{ "half a link header", LINK_ETHERNET, MSG("\2\0\0\0\0\1\2"),
	  FRAME_NOTHING, 0, 0, false, 0 },
	{ "ARP", LINK_ETHERNET, MSG(ETHER("\x08\6") "anything"), FRAME_LINK,
	  0x0806, 0, false, 0 },
	{ "PPPoE behind a tag", LINK_ETHERNET,
	  MSG(ETHER("\x81\0") "\0\7\x88\x64" "anything"), FRAME_LINK, 0x8864,
	  0, false, 0 },
	{ "IPv4, 19 octets", LINK_ETHERNET,
	  MSG(ETHER("\x08\0") "\x45\0\0\x1e\0\1\0\0\x40\x11\0\0\xc0\0\2\1"
	      "\xc0\0\2"), FRAME_LINK, 0x0800, 0, false, 0 },
	{ "IPv4 that says it is IPv6", LINK_ETHERNET,
	  MSG(ETHER("\x86\xdd") IP4("\0\x1c", "\0\0", "\x11") UDP("\x08")
	      "0123456789ab"), FRAME_LINK, 0x86dd, 0, false, 0 },
	{ "v4-mapped source", LINK_RAW, MSG("\x60\0\0\0\0\0\x11\x40"
	  "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1"
	  "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x35"), FRAME_LINK, 0x86dd, 0,
	  false, 0 },
	{ "ICMP", LINK_RAW, MSG(IP4("\0\x18", "\0\0", "\1") "\x08\0\0\0"),
	  FRAME_IP, 0x0800, 1, false, 4 },
	{ "UDP, cut behind its ports", LINK_RAW,
	  MSG(IP4("\x05\xdc", "\0\0", "\x11") "\x03\xe8\0\x35"), FRAME_IP,
	  0x0800, 17, true, 4 },
	{ "UDP, cut in its ports", LINK_RAW,
	  MSG(IP4("\x05\xdc", "\0\0", "\x11") "\x03\xe8\0"), FRAME_IP, 0x0800,
	  17, false, 3 },
	{ "TCP, cut behind its header", LINK_RAW,
	  MSG(IP4("\x05\xdc", "\0\0", "\6") TCP), FRAME_IP, 0x0800, 6, true,
	  20 },
	{ "a later part, cut", LINK_RAW,
	  MSG(IP4("\x05\xdc", "\0\1", "\x11") UDP("\x08")), FRAME_IP, 0x0800,
	  17, false, 8 },
	{ "IPv6, cut in an extension", LINK_RAW,
	  MSG(IP6("\x40", "\x3c") "\x11\0\0"), FRAME_IP, 0x86dd, 60, false,
	  3 },
	{ "IPv6, cut in UDP", LINK_RAW,
	  MSG(IP6("\x40", "\x3c") "\x11\0\0\0\0\0\0\0" UDP("\x38")), FRAME_IP,
	  0x86dd, 17, true, 8 },
	{ "ICMPv6", LINK_RAW, MSG(IP6("\x04", "\x3a") "\x80\0\0\0"), FRAME_IP,
	  0x86dd, 58, false, 4 },
};

Test(glance, table)
{
	for (size_t i = 0; i < NITEMS(glances); i++) {
		size_t n = glances[i].packet.len;
		uint8_t *copy = malloc(n + 1);
		struct frame_glance g;

		cr_assert_not_null(copy);
		memcpy(copy + 1, glances[i].packet.p, n);
		frame_glance(glances[i].link, (struct slice){ copy + 1, n },
			     &g);
		cr_expect_eq(g.depth, glances[i].depth, "%s: depth %u",
			     glances[i].what, g.depth);
		cr_expect_eq(g.ethertype, glances[i].ethertype, "%s: %x",
			     glances[i].what, g.ethertype);
		cr_expect_eq(g.f.protocol, glances[i].protocol, "%s: %u",
			     glances[i].what, g.f.protocol);
		cr_expect_eq(g.f.ports, glances[i].ports, "%s: ports",
			     glances[i].what);
		cr_expect_eq(g.f.payload.len, glances[i].payload, "%s: %zu",
			     glances[i].what, g.f.payload.len);
		if (g.f.ports)
			cr_expect_eq(g.f.dport, 53, "%s: dport",
				     glances[i].what);
		free(copy);
	}
}

Test(glance, tcp_flags_of_what_is_cut)
{
	static const struct slice packet =
		MSG(IP4("\x05\xdc", "\0\0", "\6") TCP);
	struct frame_glance g;

	frame_glance(LINK_RAW, packet, &g);
	cr_expect_eq(g.f.tcp_flags, 0x12);
}

Test(glance, outgoing)
{
	static const struct slice arp =
		MSG("\0\4\0\1\0\6\2\0\0\0\0\1\0\0\x08\6" "anything");
	struct frame_glance g;

	frame_glance(LINK_SLL, arp, &g);
	cr_expect(g.f.outgoing);
}
