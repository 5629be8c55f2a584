/* SPDX-License-Identifier: ISC */
#include "sockaddr.h"

#include <errno.h>

int sockaddr_bind_interface(int fd, int family, uint32_t ifindex)
{
	int index = (int)ifindex;

	(void)family;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index,
		       sizeof(index)) < 0)
		return -errno;
	return 0;
}
