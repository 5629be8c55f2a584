/* SPDX-License-Identifier: ISC */
/*
 * Each packet is built from nothing and cleared away: libnet's own tags
 * remember lengths that the next packet does not have. libnet allocates;
 * what it takes, it gives back before the function returns.
 */
#include "craft.h"

#include <errno.h>
#include <libnet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum {
	TTL = 64, TTL_ND = 255,		/* RFC 4861, 7.1.1 */
	ND_SOURCE_LINK = 1,		/* RFC 4861, 4.6.1 */
	OPTION_MSS = 2,			/* RFC 9293, 3.2 */
	UDP_SUM_V4 = LIBNET_IPV4_H + 6, UDP_SUM_V6 = LIBNET_IPV6_H + 6,
};

struct craft {
	libnet_t *libnet;
};

int craft_open(struct craft **out)
{
	char why[LIBNET_ERRBUF_SIZE];
	struct craft *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return -ENOMEM;
	/* No socket: we only want the octets. */
	c->libnet = libnet_init(LIBNET_NONE, NULL, why);
	if (c->libnet == NULL) {
		free(c);
		return -EIO;
	}
	*out = c;
	return 0;
}

void craft_close(struct craft *c)
{
	if (c == NULL)
		return;
	libnet_destroy(c->libnet);
	free(c);
}

/* What has been built so far, into out; good is whether all of it was. */
static ssize_t finish(struct craft *c, bool good, uint8_t *out, size_t cap)
{
	uint8_t *packet = NULL;
	uint32_t len = 0;
	ssize_t n = -EIO;

	/* Culling is for libnet's own link mode only; this is what it does. */
	if (good && libnet_pblock_coalesce(c->libnet, &packet, &len) == 1) {
		n = len <= cap ? (ssize_t)len : -EMSGSIZE;
		if (n > 0)
			memcpy(out, packet, len);
		libnet_adv_free_packet(c->libnet, packet);
	}
	libnet_clear_packet(c->libnet);
	return n;
}

static bool put_ipv4(libnet_t *l, const struct ipaddr *src,
		     const struct ipaddr *dst, uint8_t protocol, size_t len)
{
	uint32_t from, to;

	memcpy(&from, src->b + 12, sizeof(from));
	memcpy(&to, dst->b + 12, sizeof(to));
	/* An atomic datagram's id means nothing (RFC 6864, 4.1). */
	return libnet_build_ipv4((uint16_t)(LIBNET_IPV4_H + len), 0, 0, IP_DF,
				 TTL, protocol, 0, from, to, NULL, 0, l,
				 0) != -1;
}

static bool put_ipv6(libnet_t *l, const struct ipaddr *src,
		     const struct ipaddr *dst, uint8_t protocol, size_t len,
		     uint8_t hops)
{
	struct libnet_in6_addr from, to;

	memcpy(&from, src->b, sizeof(from));
	memcpy(&to, dst->b, sizeof(to));
	return libnet_build_ipv6(0, 0, (uint16_t)len, protocol, hops, from,
				 to, NULL, 0, l, 0) != -1;
}

static bool put_ip(libnet_t *l, const struct craft_ends *e, uint8_t protocol,
		   size_t len)
{
	return ipaddr_is_v4(&e->dst) ?
	       put_ipv4(l, &e->src, &e->dst, protocol, len) :
	       put_ipv6(l, &e->src, &e->dst, protocol, len, TTL);
}

/* Both headers with it are no longer than an IP packet can be. */
static bool fits(size_t headers, size_t len)
{
	return len <= UINT16_MAX - headers;
}

/* RFC 768: 0 on the wire means that there is no checksum. */
static void never_zero(uint8_t *sum)
{
	if (sum[0] == 0 && sum[1] == 0)
		sum[0] = sum[1] = 0xff;
}

ssize_t craft_udp(struct craft *c, const struct craft_ends *e,
		  const uint8_t *payload, size_t len, uint8_t *out, size_t cap)
{
	libnet_t *l = c->libnet;
	bool v4 = ipaddr_is_v4(&e->dst);
	ssize_t n;

	if (!fits(LIBNET_IPV4_H + LIBNET_UDP_H, len))
		return -EMSGSIZE;
	n = finish(c, libnet_build_udp(e->sport, e->dport,
				       (uint16_t)(LIBNET_UDP_H + len), 0,
				       len > 0 ? payload : NULL, (uint32_t)len,
				       l, 0) != -1 &&
		   put_ip(l, e, IPPROTO_UDP, LIBNET_UDP_H + len), out, cap);
	if (n > 0)
		never_zero(out + (v4 ? UDP_SUM_V4 : UDP_SUM_V6));
	return n;
}

