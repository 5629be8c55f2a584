/* SPDX-License-Identifier: ISC */
#include "os/netinfo.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>

#include "os/rtnetlink.h"
#include "os/steer.h"

enum {
	TRIES = 5,	/* of a dump the kernel says changed under way */
	LINKS = 256,	/* the net of a later one is not on-link: stricter */
};

struct reading {
	struct netinfo n;
	unsigned int n_links;		/* up, running, not loopback */
	struct {
		unsigned int index;
		char name[IF_NAMESIZE];
	} link[LINKS];
	bool own_full;
	bool has_default;
	uint32_t metric;		/* of the default route taken */
};

static int on_link(const struct nlmsghdr *h, void *data)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(h);
	const struct nlattr *table[RTNETLINK_ATTRS] = { NULL };
	const unsigned int up = IFF_UP | IFF_RUNNING;
	char ifname[IF_NAMESIZE] = "";
	struct reading *r = data;

	mnl_attr_parse(h, sizeof(*link), rtnetlink_keep, table);
	/* Our own way in is no way out. */
	if ((link->ifi_flags & IFF_LOOPBACK) != 0 ||
	    (link->ifi_flags & up) != up ||
	    !rtnetlink_told(table[IFLA_IFNAME], ifname) ||
	    strcmp(ifname, STEER_DEVICE) == 0)
		return MNL_CB_OK;
	if (r->n_links < LINKS) {
		r->link[r->n_links].index = (unsigned int)link->ifi_index;
		memcpy(r->link[r->n_links].name, ifname, IF_NAMESIZE);
	}
	r->n_links++;
	memset(r->n.only_ifname, 0, IF_NAMESIZE);
	if (r->n_links == 1)
		memcpy(r->n.only_ifname, ifname, IF_NAMESIZE);
	return MNL_CB_OK;
}

/* NULL: it is not up. */
static const char *name_of(const struct reading *r, unsigned int index)
{
	unsigned int n = r->n_links < LINKS ? r->n_links : LINKS;

	for (unsigned int i = 0; i < n; i++)
		if (r->link[i].index == index)
			return r->link[i].name;
	return NULL;
}

static struct ipnet net_of(const struct ipaddr *a, int family, uint8_t bits)
{
	struct ipnet net = { .addr = *a };

	net.bits = (uint8_t)(bits + (family == AF_INET ? 96 : 0));
	netinfo_mask(&net);
	return net;
}

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

static void add_onlink(struct reading *r, const struct ipnet *net,
		       const char *ifname)
{
	struct netinfo *n = &r->n;

	if (n->n_onlink == POLICY_NETS || ifname == NULL)
		return;
	memcpy(n->onlink[n->n_onlink].ifname, ifname, IF_NAMESIZE);
	n->onlink[n->n_onlink++].net = *net;
}

/*
 * Loopback and link-local addresses are refused everywhere by their class:
 * a host with many bridges must not fill the lists with them.
 */
static bool is_listed(const struct ipaddr *a)
{
	enum ipclass class = ipaddr_class(a);

	return class != IPCLASS_LOOPBACK && class != IPCLASS_LINKLOCAL;
}

/* With a peer, IFA_ADDRESS is the peer's and IFA_LOCAL ours (rtnetlink(7)). */
static int on_address(const struct nlmsghdr *h, void *data)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *table[RTNETLINK_ATTRS] = { NULL };
	struct reading *r = data;
	struct ipaddr own, far;
	struct ipnet net;

	mnl_attr_parse(h, sizeof(*m), rtnetlink_keep, table);
	if (!rtnetlink_address(table[IFA_ADDRESS], m->ifa_family, &far))
		return MNL_CB_OK;
	if (!rtnetlink_address(table[IFA_LOCAL], m->ifa_family, &own))
		own = far;
	if (is_listed(&own))
		add_own(r, &own);
	net = net_of(&far, m->ifa_family, m->ifa_prefixlen);
	if (is_listed(&far) && (net.bits < 128 || !ipaddr_equal(&far, &own)))
		add_onlink(r, &net, name_of(r, m->ifa_index));
	return MNL_CB_OK;
}

/* The first hop of a multipath route stands for all. */
static unsigned int first_hop(const struct nlattr *multi, int family,
			      struct ipaddr *gateway)
{
	const struct nlattr *table[RTNETLINK_ATTRS] = { NULL };
	const struct rtnexthop *hop = mnl_attr_get_payload(multi);
	size_t size = mnl_attr_get_payload_len(multi);

	if (size < sizeof(*hop) || hop->rtnh_len > size ||
	    hop->rtnh_len < sizeof(*hop))
		return 0;
	mnl_attr_parse_payload(hop + 1, hop->rtnh_len - sizeof(*hop),
			       rtnetlink_keep, table);
	rtnetlink_address(table[RTA_GATEWAY], family, gateway);
	return (unsigned int)hop->rtnh_ifindex;
}

