/* SPDX-License-Identifier: ISC */
/*
 * tun.h - a device whose packets a process reads and writes
 *
 * It lives as long as a descriptor of it, in whatever process.
 */
#ifndef TUN_H
#define TUN_H

#include "compat.h"
#include "why.h"

/* A new one of that name, down, and a non-blocking descriptor. One that is
 * there already is refused, ours or not. */
NODISCARD int tun_open(const char *name, int *fd, struct why *why);
/* Throws away what waits to be read. */
void tun_drain(int fd);

#endif /* TUN_H */
