/* SPDX-License-Identifier: ISC */
/*
 * What may leave a machine that is blocked, and what may not.
 */
#include <string.h>

#include "out.h"

#define OCTETS(s) (const uint8_t *)(s), sizeof(s) - 1

/* Type, code, checksum; RFC 4861, 4.1 to 4.4. */
#define SOLICIT_ROUTER "\x85\0\0\0\0\0\0\0"
#define SOLICIT_NEIGHBOUR "\x87\0\0\0\0\0\0\0" \
	"\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
#define LISTENER_REPORT "\x8f\0\0\0\0\0\0\0"
#define ECHO4 "\x08\0\0\0\0\1\0\1ping"
#define ECHO6 "\x80\0\0\0\0\1\0\1ping"

enum { ICMP = 1, IGMP = 2, TCP = 6, UDP = 17, GRE = 47, ESP = 50, ICMPV6 = 58 };

/* One packet; port 0: octets follow the IP header as they are. */
struct sample {
	const char *src, *dst;
	uint16_t sport, dport;
	uint8_t protocol;
	const uint8_t *octets;
	size_t n;
};

static const struct sample fine[] = {
	{ "0.0.0.0", "255.255.255.255", 68, 67, UDP, OCTETS("discover") },
	{ "192.0.2.10", "10.1.0.1", 68, 67, UDP, OCTETS("renew") },
	{ "fe80::10", "ff02::1:2", 546, 547, UDP, OCTETS("solicit") },
	{ "fe80::10", "ff02::2", 0, 0, ICMPV6, OCTETS(SOLICIT_ROUTER) },
	{ "::", "ff02::1:ff00:1", 0, 0, ICMPV6, OCTETS(SOLICIT_NEIGHBOUR) },
	{ "192.0.2.10", "127.0.0.53", 50000, 53, UDP, OCTETS("to itself") },
	{ "::1", "::1", 50000, 631, TCP, OCTETS("") },
	{ "192.0.2.10", "203.0.113.1", 50000, 51820, UDP, OCTETS("relay") },
	{ "192.0.2.10", "192.0.2.53", 50000, 53, TCP, OCTETS("") },
};

static const struct sample bad[] = {
	{ "192.0.2.10", "198.51.100.1", 68, 67, UDP, OCTETS("far away") },
	{ "192.0.2.10", "198.51.100.1", 50000, 443, UDP, OCTETS("quic") },
	{ "192.0.2.10", "198.51.100.1", 50000, 443, UDP, OCTETS("again") },
	{ "192.0.2.10", "198.51.100.1", 50000, 80, TCP, OCTETS("") },
	{ "192.0.2.10", "192.0.2.53", 50000, 853, TCP, OCTETS("") },
	{ "192.0.2.10", "203.0.113.1", 50000, 51820, TCP, OCTETS("") },
	{ "192.0.2.10", "203.0.113.1", 50000, 51821, UDP, OCTETS("") },
	{ "192.0.2.10", "224.0.0.251", 5353, 5353, UDP, OCTETS("mdns") },
	{ "192.0.2.10", "255.255.255.255", 50000, 9, UDP, OCTETS("wake") },
	{ "192.0.2.10", "198.51.100.1", 0, 0, ICMP, OCTETS(ECHO4) },
	{ "192.0.2.10", "224.0.0.22", 0, 0, IGMP, OCTETS("\x22") },
	{ "192.0.2.10", "198.51.100.1", 0, 0, GRE, OCTETS("tunnel") },
	{ "192.0.2.10", "198.51.100.1", 0, 0, ESP, OCTETS("tunnel") },
	{ "192.0.2.10", "198.51.100.1", 0, 0, 253, OCTETS("raw") },
	{ "192.0.2.10", "198.51.100.1", 50000, 53, UDP, OCTETS("no message") },
	{ "192.0.2.10", "198.51.100.1", 50001, 53, TCP, OCTETS("\0\4junk") },
	{ "2001:db8::10", "2001:db8::99", 0, 0, ICMPV6, OCTETS(ECHO6) },
	{ "2001:db8::10", "2001:db8::99", 0, 0, ICMPV6,
	  OCTETS(SOLICIT_NEIGHBOUR) },
	{ "fe80::10", "ff02::16", 0, 0, ICMPV6, OCTETS(LISTENER_REPORT) },
	{ "2001:db8::10", "64:ff9b::7f00:1", 50000, 80, TCP, OCTETS("") },
	{ "2001:db8::10", "ff0e::1", 50000, 5000, UDP, OCTETS("far") },
};

static void write_sample(struct out *o, const struct sample *s)
{
	const char **host;

	o->v6 = strchr(s->src, ':') != NULL;
	host = o->v6 ? o->host6 : o->host4;
	host[0] = s->src;
	host[1] = s->dst;
	o->port[0] = s->sport;
	o->port[1] = s->dport;
	if (s->protocol == UDP)
		out_udp(o, s->octets, s->n);
	else if (s->protocol == TCP)
		out_tcp(o, s->n > 0 ? TH_ACK : TH_SYN, 1, s->octets, s->n);
	else
		out_octets(o, s->protocol, s->octets, s->n);
	out_write(o);
}

static void write_ethertype(struct out *o, uint16_t type)
{
	out_reset(o);
	out_udp(o, OCTETS("anything"));
	o->frame[12] = (uint8_t)(type >> 8);
	o->frame[13] = (uint8_t)type;
	out_write(o);
}

void quiet(struct out *o)
{
	static const uint16_t types[] = { 0x0806, 0x88cc, 0x888e, 0x0026 };

	for (size_t i = 0; i < NITEMS(fine); i++)
		write_sample(o, &fine[i]);
	for (size_t i = 0; i < NITEMS(types); i++)
		write_ethertype(o, types[i]);
	out_write_exchange(o, &out_probe);
	out_write_syn(o, "17.253.57.200", 443);
}

void leaks(struct out *o)
{
	static const uint16_t types[] = { 0x8864, 0x8847, 0x6558 };

	for (size_t i = 0; i < NITEMS(bad); i++)
		write_sample(o, &bad[i]);
	for (size_t i = 0; i < NITEMS(types); i++)
		write_ethertype(o, types[i]);
	quiet(o);
}
