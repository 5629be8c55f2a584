/* SPDX-License-Identifier: ISC */
#include "sockaddr.h"

#include <errno.h>

_Static_assert(IP_BOUND_IF == 25 && IPV6_BOUND_IF == 125, "xnu, netinet/in.h");

int sockaddr_bind_interface(int fd, int family, uint32_t ifindex,
			    uint16_t port)
{
	int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int option = family == AF_INET ? IP_BOUND_IF : IPV6_BOUND_IF;
	unsigned int index = ifindex;

	if (setsockopt(fd, level, option, &index, sizeof(index)) < 0)
		return -errno;
	return sockaddr_bind_port(fd, family, port);
}
