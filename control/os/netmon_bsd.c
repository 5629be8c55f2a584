/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * The routing socket tells of addresses, routes and neighbours, and of links
 * whenever a flag of theirs changes. Of a carrier FreeBSD tells there, too;
 * macOS by kernel events (linkevent.h). So a link is looked at whenever either
 * has a word of it, and only what is another state than before is a change.
 */
#include "os/routemsg_bsd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/event.h>
#include <sys/time.h>
#include <unistd.h>

#include "os/linkevent.h"
#include "os/netinfo.h"

enum { MESSAGE_MAX = 4096, LINKS = 64 };

#ifndef RTF_LLINFO
#define RTF_LLINFO RTF_LLDATA
#endif
#ifndef RTF_WASCLONED
#define RTF_WASCLONED 0		/* FreeBSD has cloned no routes since 8 */
#endif

struct netmon {
	int queue, route, event;
	struct neighbour neighbour;	/* of the last such message */
	unsigned int n_links;
	struct {
		unsigned int index;
		bool up;
	} link[LINKS];
	_Alignas(struct rt_msghdr) uint8_t buf[MESSAGE_MAX];
};

static void name_of(unsigned int index, char ifname[static IF_NAMESIZE])
{
	memset(ifname, 0, IF_NAMESIZE);
	if (if_indextoname(index, ifname) == NULL)
		ifname[0] = '\0';
}

static int known(struct netmon *m, unsigned int index, bool *is_new)
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

static enum netmon_kind look(struct netmon *m, unsigned int index)
{
	bool is_new = false, up = linkevent_up(index), was;
	int i = known(m, index, &is_new);

	was = !is_new && m->link[i].up;
	if (i >= 0)
		m->link[i].up = up;
	if (!is_new && was == up)
		return NETMON_OTHER;
	return up ? NETMON_LINK_UP : NETMON_LINK_DOWN;
}

/* What is up already does not come up when it is first told of. */
static void look_at_all(struct netmon *m)
{
	struct if_nameindex *all = if_nameindex();

	m->n_links = 0;
	if (all == NULL)
		return;
	for (const struct if_nameindex *i = all; i->if_index != 0; i++)
		(void)look(m, i->if_index);
	if_freenameindex(all);
}

