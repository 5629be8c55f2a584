/* SPDX-License-Identifier: ISC */
/*
 * Where socket() and accept4() take what a socket is born with: Linux, FreeBSD.
 */
#include "shared/socket.h"

#include <errno.h>

int socket_open(int family, int type)
{
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

int socket_accept(int fd, struct sockaddr *sa, socklen_t *len)
{
	int client = accept4(fd, sa, len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	return client < 0 ? -errno : client;
}

int socket_pair(int ends[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ?
	       -errno : 0;
}
