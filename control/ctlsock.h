/* SPDX-License-Identifier: ISC */
/*
 * ctlsock.h - the control socket's name on disk, and who is at its other end
 */
#ifndef CTLSOCK_H
#define CTLSOCK_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "compat.h"
#include "why.h"

struct ctlsock {
	int fd;			/* listens; non-blocking */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t dev;		/* of the name when it was made: only that */
	ino_t ino;		/* one is removed at the end */
};

/*
 * Everybody may connect. A socket that nobody answers on any more is
 * replaced; another daemon, or a file of another kind, is an error.
 */
NODISCARD int ctlsock_open(struct ctlsock *s, const char *path,
			   struct why *why);
void ctlsock_close(struct ctlsock *s);

/*
 * The user that connected, and whether it is root or in the group admin,
 * primary or supplementary. (gid_t)-1: there is no such group.
 */
NODISCARD int ctlsock_peer(int fd, gid_t admin, uid_t *uid, bool *may_change);

#endif /* CTLSOCK_H */
