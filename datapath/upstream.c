/* SPDX-License-Identifier: ISC */
#include "upstream.h"

#include <errno.h>
#include <unistd.h>

#include "shared/socket.h"
#include "sockaddr.h"

static int tie(int fd, const struct policy_upstream *u)
{
	int family = ipaddr_is_v4(&u->addr) ? AF_INET : AF_INET6;

	return u->ifindex == 0 ? 0 :
	       sockaddr_bind_interface(fd, family, u->ifindex);
}

static int open_socket(const struct policy_upstream *u, int type)
{
	int family = ipaddr_is_v4(&u->addr) ? AF_INET : AF_INET6;
	int fd = socket_open(family, type);
	int error;

	if (fd < 0)
		return fd;
	error = tie(fd, u);
	if (error < 0) {
		close(fd);
		return error;
	}
	return fd;
}

int upstream_open(const struct policy_upstream *u)
{
	return open_socket(u, SOCK_DGRAM);
}

int upstream_park(int fd)
{
	uint8_t octet;
	int error = sockaddr_release(fd);

	/* What shrinks: the queue, as the port is nobody's. */
	while (error == 0 && recv(fd, &octet, 1, 0) >= 0)
		;
	return error;
}

int upstream_reopen(int fd, const struct policy_upstream *u)
{
	return tie(fd, u);
}

int upstream_send(int fd, const struct policy_upstream *u, const uint8_t *msg,
		  size_t len)
{
	union sockaddr_any sa;
	socklen_t salen = sockaddr_make(&sa, &u->addr, u->port, u->ifindex);

	return sendto(fd, msg, len, 0, &sa.sa, salen) < 0 ? -errno : 0;
}

ssize_t upstream_recv(int fd, const struct policy_upstream *u, uint8_t *buf,
		      size_t cap, bool *from_it)
{
	union sockaddr_any sa;
	socklen_t salen = sizeof(sa);
	struct ipaddr addr;
	uint16_t port;
	ssize_t n = socket_receive_one(fd, buf, cap, &sa.sa, &salen);

	if (n < 0)
		return n;
	*from_it = sockaddr_split(&sa, &addr, &port) &&
		   ipaddr_equal(&addr, &u->addr) && port == u->port;
	return n;
}

int upstream_connect(const struct policy_upstream *u)
{
	union sockaddr_any sa;
	socklen_t salen = sockaddr_make(&sa, &u->addr, u->port, u->ifindex);
	int fd = open_socket(u, SOCK_STREAM);
	int error;

	if (fd < 0)
		return fd;
	if (connect(fd, &sa.sa, salen) < 0 && errno != EINPROGRESS) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}
