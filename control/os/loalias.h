/* SPDX-License-Identifier: ISC */
/*
 * loalias.h - an address of our own in 127/8
 *
 * Elsewhere than on Linux, lo0 answers for those addresses alone that it has
 * been given. Ours is always the same, so that a daemon which comes back after
 * a crash knows it for its own.
 */
#ifndef LOALIAS_H
#define LOALIAS_H

#include <stdbool.h>

#include "compat.h"
#include "shared/ipaddr.h"

/* 127.115.97.108: "sal". */
struct ipaddr loalias_address(void);

/* Puts it there. -ENOTSUP: this system has no need of it. */
NODISCARD int loalias_add(void);
/* Is it there? */
bool loalias_stands(void);
/* Ours, or what one of us that died has left; none is fine. */
void loalias_remove(void);

#endif /* LOALIAS_H */
