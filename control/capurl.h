/* SPDX-License-Identifier: ISC */
/*
 * capurl.h - the address of a network's captive portal API (RFC 8908)
 *
 * It comes from whoever runs the network: every octet is hostile. What is let
 * through is safe to print and to hand on.
 */
#ifndef CAPURL_H
#define CAPURL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dnsname.h"

enum { CAPURL_MAX = 255 };	/* octets, of any source; RFC 8910, 2.1 */

struct capurl {
	char text[CAPURL_MAX + 1];
	uint8_t host[DNSNAME_MAX];	/* wire form; unused octets are 0 */
	uint8_t host_len;		/* 0: the network says that it has none */
};

/*
 * NULL, or what is wrong with it in a few words; *u is untouched then. Only
 * https, port 443, no user, and a host that is a name of the DNS: RFC 8910, 2
 * says that it should be no address, and a certificate for one is rare.
 */
const char *capurl_read(const char *text, size_t len, struct capurl *u);

#endif /* CAPURL_H */
