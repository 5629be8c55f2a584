/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * Links and addresses are getifaddrs(3)'s, routes a dump of the kernel's. A
 * Mac has a dozen interfaces that are always up and lead nowhere (AirDrop's,
 * its own tunnels): a link counts as one that is up only with an address that
 * is not link-local.
 *
 * macOS has a default route for each interface, scoped to it; the one that is
 * not scoped is the default. While the system waits for its network check
 * there is none.
 */
#include "os/routemsg_bsd.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sockio.h>
#include <unistd.h>

#include "os/netinfo.h"
#include "shared/socket.h"

#ifndef RTF_IFSCOPE
#define RTF_IFSCOPE 0		/* FreeBSD has no scoped routes */
#endif

struct reading {
	struct netinfo n;
	unsigned int n_links;		/* up, with an address */
	bool own_full, has_default;
};

static void add_own(struct reading *r, const struct ipaddr *a)
{
	for (unsigned int i = 0; i < r->n.n_own; i++)
		if (ipaddr_equal(&r->n.own[i], a))
			return;
	if (r->n.n_own == POLICY_NETS)
		r->own_full = true;
	else
		r->n.own[r->n.n_own++] = *a;
}

static void copy_name(char to[static IF_NAMESIZE], const char *name)
{
	memset(to, 0, IF_NAMESIZE);
	memcpy(to, name, strnlen(name, IF_NAMESIZE - 1));
}

static void add_onlink(struct reading *r, const struct ipnet *net,
		       const char *name)
{
	struct netinfo *n = &r->n;

	if (n->n_onlink == POLICY_NETS)
		return;
	copy_name(n->onlink[n->n_onlink].ifname, name);
	n->onlink[n->n_onlink++].net = *net;
}

/* One that has been counted by another address is not another one. */
static void add_link(struct reading *r, const char *name)
{
	if (strncmp(r->n.only_ifname, name, IF_NAMESIZE) == 0)
		return;
	if (r->n_links++ == 0)
		copy_name(r->n.only_ifname, name);
	else
		memset(r->n.only_ifname, 0, IF_NAMESIZE);
}

/* As is_listed() of Linux's: those are refused by their class. */
static bool is_listed(const struct ipaddr *a)
{
	enum ipclass class = ipaddr_class(a);

	return class != IPCLASS_LOOPBACK && class != IPCLASS_LINKLOCAL;
}

static void on_address(struct reading *r, const struct ifaddrs *a)
{
	const unsigned int up = IFF_UP | IFF_RUNNING;
	bool far = (a->ifa_flags & IFF_POINTOPOINT) != 0 &&
		   a->ifa_dstaddr != NULL;
	struct ipaddr own;
	struct ipnet net;

	if (!routemsg_address(a->ifa_addr, &own) || !is_listed(&own))
		return;
	add_own(r, &own);
	if ((a->ifa_flags & IFF_LOOPBACK) != 0 || (a->ifa_flags & up) != up)
		return;
	add_link(r, a->ifa_name);
	if (routemsg_net(far ? a->ifa_dstaddr : a->ifa_addr, a->ifa_netmask,
			 &net) && is_listed(&net.addr) && net.bits < 128)
		add_onlink(r, &net, a->ifa_name);
}

static void on_route(const struct routemsg *m, void *data)
{
	struct routemsg_addresses a;
	struct ipaddr gateway = { { 0 } };
	struct reading *r = data;
	char name[IF_NAMESIZE];
	struct ipnet net;

	if (r->has_default || m->len < sizeof(*m->h) ||
	    (m->h->rtm_flags & RTF_UP) == 0 ||
	    (m->h->rtm_flags & (RTF_IFSCOPE | RTF_REJECT | RTF_BLACKHOLE |
				RTF_HOST)) != 0 ||
	    !routemsg_addresses(m, sizeof(*m->h), m->h->rtm_addrs, &a) ||
	    !routemsg_net(a.at[RTAX_DST], a.at[RTAX_NETMASK], &net) ||
	    net.bits != (a.at[RTAX_DST]->sa_family == AF_INET ? 96 : 0) ||
	    if_indextoname(m->h->rtm_index, name) == NULL)
		return;
	(void)routemsg_address(a.at[RTAX_GATEWAY], &gateway);
	copy_name(r->n.default_ifname, name);
	r->n.gateway = gateway;
	r->has_default = true;
}

static int read_all(struct reading *r)
{
	struct ifaddrs *all;
	int error;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (const struct ifaddrs *a = all; a != NULL; a = a->ifa_next)
		on_address(r, a);
	freeifaddrs(all);
	error = routemsg_dump(AF_INET, NET_RT_DUMP, 0, on_route, r);
	return error < 0 ? error :
	       routemsg_dump(AF_INET6, NET_RT_DUMP, 0, on_route, r);
}

int netinfo_read(struct netinfo *n, struct why *why)
{
	struct reading r = { 0 };
	int error = read_all(&r);

	if (error < 0)
		return why_set(why, error, "cannot read links, addresses and "
			       "routes: %s", strerror(-error));
	if (r.own_full)
		return why_set(why, -E2BIG, "this host has more than %d "
			       "addresses", POLICY_NETS);
	*n = r.n;
	return 0;
}

static void on_answer(const struct routemsg *m, void *data)
{
	*(unsigned int *)data = m->h->rtm_index;
}

static unsigned int route_to(const struct ipaddr *server)
{
	const struct routemsg_order o = { .type = RTM_GET, .dst = *server };
	unsigned int index = 0;

	return routemsg_ask(&o, on_answer, &index) == 0 ? index : 0;
}

static bool is_loopback(const char *ifname)
{
	return strncmp(ifname, "lo", 2) == 0;
}

void netinfo_interface(const struct netinfo *n, const struct ipaddr *server,
		       char ifname[static IF_NAMESIZE])
{
	/* fe80::/10 is on every link: the kernel would name any. */
	bool anywhere = !ipaddr_is_v4(server) &&
			ipaddr_class(server) == IPCLASS_LINKLOCAL;
	char name[IF_NAMESIZE];

	memset(ifname, 0, IF_NAMESIZE);
	if (!anywhere && netinfo_onlink(n, server, ifname))
		return;
	if (!anywhere && if_indextoname(route_to(server), name) != NULL &&
	    !is_loopback(name))
		copy_name(ifname, name);
	else
		memcpy(ifname, n->only_ifname, IF_NAMESIZE);
}

bool netinfo_up(unsigned int ifindex)
{
	struct ifreq r = { 0 };
	int fd = socket_open(AF_INET, SOCK_DGRAM);
	bool up;

	if (fd < 0)
		return false;
	up = if_indextoname(ifindex, r.ifr_name) != NULL &&
	     ioctl(fd, SIOCGIFFLAGS, &r) == 0 && (r.ifr_flags & IFF_UP) != 0;
	close(fd);
	return up;
}
