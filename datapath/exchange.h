/* SPDX-License-Identifier: ISC */
/*
 * exchange.h - questions in flight: ids, case, retries, TCP, lateness
 *
 * A question is asked of all upstreams at once, each through a socket of its
 * own with an id and a spelling (0x20) of its own, and asked again after
 * 100, 300 and 900 ms. What comes back is matched here; whether it is a good
 * answer is for the caller to say.
 *
 * With a wire, packets take the place of sockets. A socket only keeps the
 * port then, and there is no TCP: what says TC is asked again with EDNS.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "counters.h"
#include "limits.h"
#include "poller.h"
#include "question.h"
#include "slots.h"

struct wire;

struct exchange {
	struct poller *poller;
	struct wire *wire;		/* NULL: through sockets */
	struct slots *slots;
	struct counters *counters;
	uint64_t token;			/* of question 0, server 0 */
	struct question question[QUESTIONS_MAX];
};

enum { EXCHANGE_TCP = POLICY_UPSTREAMS, EXCHANGE_TOKENS = 8 };

/*
 * The tokens it gives the poller are first + question * EXCHANGE_TOKENS + n,
 * n being a server's number or EXCHANGE_TCP.
 */
void exchange_init(struct exchange *x, struct poller *poller,
		   struct slots *slots, struct counters *counters,
		   uint64_t first);

/* The question that is being asked or held, or NULL. */
struct question *exchange_find(struct exchange *x, const uint8_t *name,
			       size_t len, uint16_t type);

/* A new question, not yet asked of anybody, or NULL when the table is full. */
struct question *exchange_new(struct exchange *x, const uint8_t *name,
			      size_t len, uint16_t type, uint64_t now);

/* Asks all upstreams of p. False if there is none that could be asked. */
bool exchange_ask(struct exchange *x, struct question *q,
		  const struct policy *p, uint64_t now);

/*
 * Something is to be read at question i, part n (see exchange_init). True: a
 * response of server *server to this question lies in q->slot as q->view, its
 * rcode NOERROR or NXDOMAIN. The caller keeps it or calls exchange_reject().
 */
bool exchange_read(struct exchange *x, struct question *q, unsigned int n,
		   uint64_t now, unsigned int *server);

/* The response in q->slot was no good: drop it, and hope for the others. */
void exchange_reject(struct exchange *x, struct question *q,
		     unsigned int server);

/* All upstreams have failed, or time is up. */
bool exchange_hopeless(const struct question *q, uint64_t now);

/* Sends again what is due. */
void exchange_retry(struct exchange *x, struct question *q, uint64_t now);

/* Closes all that q has: it is as new, and not yet asked of anybody. */
void exchange_restart(struct exchange *x, struct question *q, uint64_t now);

/* As if it were asked only now: the network has changed under it. */
void exchange_again(struct question *q, uint64_t now);

/* The question is over; its slot is released, its sockets linger. */
void exchange_end(struct exchange *x, struct question *q, uint64_t now);

/* The question is over and leaves nothing behind. */
void exchange_drop(struct exchange *x, struct question *q);

/* Closes sockets that have lingered enough. The next time something is due,
 * boot time in ns; UINT64_MAX = nothing. */
uint64_t exchange_due(struct exchange *x, uint64_t now);

/* --- for its parts, exchangetcp.c and exchangewire.c --- */

/* Is the message in slot a response of server u that counts? If so, q's view
 * is of it. */
bool exchange_take(struct exchange *x, struct question *q, unsigned int u,
		   uint16_t slot, size_t off, size_t len);

/* Sends q's query to s. With doubt: see wire.h. */
void exchange_send(struct exchange *x, struct question *q,
		   struct question_server *s, bool doubt, uint64_t now);
/* Another id, another spelling. */
bool exchange_draw(const struct question *q, struct question_server *s);

#endif /* EXCHANGE_H */
