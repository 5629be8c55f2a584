/* SPDX-License-Identifier: ISC */
/*
 * socket.h - sockets as they are made here: closed by exec(), and, but for a
 * pair's ends, never waiting
 *
 * A write to who is gone is an error and no signal (MSG_NOSIGNAL, or what the
 * system has instead of it).
 */
#ifndef SOCKET_H
#define SOCKET_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "compat.h"

/* A descriptor or -errno. */
NODISCARD int socket_open(int family, int type);
NODISCARD int socket_accept(int fd, struct sockaddr *sa, socklen_t *len);

/*
 * Two ends, for records of a size that both know: each is sent by one send(),
 * and received by one recv() with MSG_WAITALL. The end of the other is read
 * as the end of a file.
 */
NODISCARD int socket_pair(int ends[2]);

/* By one system call where there is one: how many, or -1 with errno. Of a
 * datagram that is longer than its buffer msg_len says more than fits. */
int socket_receive(int fd, struct mmsghdr *m, unsigned int n);
int socket_send(int fd, struct mmsghdr *m, unsigned int n);

#endif /* SOCKET_H */
