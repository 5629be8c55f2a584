/* SPDX-License-Identifier: ISC */
#include "ether.h"

#include <string.h>

#include "frame.h"

enum { ETHER_LEN = 14, ETHER_IPV6 = 0x86dd, ETHER_ARP = 0x0806 };
enum { ARP_LEN = 28, ARP_REPLY = 2 };
enum { IPV6_LEN = 40, ICMPV6 = 58, HOPS = 255 };
enum {
	ADVERT = 136, ADVERT_LEN = 24, ADVERT_TARGET = 8,
	OPTION_TARGET_LINK = 2, OPTION_UNIT = 8,
};

bool ether_is_for(struct slice frame, const uint8_t mac[static 6])
{
	uint16_t type;

	if (!slice_has(frame, 0, ETHER_LEN))
		return false;
	type = slice_be16(frame, 12);
	return memcmp(frame.p, mac, 6) == 0 && type != 0x8100 &&
	       type != 0x88a8 && type != 0x9100;
}

/* Not a group's (the lowest bit of the first octet), and not nobody's. */
static bool is_unicast(const uint8_t *mac)
{
	static const uint8_t nobody[6];

	return (mac[0] & 1) == 0 && memcmp(mac, nobody, 6) != 0;
}

static enum parse read_arp(struct slice s, struct ether_neighbour *n)
{
	static const uint8_t head[] = { 0, 1, 8, 0, 6, 4, 0, ARP_REPLY };

	if (!slice_has(s, 0, ARP_LEN))
		return PARSE_SHORT;
	if (memcmp(s.p, head, sizeof(head)) != 0 || !is_unicast(s.p + 8))
		return PARSE_LINK;
	memcpy(n->mac, s.p + 8, 6);
	n->addr = ipaddr_v4(s.p + 14);
	return PARSE_OK;
}

/* RFC 4443, 2.3, over the IPv6 header's addresses and what follows it. */
static bool adds_up(struct slice header, struct slice s)
{
	uint32_t all = frame_sum(frame_sum((uint32_t)s.len + ICMPV6, s),
				 slice_sub(header, 8, 32));

	while (all >> 16 != 0)
		all = (all & 0xffff) + (all >> 16);
	return all == 0xffff;
}

/* What shrinks: the options; each is a unit long at least. */
static enum parse find_target_link(struct slice s, struct ether_neighbour *n)
{
	while (slice_has(s, 0, OPTION_UNIT)) {
		size_t len = s.p[1] * (size_t)OPTION_UNIT;

		if (len == 0 || !slice_has(s, 0, len))
			return PARSE_TRANSPORT;
		if (s.p[0] == OPTION_TARGET_LINK && is_unicast(s.p + 2)) {
			memcpy(n->mac, s.p + 2, 6);
			return PARSE_OK;
		}
		s = slice_sub(s, len, s.len - len);
	}
	return PARSE_TRANSPORT;
}

static enum parse read_advert(struct slice s, struct ether_neighbour *n)
{
	struct slice body;
	size_t len;

	if (!slice_has(s, 0, IPV6_LEN))
		return PARSE_SHORT;
	len = slice_be16(s, 4);
	if (!slice_has(s, IPV6_LEN, len) || len < ADVERT_LEN)
		return PARSE_SHORT;
	/* From this link: no router has passed it on (RFC 4861, 7.1.2). */
	if (s.p[0] >> 4 != 6 || s.p[6] != ICMPV6 || s.p[7] != HOPS)
		return PARSE_IP;
	body = slice_sub(s, IPV6_LEN, len);
	if (body.p[0] != ADVERT || body.p[1] != 0 || !adds_up(s, body))
		return PARSE_TRANSPORT;
	n->addr = ipaddr_v6(body.p + ADVERT_TARGET);
	if (ipaddr_is_v4(&n->addr))
		return PARSE_IP;
	return find_target_link(slice_sub(body, ADVERT_LEN, len - ADVERT_LEN),
				n);
}

enum parse ether_neighbour_read(struct slice frame, struct ether_neighbour *n)
{
	struct ether_neighbour v = { .mac = { 0 } };
	enum parse why = PARSE_LINK;
	struct slice rest;

	if (!slice_has(frame, 0, ETHER_LEN))
		return PARSE_SHORT;
	rest = slice_sub(frame, ETHER_LEN, frame.len - ETHER_LEN);
	if (slice_be16(frame, 12) == ETHER_ARP)
		why = read_arp(rest, &v);
	else if (slice_be16(frame, 12) == ETHER_IPV6)
		why = read_advert(rest, &v);
	if (why == PARSE_OK)
		*n = v;
	return why;
}
