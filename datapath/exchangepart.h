/* SPDX-License-Identifier: ISC */
/*
 * exchangepart.h - what the parts of exchange.c share: exchangesend.c,
 * exchangetcp.c and exchangewire.c
 */
#ifndef EXCHANGEPART_H
#define EXCHANGEPART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exchange.h"
#include "slice.h"

/* Is the message in slot a response of server u that counts? If so, q's view
 * is of it. */
bool exchange_take(struct exchange *x, struct question *q, unsigned int u,
		   uint16_t slot, size_t off, size_t len);
/* Whose answer a message may be that came to this port from its server, by its
 * id, and which of his servers that is. NULL: nobody's who waits, or one too
 * long to be read; it is counted why. */
struct question *exchange_meant(struct exchange *x, uint16_t port,
				struct slice msg, unsigned int *u);

uint8_t exchange_index(const struct exchange *x, const struct question *q);
/* Sends q's query to its server u. With doubt: see wire.h. */
void exchange_send(struct exchange *x, struct question *q, unsigned int u,
		   bool doubt, uint64_t now);
/* Another id, another spelling. */
bool exchange_draw(struct exchange *x, const struct question *q,
		   struct question_server *s);

#endif /* EXCHANGEPART_H */
