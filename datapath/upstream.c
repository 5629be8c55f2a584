/* SPDX-License-Identifier: ISC */
#include "upstream.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

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
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -errno;
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

int upstream_send(int fd, const struct policy_upstream *u,
		  const struct upstream_datagram *d, unsigned int n)
{
	struct mmsghdr mm[UPSTREAM_BATCH];
	struct iovec iov[UPSTREAM_BATCH];
	union sockaddr_any sa;
	socklen_t salen = sockaddr_make(&sa, &u->addr, u->port, u->ifindex);
	int sent;

	for (unsigned int i = 0; i < n; i++) {
		iov[i] = (struct iovec){ d[i].p, d[i].len };
		mm[i].msg_hdr = (struct msghdr){
			.msg_name = &sa, .msg_namelen = salen,
			.msg_iov = &iov[i], .msg_iovlen = 1,
		};
	}
	sent = sendmmsg(fd, mm, n, 0);
	return sent < 0 ? -errno : sent;
}

int upstream_recv(int fd, const struct policy_upstream *u,
		  struct upstream_datagram *d, unsigned int n)
{
	union sockaddr_any from[UPSTREAM_BATCH];
	struct mmsghdr mm[UPSTREAM_BATCH];
	struct iovec iov[UPSTREAM_BATCH];
	struct ipaddr addr;
	uint16_t port;
	int got;

	for (unsigned int i = 0; i < n; i++) {
		iov[i] = (struct iovec){ d[i].p, d[i].cap };
		mm[i].msg_hdr = (struct msghdr){
			.msg_name = &from[i], .msg_namelen = sizeof(from[i]),
			.msg_iov = &iov[i], .msg_iovlen = 1,
		};
	}
	got = recvmmsg(fd, mm, n, MSG_TRUNC, NULL);
	if (got < 0)
		return -errno;
	for (int i = 0; i < got; i++) {
		d[i].len = mm[i].msg_len;
		d[i].from_it = sockaddr_split(&from[i], &addr, &port) &&
			       ipaddr_equal(&addr, &u->addr) &&
			       port == u->port;
	}
	return got;
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
