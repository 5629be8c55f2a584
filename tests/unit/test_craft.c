/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "craft.h"
#include "frame.h"

enum { ROOM = 70000, ETHER = 14, TAGGED = 18 };

static struct craft *c;
static uint8_t out[ROOM], whole[ROOM], payload[ROOM];

static void open_craft(void)
{
	cr_assert_eq(craft_open(&c), 0);
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 7 + 1);
}

static void close_craft(void)
{
	craft_close(c);
}

TestSuite(craft, .init = open_craft, .fini = close_craft);

static struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	cr_assert(ipaddr_parse(text, &a), "%s", text);
	return a;
}

static const struct craft_link plain = {
	.dst = { 2, 0, 0, 0, 0, 1 }, .src = { 2, 0, 0, 0, 0, 2 },
};

/* RFC 1071, 4.1, octet by octet: as slow and as plain as it can be. */
static uint32_t add(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	return sum;
}

static uint16_t folded(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Does what is behind the IP header at p add up, with its pseudo header? */
static bool adds_up(const uint8_t *p, size_t len, uint8_t protocol)
{
	bool v4 = p[0] >> 4 == 4;
	size_t header = v4 ? 20 : 40;
	const uint8_t *ends = v4 ? p + 12 : p + 8;
	uint32_t sum = add(0, ends, v4 ? 8 : 32);

	if (v4 && folded(add(0, p, 20)) != 0xffff)
		return false;
	sum += protocol + (uint32_t)(len - header);
	return folded(add(sum, p + header, len - header)) == 0xffff;
}

static const char *const pairs[][2] = {
	{ "192.0.2.1", "192.0.2.53" },
	{ "255.255.255.255", "0.0.0.0" },
	{ "2001:db8::1", "2001:db8::35" },
	{ "fe80::ffff:ffff:ffff:ffff", "fe80::1" },
};

static const struct {
	const char *what;
	size_t len;
} lengths[] = {
	{ "no payload",		0 },
	{ "one octet",		1 },
	{ "even",		28 },
	{ "odd",		29 },
	{ "a slot",		4096 },
	{ "a slot and one",	4097 },
};

static struct craft_ends ends(const char *const pair[2])
{
	return (struct craft_ends){
		.src = addr(pair[0]), .dst = addr(pair[1]),
		.sport = 49999, .dport = 53,
	};
}

static void check_read(const struct craft_ends *e, uint8_t protocol, ssize_t n,
		       size_t len, const char *what)
{
	struct slice p = { out, (size_t)n };
	struct frame f;

	cr_assert_gt(n, 0, "%s", what);
	cr_assert_eq(frame_read(LINK_RAW, p, &f), PARSE_OK, "%s", what);
	cr_expect(ipaddr_equal(&f.src, &e->src), "%s", what);
	cr_expect(ipaddr_equal(&f.dst, &e->dst), "%s", what);
	cr_expect_eq(f.protocol, protocol, "%s", what);
	cr_expect_eq(f.sport, e->sport, "%s", what);
	cr_expect_eq(f.dport, e->dport, "%s", what);
	cr_expect_eq(f.payload.len, len, "%s", what);
	cr_expect_eq(memcmp(f.payload.p, payload, len), 0, "%s", what);
	cr_expect(adds_up(out, (size_t)n, protocol), "%s", what);
	if (out[0] >> 4 == 4)
		cr_expect_eq(slice_be16(p, 6), 0x4000, "%s: DF", what);
}

Test(craft, udp_comes_back)
{
	for (size_t i = 0; i < NITEMS(pairs); i++) {
		struct craft_ends e = ends(pairs[i]);

		for (size_t j = 0; j < NITEMS(lengths); j++)
			check_read(&e, FRAME_UDP,
				   craft_udp(c, &e, payload, lengths[j].len,
					     out, sizeof(out)),
				   lengths[j].len, lengths[j].what);
	}
}

Test(craft, tcp_comes_back)
{
	for (size_t i = 0; i < NITEMS(pairs); i++) {
		struct craft_segment s = {
			.ends = ends(pairs[i]), .seq = 0xfffffffe, .ack = 7,
			.flags = TH_SYN | TH_ACK, .window = 4000,
		};

		for (size_t j = 0; j < NITEMS(lengths); j++) {
			s.mss = j % 2 == 0 ? 1220 : 0;
			check_read(&s.ends, FRAME_TCP,
				   craft_tcp(c, &s, payload, lengths[j].len,
					     out, sizeof(out)),
				   lengths[j].len, lengths[j].what);
		}
	}
}

Test(craft, tcp_header)
{
	static const uint8_t want[] = {
		0xc3, 0x4f, 0, 53, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 7,
		0x60, 0x12, 0x0f, 0xa0,
	};
	static const uint8_t mss[] = { 2, 4, 0x04, 0xc4 };
	struct craft_segment s = {
		.ends = ends(pairs[0]), .seq = 0xfffffffe, .ack = 7,
		.flags = TH_SYN | TH_ACK, .window = 4000, .mss = 1220,
	};

	cr_assert_eq(craft_tcp(c, &s, NULL, 0, out, sizeof(out)), 44);
	cr_expect_arr_eq(out + 20, want, sizeof(want));
	cr_expect_arr_eq(out + 40, mss, sizeof(mss));
}

/* The payload is the sum's own complement, so that it comes to 0. */
Test(craft, udp_checksum_is_never_zero)
{
	for (size_t i = 0; i < NITEMS(pairs); i++) {
		struct craft_ends e = ends(pairs[i]);
		size_t at = ipaddr_is_v4(&e.dst) ? 26 : 46;
		uint8_t two[2] = { 0, 0 };

		cr_assert_gt(craft_udp(c, &e, two, 2, out, sizeof(out)), 0);
		memcpy(two, out + at, 2);
		cr_assert_gt(craft_udp(c, &e, two, 2, out, sizeof(out)), 0);
		cr_expect_eq(out[at], 0xff, "%s", pairs[i][0]);
		cr_expect_eq(out[at + 1], 0xff, "%s", pairs[i][0]);
	}
}

Test(craft, sizes)
{
	struct craft_ends e4 = ends(pairs[0]), e6 = ends(pairs[2]);
	struct craft_segment s = { .ends = e4, .mss = 1220 };

	cr_expect_eq(craft_udp(c, &e4, payload, 10, out, 38), 38);
	cr_expect_eq(craft_udp(c, &e4, payload, 10, out, 37), -EMSGSIZE);
	cr_expect_eq(craft_udp(c, &e6, payload, 10, out, 57), -EMSGSIZE);
	cr_expect_eq(craft_udp(c, &e4, payload, 65507, out, sizeof(out)),
		     65535, "as long as a packet can be");
	cr_expect_eq(craft_udp(c, &e4, payload, 65508, out, sizeof(out)),
		     -EMSGSIZE);
	cr_expect_eq(craft_udp(c, &e4, payload, SIZE_MAX, out, sizeof(out)),
		     -EMSGSIZE);
	cr_expect_eq(craft_tcp(c, &s, payload, 65492, out, sizeof(out)),
		     -EMSGSIZE);
	cr_expect_eq(craft_ethernet(c, &plain, payload, 65536, out,
				    sizeof(out)), -EMSGSIZE);
	cr_expect_eq(craft_ethernet(c, &plain, payload, 40, out, 53),
		     -EMSGSIZE);
	cr_expect_eq(craft_ethernet(c, &plain, payload, 0, out, sizeof(out)),
		     -EIO);
	cr_expect_eq(craft_udp(c, &e4, payload, 10, out, sizeof(out)), 38,
		     "after all that");
}

static void framed(const char *const pair[2], uint16_t vlan)
{
	struct craft_link l = plain;
	struct craft_ends e = ends(pair);
	size_t header = vlan != 0 ? TAGGED : ETHER;
	struct slice frame = { whole, 0 };
	struct frame f;
	ssize_t n = craft_udp(c, &e, payload, 29, out, sizeof(out));

	l.vlan = vlan;
	cr_assert_eq(craft_ethernet(c, &l, out, (size_t)n, whole,
				    sizeof(whole)), n + (ssize_t)header);
	frame.len = (size_t)n + header;
	cr_expect_arr_eq(whole, l.dst, 6);
	cr_expect_arr_eq(whole + 6, l.src, 6);
	if (vlan != 0) {
		cr_expect_eq(slice_be16(frame, 12), 0x8100);
		cr_expect_eq(slice_be16(frame, 14), vlan);
	}
	cr_expect_arr_eq(whole + header, out, (size_t)n);
	cr_assert_eq(frame_read(LINK_ETHERNET, frame, &f), PARSE_OK);
	cr_expect(ipaddr_equal(&f.dst, &e.dst));
	cr_expect_eq(f.payload.len, 29);
}

Test(craft, frames)
{
	framed(pairs[0], 0);
	framed(pairs[2], 0);
	framed(pairs[0], 7);
	framed(pairs[2], 4094);
}

Test(craft, arp)
{
	static const uint8_t want[] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 2,
		0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1,
		2, 0, 0, 0, 0, 2, 192, 0, 2, 1,
		0, 0, 0, 0, 0, 0, 192, 0, 2, 254,
	};
	struct ipaddr sender = addr("192.0.2.1"), target = addr("192.0.2.254");
	struct craft_link l = plain;

	cr_assert_eq(craft_neighbour(c, &l, &sender, &target, out,
				     sizeof(out)), sizeof(want));
	cr_expect_arr_eq(out, want, sizeof(want));
	l.vlan = 7;
	cr_assert_eq(craft_neighbour(c, &l, &sender, &target, out,
				     sizeof(out)), sizeof(want) + 4);
	cr_expect_arr_eq(out + 12, "\x81\0\0\7\x08\6", 6);
	cr_expect_arr_eq(out + TAGGED, want + ETHER, sizeof(want) - ETHER);
}

