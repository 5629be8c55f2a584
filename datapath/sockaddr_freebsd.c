/* SPDX-License-Identifier: ISC */
/*
 * No option ties a socket to an interface for good. What comes nearest: the
 * interface's own routing table where it has one (setfib(1)), IPv6's packet
 * information, and for IPv4 the interface's address as the source: an answer
 * comes back to that, and a packet by another way is the firewall's to refuse.
 */
#include "sockaddr.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sockio.h>

static int set_fib(int fd, const char *name)
{
	struct ifreq r = { 0 };
	int fib;

	memcpy(r.ifr_name, name, strnlen(name, sizeof(r.ifr_name) - 1));
	if (ioctl(fd, SIOCGIFFIB, &r) < 0)
		return 0;	/* a kernel with one table */
	fib = (int)r.ifr_fib;
	return setsockopt(fd, SOL_SOCKET, SO_SETFIB, &fib, sizeof(fib)) < 0 ?
	       -errno : 0;
}

static bool is_v4_of(const struct ifaddrs *a, const char *name)
{
	return a->ifa_addr != NULL && a->ifa_addr->sa_family == AF_INET &&
	       strcmp(a->ifa_name, name) == 0;
}

static int bind_v4(int fd, const char *name, uint16_t port)
{
	struct sockaddr_in sa;
	struct ifaddrs *all, *a;
	int error = -EADDRNOTAVAIL;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (a = all; a != NULL && error != 0; a = a->ifa_next) {
		if (!is_v4_of(a, name))
			continue;
		memcpy(&sa, a->ifa_addr, sizeof(sa));
		sa.sin_port = htons(port);
		error = bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0 ?
			-errno : 0;
	}
	freeifaddrs(all);
	return error;
}

static int bind_v6(int fd, uint32_t ifindex, uint16_t port)
{
	const struct in6_pktinfo info = { .ipi6_ifindex = ifindex };

	if (setsockopt(fd, IPPROTO_IPV6, IPV6_PKTINFO, &info,
		       sizeof(info)) < 0)
		return -errno;
	return sockaddr_bind_port(fd, AF_INET6, port);
}

int sockaddr_bind_interface(int fd, int family, uint32_t ifindex,
			    uint16_t port)
{
	char name[IF_NAMESIZE];
	int error;

	if (if_indextoname(ifindex, name) == NULL)
		return -errno;
	error = set_fib(fd, name);
	if (error < 0)
		return error;
	return family == AF_INET ? bind_v4(fd, name, port) :
				   bind_v6(fd, ifindex, port);
}
