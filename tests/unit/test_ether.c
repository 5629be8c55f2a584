/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "craft.h"
#include "ether.h"
#include "frame.h"

#define MSG(s) { (const uint8_t *)(s), sizeof(s) - 1 }
#define US "\2\0\0\0\0\1"
#define HOP "\2\0\0\0\0\2"
#define ARP4 US HOP "\x08\6\0\1\x08\0\6\4"
/* Sender's and target's addresses: 192.0.2.254, 192.0.2.1. */
#define PAIR(mac) mac "\xc0\0\2\xfe" US "\xc0\0\2\1"

/* From 2001:db8::fe to ::1, about ::fe. */
#define HEAD6 US HOP "\x86\xdd\x60\0\0\0\0\x20\x3a"
#define ENDS6 "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\xfe" \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
#define TARGET6 "\xe0\0\0\0\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\xfe"
#define ADVERT(hops, head, option) \
	HEAD6 hops ENDS6 head TARGET6 option

static const struct {
	const char *what;
	struct slice frame;
	enum parse want;
} replies[] = {
	{ "a reply", MSG(ARP4 "\0\2" PAIR(HOP)), PARSE_OK },
	{ "padded", MSG(ARP4 "\0\2" PAIR(HOP) "\0\0\0\0"), PARSE_OK },
	{ "a request", MSG(ARP4 "\0\1" PAIR(HOP)), PARSE_LINK },
	{ "an octet missing", MSG(ARP4 "\0\2" HOP "\xc0\0\2\xfe" US "\xc0\0"),
	  PARSE_SHORT },
	{ "a group's address", MSG(ARP4 "\0\2" PAIR("\3\0\0\0\0\2")),
	  PARSE_LINK },
	{ "nobody's address", MSG(ARP4 "\0\2" PAIR("\0\0\0\0\0\0")),
	  PARSE_LINK },
	{ "another kind of hardware", MSG(US HOP "\x08\6\0\6\x08\0\6\4\0\2"
					  PAIR(HOP)), PARSE_LINK },
	{ "tagged", MSG(US HOP "\x81\0\0\7\x08\6\0\1\x08\0\6\4\0\2" PAIR(HOP)),
	  PARSE_LINK },
	{ "13 octets", MSG(US HOP "\x08"), PARSE_SHORT },
	{ "nothing", MSG(""), PARSE_SHORT },
};

Test(ether, arp)
{
	for (size_t i = 0; i < NITEMS(replies); i++) {
		struct ether_neighbour n = { .mac = { 9 } };

		cr_expect_eq(ether_neighbour_read(replies[i].frame, &n),
			     replies[i].want, "%s", replies[i].what);
		cr_expect_eq(memcmp(n.mac, replies[i].want == PARSE_OK ?
				    HOP : "\x09\0\0\0\0\0", 6), 0, "%s",
			     replies[i].what);
	}
}

static const struct {
	const char *what;
	struct slice frame;
	bool fix;		/* the checksum, so that it is the rest that counts */
	enum parse want;
} adverts[] = {
	{ "an advertisement", MSG(ADVERT("\xff", "\x88\0\0\0", "\2\1" HOP)),
	  true, PARSE_OK },
	{ "a wrong checksum", MSG(ADVERT("\xff", "\x88\0\0\0", "\2\1" HOP)),
	  false, PARSE_TRANSPORT },
	{ "through a router", MSG(ADVERT("\xfe", "\x88\0\0\0", "\2\1" HOP)),
	  true, PARSE_IP },
	{ "a solicitation", MSG(ADVERT("\xff", "\x87\0\0\0", "\2\1" HOP)),
	  true, PARSE_TRANSPORT },
	{ "a code", MSG(ADVERT("\xff", "\x88\1\0\0", "\2\1" HOP)), true,
	  PARSE_TRANSPORT },
	{ "the sender's option", MSG(ADVERT("\xff", "\x88\0\0\0", "\1\1" HOP)),
	  true, PARSE_TRANSPORT },
	{ "an option of no length", MSG(ADVERT("\xff", "\x88\0\0\0",
					       "\7\0" HOP)),
	  true, PARSE_TRANSPORT },
	{ "an option too long", MSG(ADVERT("\xff", "\x88\0\0\0",
					   "\2\2" HOP)),
	  true, PARSE_TRANSPORT },
	{ "a group's address", MSG(ADVERT("\xff", "\x88\0\0\0",
					  "\2\1\3\0\0\0\0\2")),
	  true, PARSE_TRANSPORT },
	{ "an octet missing", MSG(ADVERT("\xff", "\x88\0\0\0",
					 "\2\1\2\0\0\0\0")),
	  false, PARSE_SHORT },
};

