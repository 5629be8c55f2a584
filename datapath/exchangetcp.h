/* SPDX-License-Identifier: ISC */
/*
 * exchangetcp.h - the one TCP connection that a question may have
 *
 * A part of exchange.c, and called by nobody else.
 */
#ifndef EXCHANGETCP_H
#define EXCHANGETCP_H

#include <stdbool.h>

#include "exchange.h"

/* Asks server u again, if no other one is being asked this way. */
void exchangetcp_start(struct exchange *x, struct question *q, unsigned int u);
/* As exchange_read(), of the connection. */
bool exchangetcp_read(struct exchange *x, struct question *q);
void exchangetcp_close(struct exchange *x, struct question *q);

#endif /* EXCHANGETCP_H */
