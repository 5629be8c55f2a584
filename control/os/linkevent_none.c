/* SPDX-License-Identifier: ISC */
/*
 * FreeBSD: RTM_IFINFO tells of carriers, too.
 */
#include "os/linkevent.h"

#include <errno.h>

int linkevent_open(void)
{
	return -EOPNOTSUPP;
}

int linkevent_next(int fd, unsigned int *ifindex)
{
	(void)fd;
	(void)ifindex;
	return 0;
}