/* As the sender would: what is there adds up to all ones. */
static void fix_checksum(uint8_t *f)
{
	uint32_t sum = frame_sum(32 + 58, (struct slice){ f + 22, 32 + 32 });

	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	f[56] = (uint8_t)(~sum >> 8);
	f[57] = (uint8_t)~sum;
}

Test(ether, advertisements)
{
	for (size_t i = 0; i < NITEMS(adverts); i++) {
		struct ether_neighbour n = { .mac = { 9 } };
		struct slice s = adverts[i].frame;
		uint8_t *exact = malloc(s.len);

		cr_assert_not_null(exact);
		memcpy(exact, s.p, s.len);
		if (adverts[i].fix)
			fix_checksum(exact);
		s.p = exact;
		cr_expect_eq(ether_neighbour_read(s, &n), adverts[i].want,
			     "%s", adverts[i].what);
		if (adverts[i].want == PARSE_OK)
			cr_expect_arr_eq(n.mac, HOP, 6);
		free(exact);
	}
}

static const struct {
	const char *what;
	struct slice frame;
	bool want;
} heads[] = {
	{ "for us", MSG(US HOP "\x08\0"), true },
	{ "one bit off", MSG("\2\0\0\0\0\0" HOP "\x08\0"), false },
	{ "for all", MSG("\xff\xff\xff\xff\xff\xff" HOP "\x08\0"), false },
	{ "tagged", MSG(US HOP "\x81\0"), false },
	{ "service tag", MSG(US HOP "\x88\xa8"), false },
	{ "old tag", MSG(US HOP "\x91\0"), false },
	{ "13 octets", MSG(US HOP "\x08"), false },
};

Test(ether, is_for)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };

	for (size_t i = 0; i < NITEMS(heads); i++)
		cr_expect_eq(ether_is_for(heads[i].frame, mac), heads[i].want,
			     "%s", heads[i].what);
}

/* What craft.h builds has a UDP checksum that holds, until an octet moves. */
Test(ether, datagrams_add_up)
{
	static const char *const pairs[][2] = {
		{ "192.0.2.1", "192.0.2.53" },
		{ "2001:db8::1", "2001:db8::35" },
	};
	struct craft *c;

	cr_assert_eq(craft_open(&c), 0);
	for (size_t i = 0; i < NITEMS(pairs); i++) {
		struct craft_ends e = { .sport = 53, .dport = 4711 };
		uint8_t out[128];
		struct frame f;
		ssize_t n;

		cr_assert(ipaddr_parse(pairs[i][0], &e.src));
		cr_assert(ipaddr_parse(pairs[i][1], &e.dst));
		n = craft_udp(c, &e, (const uint8_t *)"odd", 3, out,
			      sizeof(out));
		cr_assert_eq(frame_read(LINK_RAW, (struct slice){ out,
					(size_t)n }, &f), PARSE_OK);
		cr_expect(frame_adds_up(&f), "%s", pairs[i][0]);
		out[n - 1] ^= 1;
		cr_expect_not(frame_adds_up(&f), "%s", pairs[i][0]);
		out[n - 5] = out[n - 4] = 0;
		cr_expect_eq(frame_adds_up(&f), i == 0, "%s without one",
			     pairs[i][0]);
	}
	craft_close(c);
}
