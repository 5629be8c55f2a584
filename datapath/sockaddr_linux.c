/* SPDX-License-Identifier: ISC */
#include "sockaddr.h"

#include <errno.h>
#include <linux/filter.h>
#include <unistd.h>

#include "shared/socket.h"

int sockaddr_bind_interface(int fd, int family, uint32_t ifindex,
			    uint16_t port)
{
	int index = (int)ifindex;

	if (setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index,
		       sizeof(index)) < 0)
		return -errno;
	return sockaddr_bind_port(fd, family, port);
}

void sockaddr_queue(int fd, int octets)
{
	/* More than others may have: only root may. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets,
			 sizeof(octets));
}

int sockaddr_reserve(bool v4, uint16_t *port)
{
	static struct sock_filter drop = { .code = BPF_RET | BPF_K };
	const struct sock_fprog none = { 1, &drop };
	int family = v4 ? AF_INET : AF_INET6;
	union sockaddr_any sa = { .sa.sa_family = (sa_family_t)family };
	socklen_t len = v4 ? sizeof(sa.in) : sizeof(sa.in6);
	int fd = socket_open(family, SOCK_DGRAM);
	int error;

	if (fd < 0)
		return fd;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &none,
		       sizeof(none)) == 0 &&
	    bind(fd, &sa.sa, len) == 0 && getsockname(fd, &sa.sa, &len) == 0) {
		*port = ntohs(v4 ? sa.in.sin_port : sa.in6.sin6_port);
		return fd;
	}
	error = -errno;
	close(fd);
	return error;
}
