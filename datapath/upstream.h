/* SPDX-License-Identifier: ISC */
/*
 * upstream.h - towards the host's DNS servers: plain sockets
 *
 * A socket's port is random: the kernel draws it when it first sends, or we
 * do, of those that the firewall knows us by (u->from). It is bound to the
 * interface that the server belongs to, since there may be no default route
 * yet.
 */
#ifndef UPSTREAM_H
#define UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "compat.h"
#include "shared/policy.h"

enum { UPSTREAM_BATCH = 16 };

struct upstream_datagram {
	uint8_t *p;
	size_t len;		/* received: its true length, which may exceed */
	size_t cap;		/* ... the room for it */
	bool from_it;		/* received: the server has sent it */
};

/* A non-blocking UDP socket, or -errno (-EADDRINUSE: all of u->from are). Not
 * connected, so that packets from a wrong source are seen and counted. */
NODISCARD int upstream_open(const struct policy_upstream *u);
/* The first of n datagrams, UPSTREAM_BATCH at most: how many were sent, or
 * -errno of the first. */
NODISCARD int upstream_send(int fd, const struct policy_upstream *u,
			    const struct upstream_datagram *d, unsigned int n);
/* As many as there are, at most n: how many, or -errno. */
NODISCARD int upstream_recv(int fd, const struct policy_upstream *u,
			    struct upstream_datagram *d, unsigned int n);
/* A non-blocking TCP socket on its way to u, or -errno. */
NODISCARD int upstream_connect(const struct policy_upstream *u);

#endif /* UPSTREAM_H */
