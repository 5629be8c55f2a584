/* SPDX-License-Identifier: ISC */
/*
 * kick.h - one process wakes the other
 *
 * Kicks that nobody has taken yet are one.
 */
#ifndef KICK_H
#define KICK_H

#include "compat.h"

/* A descriptor for who waits, and one for who wakes it; 0 or -errno. */
NODISCARD int kick_open(int *taker, int *giver);
void kick_give(int giver);
/* Readable no more, until the next one. */
void kick_take(int taker);
/* The same for who is told of each kick once (EV_ET, poller_add_kick). */
void kick_told(int taker);

#endif /* KICK_H */
