/* SPDX-License-Identifier: ISC */
/*
 * One datagram a call: macOS has no public call for more, and FreeBSD's is a
 * loop in the C library.
 */
#include "shared/socket.h"

/* MSG_TRUNC only tells that something is missing: one octet stands for it. */
static ssize_t receive(int fd, struct msghdr *h)
{
	ssize_t n = recvmsg(fd, h, MSG_DONTWAIT);

	return n >= 0 && (h->msg_flags & MSG_TRUNC) != 0 ? n + 1 : n;
}

int socket_receive(int fd, struct mmsghdr *m, unsigned int n)
{
	unsigned int got = 0;

	while (got < n) {
		ssize_t len = receive(fd, &m[got].msg_hdr);

		if (len < 0)
			return got > 0 ? (int)got : -1;
		m[got++].msg_len = (unsigned int)len;
	}
	return (int)got;
}

int socket_send(int fd, struct mmsghdr *m, unsigned int n)
{
	unsigned int sent = 0;

	while (sent < n && sendmsg(fd, &m[sent].msg_hdr, MSG_DONTWAIT) >= 0)
		sent++;
	return sent > 0 ? (int)sent : -1;
}
