/* SPDX-License-Identifier: ISC */
/*
 * ipword.h - addresses as numbers, for who judges many of them
 */
#ifndef IPWORD_H
#define IPWORD_H

#include <stdbool.h>
#include <stdint.h>

#include "ipaddr.h"

/* The four octets from at on, as a number. */
static inline uint32_t ipword_at(const struct ipaddr *a, unsigned int at)
{
	const uint8_t *b = a->b + at;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	       (uint32_t)b[2] << 8 | b[3];
}

static inline uint64_t ipword_half(const struct ipaddr *a, unsigned int at)
{
	return (uint64_t)ipword_at(a, at) << 32 | ipword_at(a, at + 4);
}

/* Do two halves begin with the same bits? bits is 0..64. */
static inline bool ipword_same(uint64_t difference, unsigned int bits)
{
	return bits == 0 || difference >> (64 - bits) == 0;
}

/* As ipnet_has(). */
static inline bool ipword_in(const struct ipnet *net, const struct ipaddr *a)
{
	uint64_t high = ipword_half(a, 0) ^ ipword_half(&net->addr, 0);
	uint64_t low = ipword_half(a, 8) ^ ipword_half(&net->addr, 8);

	if (net->bits <= 64)
		return ipword_same(high, net->bits);
	/* A length that cannot be holds nothing. */
	return net->bits <= 128 && high == 0 &&
	       ipword_same(low, net->bits - 64u);
}

static inline enum ipclass ipword_v4_class(uint32_t a)
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

static inline enum ipclass ipword_v6_class(const struct ipaddr *a)
{
	const uint8_t *b = a->b;

	if (ipword_half(a, 0) == 0 && ipword_half(a, 8) <= 1)
		return b[15] == 0 ? IPCLASS_UNSPECIFIED : IPCLASS_LOOPBACK;
	if (b[0] == 0xff)
		return IPCLASS_MULTICAST;
	if (b[0] == 0xfe && (b[1] & 0xc0) == 0x80)
		return IPCLASS_LINKLOCAL;
	return (b[0] & 0xfe) == 0xfc ? IPCLASS_PRIVATE : IPCLASS_PUBLIC;
}

#endif /* IPWORD_H */
