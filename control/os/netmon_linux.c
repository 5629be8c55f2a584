/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "os/ndopt.h"
#include "os/netinfo.h"

enum {
	BATCH = 32768,
	LINKS = 64,	/* of a later one every message counts as a change */
};

struct netmon {
	struct mnl_socket *s;
	/* What one read brought, and how much of it is left. */
	alignas(struct nlmsghdr) char buf[BATCH];
	const struct nlmsghdr *next;
	int left;
	struct {
		unsigned int ifindex;
		size_t len;
		char url[NETMON_URL];
	} portal;
	unsigned int n_links;
	struct {
		int index;
		bool up;
	} link[LINKS];
};

static int join(struct netmon *m)
{
	static const int groups[] = {
		RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
		RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
		RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, RTNLGRP_ND_USEROPT,
	};

	if (mnl_socket_bind(m->s, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	for (size_t i = 0; i < NITEMS(groups); i++) {
		int group = groups[i];

		if (mnl_socket_setsockopt(m->s, NETLINK_ADD_MEMBERSHIP,
					  &group, sizeof(group)) < 0)
			return -errno;
	}
	return 0;
}

int netmon_open(struct netmon **monitor, struct why *why)
{
	struct netmon *m = calloc(1, sizeof(*m));
	int error;

	if (m == NULL)
		return why_set(why, -ENOMEM, "network monitor: no memory");
	m->s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	error = m->s == NULL ? -errno : join(m);
	if (error != 0) {
		netmon_close(m);
		return why_set(why, error, "network monitor: rtnetlink: %s",
			       strerror(-error));
	}
	*monitor = m;
	return 0;
}

void netmon_close(struct netmon *m)
{
	if (m->s != NULL)
		mnl_socket_close(m->s);
	free(m);
}

int netmon_fd(const struct netmon *m)
{
	return mnl_socket_get_fd(m->s);
}

/* Where the link's state is kept; NULL if the table is full. */
static bool *known(struct netmon *m, int index, bool *is_new)
{
	for (unsigned int i = 0; i < m->n_links; i++)
		if (m->link[i].index == index)
			return &m->link[i].up;
	*is_new = true;
	if (m->n_links == LINKS)
		return NULL;
	m->link[m->n_links].index = index;
	return &m->link[m->n_links++].up;
}

static void forget(struct netmon *m, int index)
{
	for (unsigned int i = 0; i < m->n_links; i++)
		if (m->link[i].index == index) {
			m->link[i] = m->link[--m->n_links];
			return;
		}
}

struct search {
	int type;
	const struct nlattr *found;
};

static int is_sought(const struct nlattr *a, void *data)
{
	struct search *search = data;

	if (mnl_attr_get_type(a) == search->type)
		search->found = a;
	return MNL_CB_OK;
}

/* The attribute behind a header of so many octets, or NULL. */
static const struct nlattr *find(const struct nlmsghdr *h, size_t header,
				 int type)
{
	struct search search = { type, NULL };

	mnl_attr_parse(h, (unsigned int)header, is_sought, &search);
	return search.found;
}

static void link_name(const struct nlmsghdr *h, char ifname[static IF_NAMESIZE])
{
	const struct nlattr *a = find(h, sizeof(struct ifinfomsg),
				      IFLA_IFNAME);

	if (a != NULL && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0 &&
	    mnl_attr_get_payload_len(a) <= IF_NAMESIZE)
		memcpy(ifname, mnl_attr_get_payload(a),
		       mnl_attr_get_payload_len(a));
}

static void index_name(unsigned int index, char ifname[static IF_NAMESIZE])
{
	char name[IF_NAMESIZE] = "";

	if (if_indextoname(index, name) != NULL)
		memcpy(ifname, name, IF_NAMESIZE);
}

/* The kernel tells of a link again and again; only a change is one. */
static enum netmon_kind on_link(struct netmon *m, const struct nlmsghdr *h,
				char ifname[static IF_NAMESIZE])
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(h);
	const unsigned int flags = IFF_UP | IFF_RUNNING;
	bool up = (link->ifi_flags & flags) == flags, is_new = false, *was;

	link_name(h, ifname);
	/* A bridge tells in its own family of ports that come and go. */
	if (link->ifi_family != AF_UNSPEC)
		return NETMON_OTHER;
	if (h->nlmsg_type == RTM_DELLINK) {
		forget(m, link->ifi_index);
		return NETMON_LINK_DOWN;
	}
	was = known(m, link->ifi_index, &is_new);
	if (!is_new && *was == up)
		return NETMON_OTHER;
	if (was != NULL)
		*was = up;
	return up ? NETMON_LINK_UP : NETMON_LINK_DOWN;
}

static enum netmon_kind on_address(const struct nlmsghdr *h,
				   char ifname[static IF_NAMESIZE])
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);

	index_name(m->ifa_index, ifname);
	return NETMON_ADDRESS;
}