Test(craft, solicitation)
{
	static const uint8_t group[] = {
		0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0x12, 0x34, 0x56,
	};
	static const uint8_t option[] = { 1, 1, 2, 0, 0, 0, 0, 2 };
	struct ipaddr sender = addr("fe80::2");
	struct ipaddr target = addr("fe80::abcd:ef12:3456");
	uint8_t *ip = out + ETHER;

	cr_assert_eq(craft_neighbour(c, &plain, &sender, &target, out,
				     sizeof(out)), ETHER + 40 + 32);
	cr_expect_arr_eq(out, "\x33\x33\xff\x12\x34\x56", 6);
	cr_expect_arr_eq(out + 6, plain.src, 6);
	cr_expect_arr_eq(out + 12, "\x86\xdd", 2);
	cr_expect_arr_eq(ip, "\x60\0\0\0\0\x20\x3a\xff", 8, "hop limit 255");
	cr_expect_arr_eq(ip + 8, sender.b, 16);
	cr_expect_arr_eq(ip + 24, group, 16);
	cr_expect_arr_eq(ip + 40, "\x87\0", 2);
	cr_expect_arr_eq(ip + 44, "\0\0\0\0", 4);
	cr_expect_arr_eq(ip + 48, target.b, 16);
	cr_expect_arr_eq(ip + 64, option, sizeof(option));
	cr_expect(adds_up(ip, 72, 58));
}