static int refine(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	       fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

static int watch(int queue, int fd)
{
	struct kevent ev;

	EV_SET(&ev, (uintptr_t)fd, EVFILT_READ, EV_ADD, 0, 0, NULL);
	return kevent(queue, &ev, 1, NULL, 0, NULL) < 0 ? -errno : 0;
}

static int open_all(struct netmon *m)
{
	int error;

	m->queue = kqueue();
	m->route = socket(PF_ROUTE, SOCK_RAW, AF_UNSPEC);
	if (m->queue < 0 || m->route < 0)
		return -errno;
	error = fcntl(m->queue, F_SETFD, FD_CLOEXEC) < 0 ? -errno :
		refine(m->route);
	if (error == 0)
		error = watch(m->queue, m->route);
	if (error < 0)
		return error;
	m->event = linkevent_open();
	if (m->event < 0)	/* the routing socket tells it all */
		return m->event == -EOPNOTSUPP ? 0 : m->event;
	return watch(m->queue, m->event);
}

int netmon_open(struct netmon **monitor, struct why *why)
{
	struct netmon *m = calloc(1, sizeof(*m));
	int error;

	if (m == NULL)
		return why_set(why, -ENOMEM, "network monitor: no memory");
	m->queue = m->route = m->event = -1;
	error = open_all(m);
	if (error < 0) {
		netmon_close(m);
		return why_set(why, error, "network monitor: %s",
			       strerror(-error));
	}
	look_at_all(m);
	*monitor = m;
	return 0;
}

void netmon_close(struct netmon *m)
{
	if (m->event >= 0)
		close(m->event);
	if (m->route >= 0)
		close(m->route);
	if (m->queue >= 0)
		close(m->queue);
	free(m);
}

int netmon_fd(const struct netmon *m)
{
	return m->queue;
}

/* Options of router advertisements are not handed on here. */
size_t netmon_portal(const struct netmon *m, unsigned int *ifindex,
		     char url[static NETMON_URL])
{
	(void)m;
	*ifindex = 0;
	url[0] = '\0';
	return 0;
}

void netmon_neighbour(const struct netmon *m, struct neighbour *n)
{
	*n = m->neighbour;
}

static enum netmon_kind on_neighbour(struct netmon *m,
				     const struct routemsg_addresses *a)
{
	memset(&m->neighbour, 0, sizeof(m->neighbour));
	if (!routemsg_address(a->at[RTAX_DST], &m->neighbour.addr))
		return NETMON_OTHER;
	(void)routemsg_mac(a->at[RTAX_GATEWAY], m->neighbour.mac);
	return NETMON_NEIGHBOUR;
}

static enum netmon_kind on_route(struct netmon *m, const struct routemsg *msg,
				 char ifname[static IF_NAMESIZE])
{
	struct routemsg_addresses a;
	int flags;

	if (msg->len < sizeof(*msg->h) ||
	    !routemsg_addresses(msg, sizeof(*msg->h), msg->h->rtm_addrs, &a))
		return NETMON_OTHER;
	flags = msg->h->rtm_flags;
	name_of(msg->h->rtm_index, ifname);
	if ((flags & RTF_LLINFO) != 0)
		return msg->h->rtm_type == RTM_DELETE ? NETMON_OTHER :
		       on_neighbour(m, &a);
	return (flags & RTF_WASCLONED) != 0 ? NETMON_OTHER : NETMON_ROUTE;
}

static enum netmon_kind kind_of(struct netmon *m, const struct routemsg *msg,
				char ifname[static IF_NAMESIZE])
{
	const struct ifa_msghdr *address = (const void *)msg->h;
	const struct if_msghdr *link = (const void *)msg->h;

	switch (msg->h->rtm_type) {
	case RTM_IFINFO:
		if (msg->len < offsetof(struct if_msghdr, ifm_data))
			return NETMON_OTHER;
		name_of(link->ifm_index, ifname);
		return look(m, link->ifm_index);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (msg->len < sizeof(*address))
			return NETMON_OTHER;
		name_of(address->ifam_index, ifname);
		return NETMON_ADDRESS;
	case RTM_ADD:
	case RTM_DELETE:
	case RTM_CHANGE:
		return on_route(m, msg, ifname);
	default:
		return NETMON_OTHER;
	}
}

/* 1, 0 when there is nothing, -ENOBUFS: some were lost. */
static int next_message(struct netmon *m, enum netmon_kind *kind,
			char ifname[static IF_NAMESIZE])
{
	ssize_t n = recv(m->route, m->buf, sizeof(m->buf), 0);
	struct routemsg msg;

	if (n < 0 && errno == ENOBUFS) {
		look_at_all(m);		/* what we knew may be wrong */
		return -ENOBUFS;
	}
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	*kind = routemsg_read(m->buf, (size_t)n, &msg) ?
		kind_of(m, &msg, ifname) : NETMON_OTHER;
	return 1;
}

static int next_event(struct netmon *m, enum netmon_kind *kind,
		      char ifname[static IF_NAMESIZE])
{
	unsigned int index;
	int got = m->event < 0 ? 0 : linkevent_next(m->event, &index);

	if (got <= 0)
		return got;
	name_of(index, ifname);
	*kind = look(m, index);
	return 1;
}

int netmon_next(struct netmon *m, enum netmon_kind *kind,
		char ifname[static IF_NAMESIZE])
{
	int got;

	memset(ifname, 0, IF_NAMESIZE);
	got = next_message(m, kind, ifname);
	return got != 0 ? got : next_event(m, kind, ifname);
}
