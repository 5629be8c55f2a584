/* SPDX-License-Identifier: ISC */
/*
 * resolve.h - from a query to its reply, the long way or the short one
 */
#ifndef RESOLVE_H
#define RESOLVE_H

#include <stdint.h>

#include "client.h"
#include "slice.h"

struct loop;
struct question;

/* A query has come (a client_query; context is the loop). */
void resolve_query(void *context, const struct client *from, struct slice msg);
/* An upstream socket can be read; token counts from the exchange's first. */
void resolve_upstream(struct loop *l, uint64_t token);
/* Link i of the wire can be read. */
void resolve_wire(struct loop *l, unsigned int i);

/* A question has left (exchange.h's on_sent; context is the loop). */
void resolve_sent(void *context, const struct question *q);
/* Retries what is due, gives up what is overdue. */
void resolve_timers(struct loop *l);
/* Resolves the next allowed names that nobody has asked for yet. */
void resolve_prefetch(struct loop *l);
/* The network may be better now: questions in flight are asked again. */
void resolve_again(struct loop *l);
/*
 * Another episode. Nothing that belongs to the old one is used any more: no
 * answer, no grant, no socket. Who waits is served in the new one, and gets
 * no reply at all when there is none.
 */
void resolve_renew(struct loop *l);

#endif /* RESOLVE_H */
