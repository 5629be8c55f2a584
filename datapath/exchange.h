/* SPDX-License-Identifier: ISC */
/*
 * exchange.h - questions in flight: ids, case, retries, TCP, lateness
 *
 * A question is asked of all upstreams at once, each through a port (ports.h)
 * with an id and a spelling (0x20) of its own, and asked again after 100, 300
 * and 900 ms. What comes back is matched here; whether it is a good answer is
 * for the caller to say.
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
#include "ports.h"
#include "question.h"
#include "slots.h"

struct wire;

/*
 * Something was said to q. good: it lies in q->slot as q->view, a response of
 * this server to this question, its rcode NOERROR or NXDOMAIN; the receiver
 * keeps it or calls exchange_reject(). Else it may be hopeless now.
 */
typedef void exchange_heard(void *context, struct question *q,
			    unsigned int server, bool good);

enum {
	EXCHANGE_OUTBOX = 64,
	EXCHANGE_RANDOM = 256,	/* the most that getentropy() gives */
};

struct exchange {
	struct poller *poller;
	struct wire *wire;		/* NULL: through sockets */
	struct slots *slots;
	struct counters *counters;
	uint64_t token;			/* of port 0; TCP is behind the ports */
	/* Told of each question that has left. May be NULL. */
	void (*on_sent)(void *context, const struct question *q);
	void *context;
	/* Indices: being asked or held; lingering, oldest first; the rest. */
	uint8_t open[QUESTIONS_MAX], linger[QUESTIONS_MAX],
		vacant[QUESTIONS_MAX];
	unsigned int n_open, n_linger, n_vacant;
	struct exchange_out {
		uint8_t question, server;
	} outbox[EXCHANGE_OUTBOX];
	unsigned int n_out;
	unsigned int n_random;		/* octets left of these */
	uint8_t random[EXCHANGE_RANDOM];
	struct ports ports;
	struct question question[QUESTIONS_MAX];
};

void exchange_init(struct exchange *x, struct poller *poller,
		   struct slots *slots, struct counters *counters,
		   uint64_t first);
/* Questions are asked by frames from now on. */
void exchange_set_wire(struct exchange *x, struct wire *w);

/* The question that is being asked or held, or NULL. */
struct question *exchange_find(struct exchange *x, const uint8_t *name,
			       size_t len, uint16_t type);
/* The i-th of n_open. Who goes through them from the last to the first may
 * end the one at hand. */
struct question *exchange_open(struct exchange *x, unsigned int i);

/* A new question, not yet asked of anybody, or NULL when the table is full. */
struct question *exchange_new(struct exchange *x, const uint8_t *name,
			      size_t len, uint16_t type, uint64_t now);

/* Asks all upstreams of p. False if there is none that could be asked. */
bool exchange_ask(struct exchange *x, struct question *q,
		  const struct policy *p, uint64_t now);

/* What was to be sent in this round of the loop is sent. */
void exchange_flush(struct exchange *x);

/* Something is to be read at this token of its. */
void exchange_read(struct exchange *x, uint64_t token, uint64_t now,
		   exchange_heard *heard, void *context);

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

/* The question is over; its slot is released, its ports linger. */
void exchange_end(struct exchange *x, struct question *q, uint64_t now);

/* The question is over and leaves nothing behind. */
void exchange_drop(struct exchange *x, struct question *q);

/* Lets go of what has lingered enough. The next time something is due,
 * boot time in ns; UINT64_MAX = nothing. */
uint64_t exchange_due(struct exchange *x, uint64_t now);

#endif /* EXCHANGE_H */
