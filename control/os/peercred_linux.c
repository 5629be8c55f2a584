/* SPDX-License-Identifier: ISC */
#include "os/peercred.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>

static int ask(int fd, struct ucred *peer)
{
	socklen_t len = sizeof(*peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &len) != 0 ?
	       -errno : 0;
}

int peercred_user(int fd, uid_t *uid)
{
	struct ucred peer;
	int error = ask(fd, &peer);

	if (error == 0)
		*uid = peer.uid;
	return error;
}

static bool in_groups(int fd, gid_t gid)
{
	socklen_t len = 0;
	gid_t *groups;
	bool found = false;

	/* Asks how many octets they take (sock_getsockopt() in Linux). */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) == 0 ||
	    errno != ERANGE)
		return false;
	groups = malloc(len);
	if (groups == NULL)
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0)
		for (size_t i = 0; i < len / sizeof(*groups); i++)
			found |= groups[i] == gid;
	free(groups);
	return found;
}

bool peercred_member(int fd, gid_t gid)
{
	struct ucred peer;

	return ask(fd, &peer) == 0 &&
	       (peer.gid == gid || in_groups(fd, gid));
}
