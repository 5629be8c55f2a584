/* SPDX-License-Identifier: ISC */
/*
 * handset.h - elements into a kernel set by a message that lies ready
 *
 * The least that it takes: one send, one look at the answer. All but the
 * addresses is packed beforehand.
 */
#ifndef HANDSET_H
#define HANDSET_H

#include <stdint.h>

enum { HANDSET_MAX = 4 };

/* Does not return without a socket. */
void handset_open(const char *table, const char *set, uint32_t seconds);
/* 0 or -errno: n IPv4 addresses, in network order. */
int handset_add(const uint32_t *addr, unsigned int n);

#endif /* HANDSET_H */
