/* SPDX-License-Identifier: ISC */
#include "sockaddr.h"

#include <errno.h>
#include <unistd.h>

#include "shared/socket.h"

void sockaddr_queue(int fd, int octets)
{
	/* kern.ipc.maxsockbuf bounds it: half as much, until it is taken. */
	while (octets > 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets,
					sizeof(octets)) < 0)
		octets /= 2;
}

/* Sockets carry no filters here. One whose queue has no room drops all that
 * comes, and the kernel answers nothing, as the port is taken. */
int sockaddr_reserve(bool v4, uint16_t *port)
{
	int family = v4 ? AF_INET : AF_INET6, room = 1;
	union sockaddr_any sa = { .sa.sa_family = (sa_family_t)family };
	socklen_t len = v4 ? sizeof(sa.in) : sizeof(sa.in6);
	int fd = socket_open(family, SOCK_DGRAM), error;

	if (fd < 0)
		return fd;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) == 0 &&
	    bind(fd, &sa.sa, len) == 0 && getsockname(fd, &sa.sa, &len) == 0) {
		*port = ntohs(v4 ? sa.in.sin_port : sa.in6.sin6_port);
		return fd;
	}
	error = -errno;
	close(fd);
	return error;
}
