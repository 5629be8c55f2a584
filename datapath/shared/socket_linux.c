/* SPDX-License-Identifier: ISC */
#include "shared/socket.h"

#include <errno.h>

int socket_receive(int fd, struct mmsghdr *m, unsigned int n)
{
	return recvmmsg(fd, m, n, MSG_TRUNC, NULL);
}

int socket_send(int fd, struct mmsghdr *m, unsigned int n)
{
	return sendmmsg(fd, m, n, 0);
}

ssize_t socket_receive_one(int fd, void *p, size_t size, struct sockaddr *from,
			   socklen_t *len)
{
	ssize_t n = recvfrom(fd, p, size, MSG_TRUNC, from, len);

	return n < 0 ? -errno : n;
}
