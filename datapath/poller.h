/* SPDX-License-Identifier: ISC */
/*
 * poller.h - wait for descriptors, told apart by a token
 *
 * Level-triggered but for kicks. Closing a descriptor forgets it, so a token may still come
 * once for one that was closed in the same round: readers get EAGAIN or
 * EBADF-free nothing and go on.
 */
#ifndef POLLER_H
#define POLLER_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"

struct poller {
	int fd;
};

NODISCARD int poller_open(struct poller *p);
NODISCARD int poller_add(struct poller *p, int fd, uint64_t token);
/* A descriptor that is only ever written to by the other process: told once
 * for each write, and never to be read. */
NODISCARD int poller_add_kick(struct poller *p, int fd, uint64_t token);
/* Readable, and while `write` is set, writable too. */
NODISCARD int poller_mod(struct poller *p, int fd, uint64_t token, bool write);
/* Up to max tokens; 0 after timeout_ms (-1: none) or a signal. */
int poller_wait(struct poller *p, uint64_t *tokens, int max, int timeout_ms);

#endif /* POLLER_H */
