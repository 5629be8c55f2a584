/* SPDX-License-Identifier: ISC */
#include "os/tunlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>

#include "os/rtnetlink.h"

enum { TRIES = 5 };	/* of a dump that changed under way */

static int on_info(const struct nlattr *a, void *data)
{
	struct tunlink *link = data;

	if (mnl_attr_get_type(a) == IFLA_INFO_KIND &&
	    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
		link->wireguard = strcmp(mnl_attr_get_str(a), "wireguard") == 0;
	return MNL_CB_OK;
}

static int on_link(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *table[RTNETLINK_ATTRS] = { NULL };
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(h);
	struct tunlink *link = data;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return MNL_CB_OK;
	link->ifindex = (uint32_t)m->ifi_index;
	link->up = (m->ifi_flags & IFF_UP) != 0;
	link->running = link->up && (m->ifi_flags & IFF_RUNNING) != 0;
	mnl_attr_parse(h, sizeof(*m), rtnetlink_keep, table);
	if (table[IFLA_LINKINFO] != NULL)
		mnl_attr_parse_nested(table[IFLA_LINKINFO], on_info, link);
	return MNL_CB_OK;
}

/* The kernel gives every interface with IPv6 such routes, tunnel or not. */
static bool is_linklocal(const struct rtmsg *m, const struct nlattr *to)
{
	struct ipaddr dst;

	if (!rtnetlink_address(to, m->rtm_family, &dst))
		return false;
	return ipaddr_class(&dst) == IPCLASS_LINKLOCAL ||
	       ipaddr_class(&dst) == IPCLASS_MULTICAST;
}

static int on_route(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *table[RTNETLINK_ATTRS] = { NULL };
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	struct tunlink *link = data;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m) ||
	    m->rtm_type != RTN_UNICAST)
		return MNL_CB_OK;
	mnl_attr_parse(h, sizeof(*m), rtnetlink_keep, table);
	if (rtnetlink_number(table[RTA_OIF], 0) == link->ifindex &&
	    !is_linklocal(m, table[RTA_DST]))
		link->routed = true;
	return MNL_CB_OK;
}

static int read_link(const char *ifname, struct tunlink *link)
{
	alignas(struct nlmsghdr) char buf[RTNETLINK_MSG];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	int error;

	h->nlmsg_type = RTM_GETLINK;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(h, IFLA_IFNAME, ifname);
	error = rtnetlink_ask(h, on_link, link);
	return error == -ENODEV ? 0 : error;
}

static int read_routes(struct tunlink *link)
{
	int error = rtnetlink_dump(RTM_GETROUTE, AF_INET, on_route, link);

	if (error == 0 && !link->routed)
		error = rtnetlink_dump(RTM_GETROUTE, AF_INET6, on_route, link);
	/* A kernel without IPv6 has no such routes. */
	return error == -EAFNOSUPPORT || error == -EOPNOTSUPP ? 0 : error;
}

int tunlink_read(const char *ifname, struct tunlink *link)
{
	struct tunlink found;
	int error = -EINTR;

	for (int i = 0; i < TRIES && error == -EINTR; i++) {
		found = (struct tunlink){ 0 };
		error = read_link(ifname, &found);
		if (error == 0 && found.up)
			error = read_routes(&found);
	}
	if (error == 0)
		*link = found;
	return error;
}
