/* SPDX-License-Identifier: ISC */
#include "shared/ipaddr.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "shared/ipword.h"

int ipaddr_compare(const struct ipaddr *a, const struct ipaddr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

bool ipaddr_parse(const char *text, struct ipaddr *a)
{
	uint8_t b[16];

	if (inet_pton(AF_INET, text, b) == 1)
		*a = ipaddr_v4(b);
	else if (inet_pton(AF_INET6, text, b) == 1)
		*a = ipaddr_v6(b);
	else
		return false;
	return true;
}

const char *ipaddr_text(const struct ipaddr *a, char text[static IPADDR_TEXT])
{
	bool v4 = ipaddr_is_v4(a);
	const char *s = inet_ntop(v4 ? AF_INET : AF_INET6,
				  v4 ? a->b + IPADDR_V4_AT : a->b,
				  text, IPADDR_TEXT);

	assert(s != NULL);	/* the room is for the longest there is */
	return s;
}

/* 0..128 in decimal without leading zeros, or -1. */
static int parse_bits(const char *s)
{
	int n = 0;

	if (*s == '\0' || (s[0] == '0' && s[1] != '\0'))
		return -1;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		n = n * 10 + (*s - '0');
		if (n > 128)
			return -1;
	}
	return n;
}

/* The first bits of a, the rest 0; bits is 0..128. */
static struct ipaddr mask_to(const struct ipaddr *a, unsigned int bits)
{
	struct ipaddr out = { { 0 } };
	unsigned int whole = bits / 8, rest = bits % 8;

	memcpy(out.b, a->b, whole);
	if (rest != 0)
		out.b[whole] = (uint8_t)(a->b[whole] & (0xff00u >> rest));
	return out;
}

bool ipnet_parse(const char *text, struct ipnet *net)
{
	char word[IPADDR_TEXT];
	struct ipaddr addr, masked;
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	int bits, shift;

	if (len >= sizeof(word))
		return false;
	memcpy(word, text, len);
	word[len] = '\0';
	if (!ipaddr_parse(word, &addr))
		return false;

	/* "::ffff:192.0.2.0/120" counts its bits as IPv6 does. */
	shift = strchr(word, ':') != NULL ? 0 : 96;
	bits = slash != NULL ? parse_bits(slash + 1) : 128 - shift;
	if (bits < 0 || bits > 128 - shift)
		return false;
	masked = mask_to(&addr, (unsigned int)(bits + shift));
	if (!ipaddr_equal(&masked, &addr))
		return false;

	*net = (struct ipnet){ .addr = addr, .bits = (uint8_t)(bits + shift) };
	return true;
}

const char *ipnet_text(const struct ipnet *net, char text[static IPNET_TEXT])
{
	char addr[IPADDR_TEXT];
	bool v4 = ipaddr_is_v4(&net->addr) && net->bits >= 96;

	snprintf(text, IPNET_TEXT, "%s/%u", ipaddr_text(&net->addr, addr),
		 (net->bits - (v4 ? 96u : 0u)) & 0xff);
	return text;
}

bool ipnet_has(const struct ipnet *net, const struct ipaddr *a)
{
	return ipword_in(net, a);
}

bool ipaddr_nat64(const struct ipaddr *a, struct ipaddr *inside)
{
	if (!ipaddr_is_nat64(a))
		return false;
	*inside = ipaddr_v4(a->b + IPADDR_V4_AT);
	return true;
}

enum ipclass ipaddr_class(const struct ipaddr *a)
{
	return ipaddr_is_v4(a) || ipaddr_is_nat64(a) ?
	       ipword_v4_class(ipword_at(a, IPADDR_V4_AT)) :
	       ipword_v6_class(a);
}

static const char *const class_names[] = {
	[IPCLASS_PUBLIC] = "public",
	[IPCLASS_PRIVATE] = "private",
	[IPCLASS_UNSPECIFIED] = "unspecified",
	[IPCLASS_LOOPBACK] = "loopback",
	[IPCLASS_LINKLOCAL] = "link-local",
	[IPCLASS_MULTICAST] = "multicast",
	[IPCLASS_BROADCAST] = "broadcast",
};
_Static_assert(NITEMS(class_names) == IPCLASS__N, "a class without a name");

const char *ipclass_name(enum ipclass c)
{
	return (unsigned int)c < IPCLASS__N ? class_names[c] : "?";
}