/* The local table follows the addresses; clones are the kernel's cache. */
static enum netmon_kind on_route(const struct nlmsghdr *h,
				 char ifname[static IF_NAMESIZE])
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *oif;

	if (m->rtm_table == RT_TABLE_LOCAL ||
	    (m->rtm_flags & RTM_F_CLONED) != 0)
		return NETMON_OTHER;
	oif = find(h, sizeof(*m), RTA_OIF);
	if (oif != NULL && mnl_attr_validate(oif, MNL_TYPE_U32) >= 0)
		index_name(mnl_attr_get_u32(oif), ifname);
	return NETMON_ROUTE;
}

static enum netmon_kind on_option(struct netmon *m, const struct nlmsghdr *h,
				  char ifname[static IF_NAMESIZE])
{
	if (!ndopt_portal(h, &m->portal.ifindex, m->portal.url,
			  &m->portal.len))
		return NETMON_OTHER;
	index_name(m->portal.ifindex, ifname);
	return NETMON_PORTAL;
}

size_t netmon_portal(const struct netmon *m, unsigned int *ifindex,
		     char url[static NETMON_URL])
{
	*ifindex = m->portal.ifindex;
	memcpy(url, m->portal.url, m->portal.len);
	return m->portal.len;
}

static enum netmon_kind kind_of(struct netmon *m, const struct nlmsghdr *h,
				char ifname[static IF_NAMESIZE])
{
	size_t size = mnl_nlmsg_get_payload_len(h);

	memset(ifname, 0, IF_NAMESIZE);
	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return size < sizeof(struct ifinfomsg) ? NETMON_OTHER :
		       on_link(m, h, ifname);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return size < sizeof(struct ifaddrmsg) ? NETMON_OTHER :
		       on_address(h, ifname);
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return size < sizeof(struct rtmsg) ? NETMON_OTHER :
		       on_route(h, ifname);
	case RTM_NEWRULE:
	case RTM_DELRULE:
		return NETMON_RULE;
	case RTM_NEWNDUSEROPT:
		return on_option(m, h, ifname);
	default:
		return NETMON_OTHER;
	}
}

/* 1, 0 when there is nothing, or -errno. */
static int fill(struct netmon *m)
{
	struct sockaddr_nl from = { 0 };
	socklen_t size = sizeof(from);
	ssize_t n = recvfrom(netmon_fd(m), m->buf, sizeof(m->buf), 0,
			     (struct sockaddr *)&from, &size);

	if (n < 0 && errno == ENOBUFS) {
		m->n_links = 0;		/* what we knew may be wrong */
		return -ENOBUFS;
	}
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	m->next = (const struct nlmsghdr *)m->buf;
	m->left = from.nl_pid == 0 ? (int)n : 0;	/* the kernel's only */
	return 1;
}

/* Each turn uses up one message, or a read that had none. */
int netmon_next(struct netmon *m, enum netmon_kind *kind,
		char ifname[static IF_NAMESIZE])
{
	while (m->left <= 0 || !mnl_nlmsg_ok(m->next, m->left)) {
		int result = fill(m);

		if (result <= 0) {
			m->left = 0;
			return result;
		}
	}
	*kind = kind_of(m, m->next, ifname);
	m->next = mnl_nlmsg_next(m->next, &m->left);
	return 1;
}
