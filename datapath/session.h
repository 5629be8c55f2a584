/* SPDX-License-Identifier: ISC */
/*
 * session.h - a client's TCP connection: what has come, and what is owed
 *
 * Whose octets they are, the kernel's socket's or the responder's, is not
 * known here. Messages have two octets of length before them (RFC 7766, 8);
 * one that is not whole yet waits in the session's slot.
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "client.h"
#include "counters.h"
#include "slots.h"

struct session {
	uint32_t generation;	/* moves on when it ends: late replies differ */
	uint16_t slot;		/* length prefix and message, as far as read */
	uint16_t got;
	uint16_t waiting;	/* replies still owed */
	uint64_t active;	/* boot time, ns, of the last octet read */
};

/* In a place that is free. False: there is no slot. */
NODISCARD bool session_begin(struct session *s, struct slots *slots,
			     uint64_t now);
void session_end(struct session *s, struct slots *slots);

/* Octets that can be read to session_room(); never 0 between readings. */
static inline size_t session_space(const struct session *s)
{
	return SLOT_SIZE - s->got;
}

static inline uint8_t *session_room(const struct session *s,
				    struct slots *slots)
{
	return slots_data(slots, s->slot) + s->got;
}

/*
 * n octets have been read: hands over every message that is whole, with
 * from->generation set. False: one will never fit, so the connection is of no
 * use. A reply that fails may end the session meanwhile.
 */
NODISCARD bool session_read(struct session *s, struct slots *slots, size_t n,
			    uint64_t now, struct client *from,
			    struct counters *counters, client_query *query,
			    void *context);

/* Of two, is a the one to lose? */
bool session_rather(const struct session *a, const struct session *b);

/* When it has been idle for too long; who waits for a reply never is. */
uint64_t session_due(const struct session *s);

#endif /* SESSION_H */