ssize_t craft_tcp(struct craft *c, const struct craft_segment *s,
		  const uint8_t *payload, size_t len, uint8_t *out, size_t cap)
{
	const uint8_t mss[] = {
		OPTION_MSS, 4, (uint8_t)(s->mss >> 8), (uint8_t)s->mss,
	};
	size_t options = s->mss != 0 ? sizeof(mss) : 0;
	size_t all = LIBNET_TCP_H + options + len;
	libnet_t *l = c->libnet;
	bool good = true;

	if (!fits(LIBNET_IPV4_H + LIBNET_TCP_H + options, len))
		return -EMSGSIZE;
	/* From the end to the start: that is how libnet stacks. */
	if (len > 0)
		good = libnet_build_data(payload, (uint32_t)len, l, 0) != -1;
	if (good && options > 0)
		good = libnet_build_tcp_options(mss, sizeof(mss), l, 0) != -1;
	good = good && libnet_build_tcp(s->ends.sport, s->ends.dport, s->seq,
					s->ack, s->flags, s->window, 0, 0,
					(uint16_t)all, NULL, 0, l, 0) != -1;
	return finish(c, good && put_ip(l, &s->ends, IPPROTO_TCP, all), out,
		      cap);
}

static bool put_link(libnet_t *l, const struct craft_link *to,
		     const uint8_t dst[6], uint16_t type,
		     const uint8_t *payload, size_t len)
{
	if (to->vlan != 0)
		return libnet_build_802_1q(dst, to->src, ETHERTYPE_VLAN, 0, 0,
					   to->vlan, type, payload,
					   (uint32_t)len, l, 0) != -1;
	return libnet_build_ethernet(dst, to->src, type, payload,
				     (uint32_t)len, l, 0) != -1;
}

ssize_t craft_ethernet(struct craft *c, const struct craft_link *l,
		       const uint8_t *packet, size_t len, uint8_t *out,
		       size_t cap)
{
	uint16_t type;

	if (len == 0)
		return -EIO;
	if (len > UINT16_MAX)
		return -EMSGSIZE;
	type = packet[0] >> 4 == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP;
	return finish(c, put_link(c->libnet, l, l->dst, type, packet, len),
		      out, cap);
}

static bool put_arp(libnet_t *l, const struct craft_link *link,
		    const struct ipaddr *sender, const struct ipaddr *target)
{
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t unknown[6];

	return libnet_build_arp(ARPHRD_ETHER, ETHERTYPE_IP, 6, 4,
				ARPOP_REQUEST, link->src, sender->b + 12,
				unknown, target->b + 12, NULL, 0, l,
				0) != -1 &&
	       put_link(l, link, all, ETHERTYPE_ARP, NULL, 0);
}

/* RFC 4861, 4.3: to the solicited-node address (RFC 4291, 2.7.1), whose
 * frames go to 33:33 and its last four octets (RFC 2464, 7). */
static bool put_solicitation(libnet_t *l, const struct craft_link *link,
			     const struct ipaddr *sender,
			     const struct ipaddr *target)
{
	struct ipaddr group = { { 0xff, 0x02, [11] = 1, [12] = 0xff } };
	uint8_t mac[6] = { 0x33, 0x33 };
	uint8_t option[8] = { ND_SOURCE_LINK, 1 };	/* in eights */
	struct libnet_in6_addr wanted;

	memcpy(group.b + 13, target->b + 13, 3);
	memcpy(mac + 2, group.b + 12, 4);
	memcpy(option + 2, link->src, 6);
	memcpy(&wanted, target->b, sizeof(wanted));
	return libnet_build_icmpv6_ndp_nsol(ND_NEIGHBOR_SOLICIT, 0, 0, wanted,
					    option, sizeof(option), l,
					    0) != -1 &&
	       put_ipv6(l, sender, &group, IPPROTO_ICMPV6,
			LIBNET_ICMPV6_NDP_NSOL_H + sizeof(option), TTL_ND) &&
	       put_link(l, link, mac, ETHERTYPE_IPV6, NULL, 0);
}

ssize_t craft_neighbour(struct craft *c, const struct craft_link *l,
			const struct ipaddr *sender,
			const struct ipaddr *target, uint8_t *out, size_t cap)
{
	bool v4 = ipaddr_is_v4(target);

	return finish(c, (v4 ? put_arp : put_solicitation)(c->libnet, l,
							   sender, target),
		      out, cap);
}
