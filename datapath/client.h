/* SPDX-License-Identifier: ISC */
/*
 * client.h - where a query comes from, and its reply goes
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "craft.h"
#include "slice.h"
#include "sockaddr.h"

enum client_kind {
	CLIENT_UDP,		/* the listener's sockets */
	CLIENT_TCP,
	CLIENT_TUN_UDP,		/* the intake's packets */
	CLIENT_TUN_TCP,
};

/* It may be gone by the time of the reply; that is no error. */
struct client {
	uint8_t kind;		/* enum client_kind */
	uint8_t index;		/* of the socket or the connection */
	uint32_t generation;	/* of the connection */
	union {
		union sockaddr_any addr;	/* CLIENT_UDP */
		struct craft_ends ends;		/* CLIENT_TUN_UDP: the reply's */
	};
};

static inline bool client_is_tcp(const struct client *c)
{
	return c->kind == CLIENT_TCP || c->kind == CLIENT_TUN_TCP;
}

/* A query, in a slot that is the caller's until it returns. */
typedef void client_query(void *context, const struct client *from,
			  struct slice msg);

#endif /* CLIENT_H */