/* Most lead over links that are up; others may be on their way. */
static bool route_name(struct reading *r, unsigned int index)
{
	const char *name = name_of(r, index);

	if (name == NULL)
		return rtnetlink_name(index, r->n.default_ifname);
	memcpy(r->n.default_ifname, name, IF_NAMESIZE);
	return true;
}

/* Lowest metric; the earlier one of two alike, and IPv4 comes first. */
static int on_route(const struct nlmsghdr *h, void *data)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *table[RTNETLINK_ATTRS] = { NULL };
	struct ipaddr gateway = { { 0 } };
	struct reading *r = data;
	unsigned int index;
	uint32_t metric;

	if (m->rtm_dst_len != 0 || m->rtm_type != RTN_UNICAST ||
	    (m->rtm_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) != 0)
		return MNL_CB_OK;
	mnl_attr_parse(h, sizeof(*m), rtnetlink_keep, table);
	metric = rtnetlink_number(table[RTA_PRIORITY], 0);
	if (rtnetlink_number(table[RTA_TABLE], m->rtm_table) != RT_TABLE_MAIN ||
	    (r->has_default && metric >= r->metric))
		return MNL_CB_OK;
	if (table[RTA_MULTIPATH] != NULL) {
		index = first_hop(table[RTA_MULTIPATH], m->rtm_family,
				  &gateway);
	} else {
		index = rtnetlink_number(table[RTA_OIF], 0);
		rtnetlink_address(table[RTA_GATEWAY], m->rtm_family, &gateway);
	}
	if (!route_name(r, index))
		return MNL_CB_OK;
	r->has_default = true;
	r->metric = metric;
	r->n.gateway = gateway;
	return MNL_CB_OK;
}

static int read_all(struct reading *r)
{
	static const struct rtnetlink_list all[] = {
		{ RTM_GETLINK, AF_UNSPEC, on_link },
		{ RTM_GETADDR, AF_UNSPEC, on_address },
		{ RTM_GETROUTE, AF_INET, on_route },
		{ RTM_GETROUTE, AF_INET6, on_route },
	};

	*r = (struct reading){ 0 };
	return rtnetlink_dumps(all, NITEMS(all), r);
}

int netinfo_read(struct netinfo *n, struct why *why)
{
	struct reading r;
	int error = -EINTR;

	for (int i = 0; i < TRIES && error == -EINTR; i++)
		error = read_all(&r);
	/* A kernel without IPv6 has no such routes. */
	if (error != 0 && error != -EAFNOSUPPORT && error != -EOPNOTSUPP)
		return why_set(why, error, "rtnetlink: cannot read links, "
			       "addresses and routes: %s", strerror(-error));
	if (r.own_full)
		return why_set(why, -E2BIG, "this host has more than %d "
			       "addresses", POLICY_NETS);
	*n = r.n;
	return 0;
}

static int on_oif(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *table[RTNETLINK_ATTRS] = { NULL };
	unsigned int *index = data;

	mnl_attr_parse(h, sizeof(struct rtmsg), rtnetlink_keep, table);
	*index = rtnetlink_number(table[RTA_OIF], 0);
	return MNL_CB_STOP;
}

/* The answer to a single question; 0 if there is no route. */
static unsigned int route_to(const struct ipaddr *server)
{
	bool v4 = ipaddr_is_v4(server);
	alignas(struct nlmsghdr) char buf[RTNETLINK_MSG];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	unsigned int index = 0;
	struct rtmsg *m;

	h->nlmsg_type = RTM_GETROUTE;
	h->nlmsg_flags = NLM_F_REQUEST;
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->rtm_family = v4 ? AF_INET : AF_INET6;
	m->rtm_dst_len = v4 ? 32 : 128;
	mnl_attr_put(h, RTA_DST, v4 ? 4 : 16, server->b + (v4 ? 12 : 0));
	return rtnetlink_ask(h, on_oif, &index) == 0 ? index : 0;
}

/* To a host's own address, and where "unreachable" ends. */
static bool is_loopback(const char *ifname)
{
	return strcmp(ifname, "lo") == 0;
}

void netinfo_interface(const struct netinfo *n, const struct ipaddr *server,
		       char ifname[static IF_NAMESIZE])
{
	/* fe80::/10 is on every link: the kernel would name any. */
	bool anywhere = !ipaddr_is_v4(server) &&
			ipaddr_class(server) == IPCLASS_LINKLOCAL;

	memset(ifname, 0, IF_NAMESIZE);
	if (!anywhere && netinfo_onlink(n, server, ifname))
		return;
	if (!anywhere && rtnetlink_name(route_to(server), ifname) &&
	    !is_loopback(ifname))
		return;
	memcpy(ifname, n->only_ifname, IF_NAMESIZE);
}
