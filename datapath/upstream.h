/* SPDX-License-Identifier: ISC */
/*
 * upstream.h - towards the host's DNS servers: plain sockets
 *
 * A socket for every question and server: its port is random (the kernel
 * draws it), and it is bound to the interface that the server belongs to,
 * since there may be no default route yet. It may serve another question
 * after that, with another port: that is quicker than to open one.
 */
#ifndef UPSTREAM_H
#define UPSTREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "compat.h"
#include "shared/policy.h"

/* A non-blocking UDP socket, or -errno. Not connected, so that packets from
 * a wrong source are seen and counted. */
NODISCARD int upstream_open(const struct policy_upstream *u);
/* The port is given back, and nothing more can come in; what has is thrown
 * away. Where that fails it is to be closed. */
NODISCARD int upstream_park(int fd);
/* One that is parked, and of u's family, is as if it had been opened for u:
 * the next send draws another port. */
NODISCARD int upstream_reopen(int fd, const struct policy_upstream *u);
NODISCARD int upstream_send(int fd, const struct policy_upstream *u,
			    const uint8_t *msg, size_t len);
/*
 * The next datagram: its true length (which may exceed cap) and *from_it,
 * whether u sent it; -errno when there is none.
 */
NODISCARD ssize_t upstream_recv(int fd, const struct policy_upstream *u,
				uint8_t *buf, size_t cap, bool *from_it);
/* A non-blocking TCP socket on its way to u, or -errno. */
NODISCARD int upstream_connect(const struct policy_upstream *u);

#endif /* UPSTREAM_H */
