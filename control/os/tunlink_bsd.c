/* SPDX-License-Identifier: ISC */
#include "os/routemsg_bsd.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sockio.h>
#include <unistd.h>

#include "os/tunlink.h"
#include "shared/socket.h"

#ifndef RTF_LOCAL
#define RTF_LOCAL 0
#endif
#ifndef RTF_LLINFO
#define RTF_LLINFO RTF_LLDATA
#endif

/* To its own addresses and neighbours, and what every interface has. */
static bool leads_nowhere(const struct routemsg *m)
{
	struct routemsg_addresses a;
	struct ipaddr dst;

	if ((m->h->rtm_flags & (RTF_LOCAL | RTF_LLINFO)) != 0 ||
	    !routemsg_addresses(m, sizeof(*m->h), m->h->rtm_addrs, &a) ||
	    !routemsg_address(a.at[RTAX_DST], &dst))
		return true;
	return ipaddr_class(&dst) == IPCLASS_LINKLOCAL ||
	       ipaddr_class(&dst) == IPCLASS_MULTICAST;
}

static void on_route(const struct routemsg *m, void *data)
{
	struct tunlink *link = data;

	if (m->len >= sizeof(*m->h) && m->h->rtm_index == link->ifindex &&
	    (m->h->rtm_flags & RTF_UP) != 0 && !leads_nowhere(m))
		link->routed = true;
}

static int read_flags(const char *ifname, struct tunlink *link)
{
	struct ifreq r = { 0 };
	int fd = socket_open(AF_INET, SOCK_DGRAM), error = 0;

	if (fd < 0)
		return fd;
	memcpy(r.ifr_name, ifname, strnlen(ifname, sizeof(r.ifr_name) - 1));
	if (ioctl(fd, SIOCGIFFLAGS, &r) < 0)
		error = errno == ENXIO ? 0 : -errno;
	else
		link->ifindex = if_nametoindex(r.ifr_name);
	link->up = link->ifindex != 0 && (r.ifr_flags & IFF_UP) != 0;
	link->running = link->up && (r.ifr_flags & IFF_RUNNING) != 0;
	close(fd);
	return error;
}

/* The kernel's own WireGuard (FreeBSD) is not asked: it looks as any tun. */
int tunlink_read(const char *ifname, struct tunlink *link)
{
	struct tunlink found = { 0 };
	int error = read_flags(ifname, &found);

	if (error == 0 && found.up)
		error = routemsg_dump(AF_INET, NET_RT_DUMP, 0, on_route,
				      &found);
	if (error == 0 && found.up && !found.routed)
		error = routemsg_dump(AF_INET6, NET_RT_DUMP, 0, on_route,
				      &found);
	if (error == 0)
		*link = found;
	return error;
}
