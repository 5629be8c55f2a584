/* SPDX-License-Identifier: ISC */
/*
 * question.h - one question in flight: the message that asks it, and whether
 * another one answers it
 *
 * Pure; what is sent when, and how long, is exchange.h's.
 */
#ifndef QUESTION_H
#define QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dnsmsg.h"
#include "limits.h"
#include "shared/policy.h"

enum question_state {
	QUESTION_FREE,
	QUESTION_ASKING,	/* upstream has not answered yet */
	QUESTION_HELD,		/* an answer lies here until control acknowledges */
	QUESTION_LINGER,	/* over; sockets stay a while to count what is late */
};

struct question_server {
	uint16_t port;		/* see ports.h; PORTS_NONE = none */
	uint8_t use;		/* ... and the place there */
	bool queued;		/* about to be sent */
	uint16_t id;
	bool failed;		/* nothing more to hope for */
	bool large;		/* with frames: it said TC; EDNS, no TCP */
	uint8_t spelt[DNSNAME_MAX];	/* 0x20: the name as we sent it */
};

struct question_tcp {
	int fd;			/* -1 = none */
	uint8_t server;
	bool sent;
	uint16_t slot;		/* length prefix and message */
	uint16_t got;		/* octets of it */
};

struct question {
	enum question_state state;
	uint8_t place;			/* in the list of those that are open */
	uint16_t type;
	uint8_t name_len;
	uint8_t name[DNSNAME_MAX];	/* unpacked, lower case */
	uint64_t born;			/* boot time, ns; so the next two */
	uint64_t retry_at, deadline;
	uint8_t tries;
	bool sent;			/* to at least one server, at least once */
	uint8_t n_servers;
	struct question_server server[POLICY_UPSTREAMS];
	struct question_tcp tcp;

	/* For the caller: the answer that is held, and who waits for it. */
	uint16_t slot;			/* SLOTS_NONE = none */
	struct dnsmsg view;		/* of the slot */
	uint16_t n_addrs;
	struct ipaddr addrs[ALLOW_PER_NAME];
	uint32_t lifetime;		/* seconds */
	uint32_t grant;			/* id */
	uint64_t answered;		/* boot time, ns; 0 = from the cache */
	uint64_t fresh_until;		/* the cached answer's own end; else UINT64_MAX */
	uint16_t askers;		/* list of askers, ASKERS_NONE = empty */
	uint16_t n_askers;
};

enum { QUESTION_OPT = 11 };	/* RFC 6891, 6.1.2, no options */
enum { QUESTION_MESSAGE = DNSMSG_HEADER + DNSNAME_MAX + 4 + QUESTION_OPT };
enum { QUESTION_RESPONSE = SLOT_SIZE - 64 };	/* may grow by an OPT record */

/* Draft-vixie-dnsext-dns0x20: one of the bits for each octet of name decides
 * the case of the letter it is. */
void question_spell(uint8_t *out, const uint8_t *name, size_t len,
		    const uint8_t *bits);

/* q as it is asked of s; the octets written. */
size_t question_build(const struct question *q,
		      const struct question_server *s,
		      uint8_t out[static QUESTION_MESSAGE]);

/*
 * Why m, which came from s, is no answer to q (an enum counter), or -1. All
 * of "a response counts only if" but for its source and its rcode.
 */
int question_mismatch(const struct question *q,
		      const struct question_server *s, const struct dnsmsg *m);

#endif /* QUESTION_H */
