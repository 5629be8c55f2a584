/* SPDX-License-Identifier: ISC */
/*
 * The kernel is asked as a socket bound to the interface would: for IPv4 it
 * then takes a server that it has no route to for one on the link.
 */
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>

#include "os/netinfo.h"
#include "os/rtnetlink.h"

enum {
	LOOPBACK = 1,		/* its index, in every network namespace */
	/* RFC 4861, 7.3.2: it was good once, and nothing says that it is
	 * not now. */
	USABLE = NUD_PERMANENT | NUD_REACHABLE | NUD_STALE | NUD_DELAY |
		 NUD_PROBE,
};

struct search {
	int family;
	unsigned int ifindex;
	struct netpath *path;
	struct ipaddr own;	/* the interface's; zero: it has none */
	bool held;		/* the route's source may be used there */
};

static size_t size_of(int family)
{
	return family == AF_INET ? 4 : 16;
}

static const uint8_t *octets(const struct ipaddr *a, int family)
{
	return a->b + sizeof(a->b) - size_of(family);
}

static int on_route(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *table[RTNETLINK_ATTRS] = { NULL };
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	const struct search *s = data;
	const struct nlattr *via;

	mnl_attr_parse(h, sizeof(*m), rtnetlink_keep, table);
	if (m->rtm_type != RTN_UNICAST ||
	    rtnetlink_number(table[RTA_OIF], 0) != s->ifindex)
		return MNL_CB_STOP;
	rtnetlink_address(table[RTA_PREFSRC], s->family, &s->path->source);
	via = table[RTA_VIA];
	/* An IPv4 route by way of an IPv6 neighbour (RFC 5549). */
	if (via != NULL && mnl_attr_get_payload_len(via) ==
	    sizeof(struct rtvia) + 16)
		s->path->hop = ipaddr_v6(((const struct rtvia *)
			mnl_attr_get_payload(via))->rtvia_addr);
	rtnetlink_address(table[RTA_GATEWAY], s->family, &s->path->hop);
	return MNL_CB_STOP;
}

static void find_route(const struct ipaddr *server, struct search *s)
{
	alignas(struct nlmsghdr) char buf[RTNETLINK_MSG];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct rtmsg *m;

	h->nlmsg_type = RTM_GETROUTE;
	h->nlmsg_flags = NLM_F_REQUEST;
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->rtm_family = (unsigned char)s->family;
	m->rtm_dst_len = (unsigned char)(8 * size_of(s->family));
	mnl_attr_put(h, RTA_DST, size_of(s->family),
		     octets(server, s->family));
	mnl_attr_put_u32(h, RTA_OIF, s->ifindex);
	/* No route is an answer, too. */
	(void)!rtnetlink_ask(h, on_route, s);
}

static bool is_linklocal(const struct ipaddr *a)
{
	return ipaddr_class(a) == IPCLASS_LINKLOCAL;
}

/*
 * The first one with a wide scope, or else a link-local one. Of an interface
 * without any the kernel would take another's, the tunnel's perhaps, whose
 * address is nobody's business here; unless it is the machine's own.
 */
static int on_address(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *table[RTNETLINK_ATTRS] = { NULL };
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	static const struct ipaddr none;
	struct search *s = data;
	struct ipaddr own;

	mnl_attr_parse(h, sizeof(*m), rtnetlink_keep, table);
	if (m->ifa_family != s->family ||
	    (m->ifa_index != s->ifindex && m->ifa_index != LOOPBACK) ||
	    (m->ifa_flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0 ||
	    (!rtnetlink_address(table[IFA_LOCAL], s->family, &own) &&
	     !rtnetlink_address(table[IFA_ADDRESS], s->family, &own)))
		return MNL_CB_OK;
	s->held |= ipaddr_equal(&own, &s->path->source);
	if (m->ifa_index == s->ifindex && (ipaddr_equal(&s->own, &none) ||
	    (is_linklocal(&s->own) && !is_linklocal(&own))))
		s->own = own;
	return MNL_CB_OK;
}

static int on_neighbour(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *table[RTNETLINK_ATTRS] = { NULL };
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	const struct search *s = data;
	const struct nlattr *mac;

	mnl_attr_parse(h, sizeof(*m), rtnetlink_keep, table);
	mac = table[NDA_LLADDR];
	if ((m->ndm_state & USABLE) != 0 && mac != NULL &&
	    mnl_attr_get_payload_len(mac) == sizeof(s->path->mac))
		memcpy(s->path->mac, mnl_attr_get_payload(mac),
		       sizeof(s->path->mac));
	return MNL_CB_STOP;
}

/* Since Linux 5.0; with an older one the datapath asks the link itself. */
static void find_neighbour(struct search *s)
{
	const struct ipaddr *hop = &s->path->hop;
	int family = ipaddr_is_v4(hop) ? AF_INET : AF_INET6;
	alignas(struct nlmsghdr) char buf[RTNETLINK_MSG];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct ndmsg *m;

	h->nlmsg_type = RTM_GETNEIGH;
	h->nlmsg_flags = NLM_F_REQUEST;
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->ndm_family = (unsigned char)family;
	m->ndm_ifindex = (int)s->ifindex;
	mnl_attr_put(h, NDA_DST, size_of(family), octets(hop, family));
	(void)!rtnetlink_ask(h, on_neighbour, s);
}

static int on_link(const struct nlmsghdr *h, void *data)
{
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(h);

	*(unsigned int *)data = m->ifi_flags;
	return MNL_CB_STOP;
}

bool netinfo_up(unsigned int ifindex)
{
	alignas(struct nlmsghdr) char buf[RTNETLINK_MSG];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	unsigned int flags = 0;
	struct ifinfomsg *m;

	h->nlmsg_type = RTM_GETLINK;
	h->nlmsg_flags = NLM_F_REQUEST;
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->ifi_index = (int)ifindex;
	return rtnetlink_ask(h, on_link, &flags) == 0 &&
	       (flags & IFF_UP) != 0;
}

void netinfo_path(const struct ipaddr *server, unsigned int ifindex,
		  struct netpath *path)
{
	struct search s = {
		.family = ipaddr_is_v4(server) ? AF_INET : AF_INET6,
		.ifindex = ifindex,
		.path = path,
	};

	*path = (struct netpath){ .hop = *server };
	find_route(server, &s);
	(void)!rtnetlink_dump(RTM_GETADDR, s.family, on_address, &s);
	if (!s.held)
		path->source = s.own;
	find_neighbour(&s);
}
