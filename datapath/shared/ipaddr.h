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

int ipaddr_compare(const struct ipaddr *a, const struct ipaddr *b);

/* "192.0.2.1" or "2001:db8::1", nothing before or behind. */
NODISCARD bool ipaddr_parse(const char *text, struct ipaddr *a);
const char *ipaddr_text(const struct ipaddr *a, char text[static IPADDR_TEXT]);

/* "192.0.2.0/24"; without a slash, one address. Host bits must be 0. */
NODISCARD bool ipnet_parse(const char *text, struct ipnet *net);
const char *ipnet_text(const struct ipnet *net, char text[static IPNET_TEXT]);

/* Host bits do not matter: an interface's own address may stand for its net. */
bool ipnet_has(const struct ipnet *net, const struct ipaddr *a);

/* True, and the IPv4 address inside, of a NAT64 address. */
bool ipaddr_nat64(const struct ipaddr *a, struct ipaddr *inside);

/* A NAT64 address has the class of the IPv4 inside. */
enum ipclass ipaddr_class(const struct ipaddr *a);
const char *ipclass_name(enum ipclass c);

#endif /* IPADDR_H */
