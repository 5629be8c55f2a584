/* SPDX-License-Identifier: ISC */
#include "upstream.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shared/entropy.h"
#include "shared/socket.h"
#include "sockaddr.h"

static int tie(int fd, const struct policy_upstream *u, uint16_t port)
{
	int family = ipaddr_is_v4(&u->addr) ? AF_INET : AF_INET6;

	return u->ifindex == 0 ? sockaddr_bind_port(fd, family, port) :
	       sockaddr_bind_interface(fd, family, u->ifindex, port);
}

static int open_from(const struct policy_upstream *u, int type, uint16_t port)
{
	int family = ipaddr_is_v4(&u->addr) ? AF_INET : AF_INET6;
	int fd = socket_open(family, type);
	int error;

	if (fd < 0)
		return fd;
	error = tie(fd, u, port);
	if (error < 0) {
		close(fd);
		return error;
	}
	return fd;
}

/* The first that is free from a random one on, each once. Where they are 2^n,
 * all are equally likely. */
static int open_within(const struct policy_upstream *u, int type)
{
	unsigned int n = u->from[1] - u->from[0] + 1u;
	int fd = -EADDRINUSE;
	uint16_t at;

	if (!entropy_fill(&at, sizeof(at)))
		return -EIO;
	for (unsigned int i = 0; i < n && fd == -EADDRINUSE; i++)
		fd = open_from(u, type, (uint16_t)(u->from[0] + (at + i) % n));
	return fd;
}

static int open_socket(const struct policy_upstream *u, int type)
{
	return u->from[0] == 0 ? open_from(u, type, 0) : open_within(u, type);
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
	sent = socket_send(fd, mm, n);
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
	got = socket_receive(fd, mm, n);
	if (got < 0)
		return -errno;
	for (int i = 0; i < got; i++) {
		d[i].len = (size_t)mm[i].msg_len;
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
