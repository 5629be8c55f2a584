/* SPDX-License-Identifier: ISC */
/*
 * ipaddr.h - one address type for IPv4 and IPv6
 *
 * 16 octets in network order; an IPv4 address is held as v4-mapped
 * (RFC 4291, 2.5.5.2), so nothing is written twice.
 */
#ifndef IPADDR_H
#define IPADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "compat.h"

struct ipaddr {
	uint8_t b[16];
};

struct ipnet {
	struct ipaddr addr;
	uint8_t bits;		/* 0..128, counted on the mapped form */
};

/* IANA special-purpose address registries (RFC 6890 and its updates). */
enum ipclass {
	IPCLASS_PUBLIC,
	IPCLASS_PRIVATE,	/* RFC 1918, RFC 6598 (100.64/10), RFC 4193 */
	IPCLASS_UNSPECIFIED,	/* 0/8, :: */
	IPCLASS_LOOPBACK,
	IPCLASS_LINKLOCAL,
	IPCLASS_MULTICAST,
	IPCLASS_BROADCAST,	/* 255.255.255.255 and the rest of 240/4 */
	IPCLASS__N
};

enum { IPADDR_TEXT = 46, IPNET_TEXT = 50 };	/* INET6_ADDRSTRLEN, "/128" */

/* Of a v4-mapped address: where the IPv4 one stands (RFC 4291, 2.5.5.2). */
enum { IPADDR_V4_AT = 12 };

static inline struct ipaddr ipaddr_v4(const uint8_t b[static 4])
{
	struct ipaddr a = { { [10] = 0xff, [11] = 0xff } };

	memcpy(a.b + IPADDR_V4_AT, b, 4);
	return a;
}

static inline struct ipaddr ipaddr_v6(const uint8_t b[static 16])
{
	struct ipaddr a;

	memcpy(a.b, b, sizeof(a.b));
	return a;
}

static inline bool ipaddr_is_v4(const struct ipaddr *a)
{
	static const uint8_t prefix[IPADDR_V4_AT] = { [10] = 0xff, [11] = 0xff };

	return memcmp(a->b, prefix, sizeof(prefix)) == 0;
}

static inline bool ipaddr_equal(const struct ipaddr *a, const struct ipaddr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/* 64:ff9b::/96 (RFC 6052, 2.1). */
static inline bool ipaddr_is_nat64(const struct ipaddr *a)
{
	static const uint8_t prefix[IPADDR_V4_AT] = { 0x00, 0x64, 0xff, 0x9b };

	return memcmp(a->b, prefix, sizeof(prefix)) == 0;
}

/* The four octets from at on, as a number. */
static inline uint32_t ipaddr_word(const struct ipaddr *a, unsigned int at)
{
	const uint8_t *b = a->b + at;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	       (uint32_t)b[2] << 8 | b[3];
}

static inline uint64_t ipaddr_half(const struct ipaddr *a, unsigned int at)
{
	return (uint64_t)ipaddr_word(a, at) << 32 | ipaddr_word(a, at + 4);
}

int ipaddr_compare(const struct ipaddr *a, const struct ipaddr *b);

/* "192.0.2.1" or "2001:db8::1", nothing before or behind. */
NODISCARD bool ipaddr_parse(const char *text, struct ipaddr *a);
const char *ipaddr_text(const struct ipaddr *a, char text[static IPADDR_TEXT]);

/* "192.0.2.0/24"; without a slash, one address. Host bits must be 0. */
NODISCARD bool ipnet_parse(const char *text, struct ipnet *net);
const char *ipnet_text(const struct ipnet *net, char text[static IPNET_TEXT]);
/* Is there a difference in the first bits of these 64? bits is 0..64. */
static inline bool ipaddr_half_same(uint64_t difference, unsigned int bits)
{
	return bits == 0 || difference >> (64 - bits) == 0;
}

/* Host bits do not matter: an interface's own address may stand for its net. */
static inline bool ipnet_has(const struct ipnet *net, const struct ipaddr *a)
{
	uint64_t high = ipaddr_half(a, 0) ^ ipaddr_half(&net->addr, 0);
	uint64_t low = ipaddr_half(a, 8) ^ ipaddr_half(&net->addr, 8);

	if (net->bits <= 64)
		return ipaddr_half_same(high, net->bits);
	/* A length that cannot be holds nothing. */
	return net->bits <= 128 && high == 0 &&
	       ipaddr_half_same(low, net->bits - 64u);
}

/* True, and the IPv4 address inside, of a NAT64 address. */
static inline bool ipaddr_nat64(const struct ipaddr *a, struct ipaddr *inside)
{
	if (!ipaddr_is_nat64(a))
		return false;
	*inside = ipaddr_v4(a->b + IPADDR_V4_AT);
	return true;
}

static inline enum ipclass ipaddr_v4_class(uint32_t a)
{
	bool private;

	switch (a >> 24) {
	case 0:
		return IPCLASS_UNSPECIFIED;
	case 10:
		return IPCLASS_PRIVATE;
	case 127:
		return IPCLASS_LOOPBACK;
	case 169:
		return a >> 16 == (169 << 8 | 254) ? IPCLASS_LINKLOCAL :
						     IPCLASS_PUBLIC;
	case 100:
		private = (a >> 16 & 0xc0) == 64;
		break;
	case 172:
		private = (a >> 16 & 0xf0) == 16;
		break;
	case 192:
		private = (a >> 16 & 0xff) == 168;
		break;
	default:
		if (a >> 28 == 0xf)
			return IPCLASS_BROADCAST;
		return a >> 28 == 0xe ? IPCLASS_MULTICAST : IPCLASS_PUBLIC;
	}
	return private ? IPCLASS_PRIVATE : IPCLASS_PUBLIC;
}

static inline enum ipclass ipaddr_v6_class(const struct ipaddr *a)
{
	const uint8_t *b = a->b;

	if (ipaddr_half(a, 0) == 0 && ipaddr_half(a, 8) <= 1)
		return b[15] == 0 ? IPCLASS_UNSPECIFIED : IPCLASS_LOOPBACK;
	if (b[0] == 0xff)
		return IPCLASS_MULTICAST;
	if (b[0] == 0xfe && (b[1] & 0xc0) == 0x80)
		return IPCLASS_LINKLOCAL;
	return (b[0] & 0xfe) == 0xfc ? IPCLASS_PRIVATE : IPCLASS_PUBLIC;
}

/* A NAT64 address has the class of the IPv4 inside. */
static inline enum ipclass ipaddr_class(const struct ipaddr *a)
{
	return ipaddr_is_v4(a) || ipaddr_is_nat64(a) ?
	       ipaddr_v4_class(ipaddr_word(a, IPADDR_V4_AT)) : ipaddr_v6_class(a);
}

const char *ipclass_name(enum ipclass c);

#endif /* IPADDR_H */
