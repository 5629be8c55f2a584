/* SPDX-License-Identifier: ISC */
#include <sys/param.h>
#include <sys/socket.h>
#include <sys/ucred.h>
#include <sys/un.h>

#include "os/peercred.h"

#include <errno.h>

#ifndef SOL_LOCAL
#define SOL_LOCAL 0		/* the level of local sockets' options */
#endif

/* As it was when the peer connected. */
static int ask(int fd, struct xucred *peer)
{
	socklen_t len = sizeof(*peer);

	if (getsockopt(fd, SOL_LOCAL, LOCAL_PEERCRED, peer, &len) != 0)
		return -errno;
	return len != sizeof(*peer) || peer->cr_version != XUCRED_VERSION ?
	       -EPROTO : 0;
}

int peercred_user(int fd, uid_t *uid)
{
	struct xucred peer;
	int error = ask(fd, &peer);

	if (error == 0)
		*uid = peer.cr_uid;
	return error;
}

/* The first is the primary one. The kernel tells no more than XU_NGROUPS: who
 * is in more may be refused, but nobody is taken for a member. */
bool peercred_member(int fd, gid_t gid)
{
	struct xucred peer;

	if (ask(fd, &peer) != 0)
		return false;
	for (int i = 0; i < peer.cr_ngroups && i < (int)NITEMS(peer.cr_groups);
	     i++)
		if (peer.cr_groups[i] == gid)
			return true;
	return false;
}
