/* SPDX-License-Identifier: ISC */
/*
 * hold.h - who waits for an answer, and the answer that waits for control
 *
 * The part of resolve.c that begins when a question has its answer, or is
 * known to get none.
 */
#ifndef HOLD_H
#define HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "client.h"
#include "exchange.h"
#include "reply.h"

struct loop;

void hold_init(struct loop *l);

/* from waits for q's answer. False: too many do. */
bool hold_join(struct loop *l, struct question *q, const struct ask *ask,
	       const struct client *from);
/* Nobody waits any more, and nobody gets a reply. */
void hold_leave(struct loop *l, struct question *q);

/* Asks control to open q's addresses; the answer stays in its slot. q may be
 * over when it returns. */
void hold_grant(struct loop *l, struct question *q);
/* Acks are in the ring. */
void hold_acks(struct loop *l);

/* All who wait get the answer, open until then; it is cached; q is over. */
void hold_release(struct loop *l, struct question *q, uint64_t until);
/* All who wait get an empty reply; q is over. */
void hold_fail(struct loop *l, struct question *q, unsigned int rcode);

/* Until when all of them are open, at most until; 0 if one is not. */
uint64_t hold_open_until(const struct loop *l, const struct ipaddr *addrs,
			 unsigned int n, uint64_t until);
/* One client gets the answer m, which lies in msg and is patched there. */
void hold_send(struct loop *l, const struct dnsmsg *m, uint8_t *msg,
	       const struct ask *ask, const struct client *to, uint64_t until);

#endif /* HOLD_H */
