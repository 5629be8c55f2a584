/* SPDX-License-Identifier: ISC */
/*
 * linkevent.h - carriers that come and go: what the routing socket leaves out
 */
#ifndef LINKEVENT_H
#define LINKEVENT_H

#include <stdbool.h>

#include "compat.h"

/* Readable when there is an event; -EOPNOTSUPP: the routing socket has all. */
NODISCARD int linkevent_open(void);
/* 1: something has happened to that link; 0: nothing is left; -errno. */
NODISCARD int linkevent_next(int fd, unsigned int *ifindex);

/* Switched on, with its other end. Where nobody knows of that end, it is
 * there. */
bool linkevent_up(unsigned int ifindex);

#endif /* LINKEVENT_H */
