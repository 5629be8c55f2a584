/* SPDX-License-Identifier: ISC */
#include "shared/socket.h"

int socket_receive(int fd, struct mmsghdr *m, unsigned int n)
{
	return recvmmsg(fd, m, n, MSG_TRUNC, NULL);
}

int socket_send(int fd, struct mmsghdr *m, unsigned int n)
{
	return sendmmsg(fd, m, n, 0);
}
