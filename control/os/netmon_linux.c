/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "os/ndopt.h"
#include "os/netinfo.h"
#include "os/rtnetlink.h"

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
		uint32_t changes;	/* of its carrier, ever */
		char name[IF_NAMESIZE];
	} link[LINKS];
	struct neighbour neighbour;	/* of the last such message */
};

/*
 * Neighbours tell each time that they are tried and given up, and others can
 * make the kernel try any number: only those that have an address now are let
 * through, in the kernel. Classic BPF reads in network order what netlink has
 * in this machine's.
 */
static int filter(const struct netmon *m)
{
	enum { KNOWN = NUD_REACHABLE | NUD_STALE | NUD_PERMANENT };
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS,
			 offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELNEIGH), 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWNEIGH), 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, NLMSG_HDRLEN +
			 offsetof(struct ndmsg, ndm_state)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, htons(KNOWN), 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog program = { NITEMS(code), code };

	return setsockopt(mnl_socket_get_fd(m->s), SOL_SOCKET, SO_ATTACH_FILTER,
			  &program, sizeof(program)) < 0 ? -errno : 0;
}

static int join(struct netmon *m)
{
	static const int groups[] = {
		RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
		RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
		RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, RTNLGRP_NEIGH,
		RTNLGRP_ND_USEROPT,
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

static int on_known(const struct nlmsghdr *h, void *data);

/* What is up already does not come up when it is first told of. */
static int look(struct netmon *m)
{
	alignas(struct nlmsghdr) char buf[RTNETLINK_MSG];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);

	h->nlmsg_type = RTM_GETLINK;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	m->n_links = 0;
	return rtnetlink_ask(h, on_known, m);
}

int netmon_open(struct netmon **monitor, struct why *why)
{
	struct netmon *m = calloc(1, sizeof(*m));
	int error;

	if (m == NULL)
		return why_set(why, -ENOMEM, "network monitor: no memory");
	m->s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	error = m->s == NULL ? -errno : filter(m);
	if (error == 0)
		error = join(m);
	if (error == 0)
		error = look(m);
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

/* Where the link is kept, or -1: the table is full. */
static int known(struct netmon *m, int index, bool *is_new)
{
	for (unsigned int i = 0; i < m->n_links; i++)
		if (m->link[i].index == index)
			return (int)i;
	*is_new = true;
	if (m->n_links == LINKS)
		return -1;
	m->link[m->n_links].index = index;
	return (int)m->n_links++;
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

	(void)rtnetlink_told(a, ifname);
}

static void index_name(unsigned int index, char ifname[static IF_NAMESIZE])
{
	char name[IF_NAMESIZE] = "";

	if (if_indextoname(index, name) != NULL)
		memcpy(ifname, name, IF_NAMESIZE);
}

static uint32_t changes_of(const struct nlmsghdr *h)
{
	return rtnetlink_number(find(h, sizeof(struct ifinfomsg),
				     IFLA_CARRIER_CHANGES), 0);
}

/*
 * The kernel tells of a link again and again; only a change is one. Of a
 * carrier that goes and comes within a second it may tell once, when it is
 * there again: then it has been counted.
 */
static enum netmon_kind on_link(struct netmon *m, const struct nlmsghdr *h,
				char ifname[static IF_NAMESIZE])
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(h);
	const unsigned int flags = IFF_UP | IFF_RUNNING;
	bool up = (link->ifi_flags & flags) == flags, is_new = false;
	bool was_up, renamed, blinked;
	uint32_t changes = changes_of(h);
	int i;

	link_name(h, ifname);
	/* A bridge tells in its own family of ports that come and go. */
	if (link->ifi_family != AF_UNSPEC)
		return NETMON_OTHER;
	if (h->nlmsg_type == RTM_DELLINK) {
		forget(m, link->ifi_index);
		return NETMON_LINK_DOWN;
	}
	i = known(m, link->ifi_index, &is_new);
	was_up = !is_new && m->link[i].up;
	blinked = was_up && up && m->link[i].changes != changes;
	renamed = !is_new && strcmp(m->link[i].name, ifname) != 0;
	if (i >= 0) {
		m->link[i].up = up;
		m->link[i].changes = changes;
		memcpy(m->link[i].name, ifname, IF_NAMESIZE);
	}
	if (is_new || was_up != up || blinked)
		return up ? NETMON_LINK_UP : NETMON_LINK_DOWN;
	return renamed ? NETMON_LINK_NAME : NETMON_OTHER;
}

static int on_known(const struct nlmsghdr *h, void *data)
{
	char ifname[IF_NAMESIZE] = "";

	(void)on_link(data, h, ifname);
	return MNL_CB_OK;
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

static enum netmon_kind on_neighbour(struct netmon *m,
				     const struct nlmsghdr *h,
				     char ifname[static IF_NAMESIZE])
{
	const struct ndmsg *n = mnl_nlmsg_get_payload(h);
	const struct nlattr *mac = find(h, sizeof(*n), NDA_LLADDR);

	memset(&m->neighbour, 0, sizeof(m->neighbour));
	if (!rtnetlink_address(find(h, sizeof(*n), NDA_DST), n->ndm_family,
			       &m->neighbour.addr))
		return NETMON_OTHER;	/* a bridge's own table */
	if (mac != NULL && mnl_attr_get_payload_len(mac) ==
	    sizeof(m->neighbour.mac))
		memcpy(m->neighbour.mac, mnl_attr_get_payload(mac),
		       sizeof(m->neighbour.mac));
	index_name((unsigned int)n->ndm_ifindex, ifname);
	return NETMON_NEIGHBOUR;
}

void netmon_neighbour(const struct netmon *m, struct neighbour *n)
{
	*n = m->neighbour;
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
	case RTM_NEWNEIGH:
		return size < sizeof(struct ndmsg) ? NETMON_OTHER :
		       on_neighbour(m, h, ifname);
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
		(void)!look(m);		/* what we knew may be wrong */
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
