/* SPDX-License-Identifier: ISC */
/*
 * A socket gets its flags after its birth. Control starts other programs from
 * the thread that makes sockets, so none of them can inherit one meanwhile.
 */
#include "shared/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

/* Octets: any record of ours at once, so that it is never read in parts. */
enum { PAIR_BUFFER = 65536 };

static int refine(int fd, bool waits)
{
	int on = 1;

	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
	    (waits || fcntl(fd, F_SETFL, O_NONBLOCK) == 0) &&
	    setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on)) == 0)
		return 0;
	return -errno;
}

static int refined(int fd)
{
	int error = fd < 0 ? -errno : refine(fd, false);

	if (fd >= 0 && error < 0)
		close(fd);
	return error < 0 ? error : fd;
}

int socket_open(int family, int type)
{
	return refined(socket(family, type, 0));
}

int socket_accept(int fd, struct sockaddr *sa, socklen_t *len)
{
	return refined(accept(fd, sa, len));
}

static int enlarge(int fd)
{
	int size = PAIR_BUFFER;

	return setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) < 0 ||
	       setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0 ?
	       -errno : refine(fd, true);
}

/* Local sockets of records do not exist here. */
int socket_pair(int ends[2])
{
	int error;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return -errno;
	error = enlarge(ends[0]);
	if (error == 0)
		error = enlarge(ends[1]);
	if (error < 0) {
		close(ends[0]);
		close(ends[1]);
	}
	return error;
}
