/* SPDX-License-Identifier: ISC */
/*
 * reply.h - the bytes that go back to a client
 *
 * Short replies are built here octet by octet; a forwarded answer is patched
 * where it lies: id, flags, the client's spelling of the name, TTLs, OPT.
 */
#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "dnsmsg.h"

/* What a reply must echo, copied out of the query's slot. */
struct ask {
	uint16_t id;
	uint16_t flags;		/* of the query: RD and CD are given back */
	uint16_t type;
	uint16_t room;		/* octets the client can take */
	bool edns;
	uint16_t question_len;
	uint8_t question[DNSNAME_MAX + 4];	/* as the client spelt it */
};

enum {
	REPLY_UDP_MAX = 1232,	/* what we say and send at most over UDP (DNS flag day 2020) */
	REPLY_OPT = 11,		/* octets of an empty OPT record */
	/* header, question, SOA or spoofed record, OPT */
	REPLY_SMALL = DNSMSG_HEADER + DNSNAME_MAX + 4 + 40 + REPLY_OPT,
};

/* Copies out what the reply to the query m needs. */
void reply_ask(struct ask *a, const struct dnsmsg *m, bool tcp);

/*
 * No answers; NOERROR and NXDOMAIN carry an SOA of TTL_NEGATIVE seconds owned
 * by the name (RFC 2308, 3). Returns the length written.
 */
size_t reply_empty(const struct ask *a, unsigned int rcode,
		   uint8_t out[static REPLY_SMALL]);

/* A or AAAA: an address that is never reachable, for TTL_NEGATIVE seconds. */
size_t reply_spoof(const struct ask *a, uint8_t out[static REPLY_SMALL]);

/* Truncated: come again over TCP. */
size_t reply_truncated(const struct ask *a, uint8_t out[static REPLY_SMALL]);

/*
 * Turns the proved response m, whose question has a's name and type, into the
 * reply to a, in place: nothing but the answer section stays, each TTL is ttl.
 * msg is m's message, with REPLY_OPT octets of room behind it. Returns its
 * new length.
 */
size_t reply_patch(const struct dnsmsg *m, uint8_t *msg, const struct ask *a,
		   uint32_t ttl);

#endif /* REPLY_H */
