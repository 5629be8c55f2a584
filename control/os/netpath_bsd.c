/* SPDX-License-Identifier: ISC */
/*
 * macOS is asked as a socket bound to the interface would (RTF_IFSCOPE).
 * FreeBSD knows one route; one by another interface is none here, and the
 * server is taken for one on the link.
 */
#include "os/routemsg_bsd.h"

#include <ifaddrs.h>
#include <net/if_dl.h>
#include <string.h>

#include "os/netinfo.h"

#ifndef RTF_IFSCOPE
#define RTF_IFSCOPE 0
#endif
#ifndef RTF_LLINFO
#define RTF_LLINFO RTF_LLDATA
#endif

struct search {
	unsigned int ifindex;
	struct netpath *path;
};

static void on_route(const struct routemsg *m, void *data)
{
	struct routemsg_addresses a;
	const struct search *s = data;

	if (m->h->rtm_index != s->ifindex ||
	    !routemsg_addresses(m, sizeof(*m->h), m->h->rtm_addrs, &a))
		return;
	if ((m->h->rtm_flags & RTF_GATEWAY) != 0)
		(void)routemsg_address(a.at[RTAX_GATEWAY], &s->path->hop);
	(void)routemsg_address(a.at[RTAX_IFA], &s->path->source);
}

static bool is_none(const struct ipaddr *a)
{
	static const struct ipaddr none;

	return ipaddr_equal(a, &none);
}

/* The first one with a wide scope, or else a link-local one, of the family. */
static void find_source(struct search *s, bool v4)
{
	char name[IF_NAMESIZE] = "";
	struct ifaddrs *all;
	struct ipaddr own;

	if (if_indextoname(s->ifindex, name) == NULL || getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *a = all; a != NULL; a = a->ifa_next) {
		struct ipaddr *source = &s->path->source;

		if (strcmp(a->ifa_name, name) != 0 ||
		    !routemsg_address(a->ifa_addr, &own) ||
		    ipaddr_is_v4(&own) != v4)
			continue;
		if (is_none(source) ||
		    (ipaddr_class(source) == IPCLASS_LINKLOCAL &&
		     ipaddr_class(&own) != IPCLASS_LINKLOCAL))
			*source = own;
	}
	freeifaddrs(all);
}

static void on_neighbour(const struct routemsg *m, void *data)
{
	struct routemsg_addresses a;
	const struct search *s = data;
	struct ipaddr who;

	if (m->len >= sizeof(*m->h) && m->h->rtm_index == s->ifindex &&
	    routemsg_addresses(m, sizeof(*m->h), m->h->rtm_addrs, &a) &&
	    routemsg_address(a.at[RTAX_DST], &who) &&
	    ipaddr_equal(&who, &s->path->hop))
		(void)routemsg_mac(a.at[RTAX_GATEWAY], s->path->mac);
}

void netinfo_path(const struct ipaddr *server, unsigned int ifindex,
		  struct netpath *path)
{
	const struct routemsg_order o = {
		.type = RTM_GET, .flags = RTF_IFSCOPE, .ifindex = ifindex,
		.dst = *server,
	};
	struct search s = { ifindex, path };
	bool v4 = ipaddr_is_v4(server);

	*path = (struct netpath){ .hop = *server };
	/* No route is an answer, too. */
	(void)!routemsg_ask(&o, on_route, &s);
	if (is_none(&path->source))
		find_source(&s, v4);
	(void)!routemsg_dump(v4 ? AF_INET : AF_INET6, NET_RT_FLAGS, RTF_LLINFO,
			     on_neighbour, &s);
}
