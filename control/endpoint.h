/* SPDX-License-Identifier: ISC */
/*
 * endpoint.h - where a VPN's own packets go
 */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "shared/ipaddr.h"

struct endpoint {
	struct ipaddr addr;
	uint16_t port;
	bool tcp;		/* else UDP */
};

/* "192.0.2.1:51820/udp", "[2001:db8::1]:443/tcp"; protocol defaults to udp. */
NODISCARD bool endpoint_parse(const char *text, struct endpoint *e);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
enum { ENDPOINT_TEXT = 64 };
const char *endpoint_text(const struct endpoint *e, char text[static ENDPOINT_TEXT]);

#endif /* ENDPOINT_H */
