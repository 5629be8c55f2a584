/* SPDX-License-Identifier: ISC */
/*
 * sockaddr.h - between struct ipaddr and what the socket calls want
 */
#ifndef SOCKADDR_H
#define SOCKADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "compat.h"
#include "shared/ipaddr.h"

union sockaddr_any {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* AF_INET for v4-mapped addresses, else AF_INET6 with scope (an interface
 * index) for link-local ones. Returns the length. */
socklen_t sockaddr_make(union sockaddr_any *sa, const struct ipaddr *a,
			uint16_t port, uint32_t scope);
/* False for any other family. */
bool sockaddr_split(const union sockaddr_any *sa, struct ipaddr *a,
		    uint16_t *port);

/* From this port; 0: from any. */
NODISCARD int sockaddr_bind_port(int fd, int family, uint16_t port);
/* ... and only through this interface, also while there is no route at all.
 * Needs no privilege for a socket that is not bound to one yet (Linux >= 5.7). */
NODISCARD int sockaddr_bind_interface(int fd, int family, uint32_t ifindex,
				      uint16_t port);

/* Room for so many octets that wait to be read; as far as the kernel lets us. */
void sockaddr_queue(int fd, int octets);

/*
 * A random UDP port of this family, kept from all others while the descriptor
 * is open. Nothing can be read from it: what comes in is dropped, and not
 * answered with ICMP.
 */
NODISCARD int sockaddr_reserve(bool v4, uint16_t *port);

#endif /* SOCKADDR_H */
