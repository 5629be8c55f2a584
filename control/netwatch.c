/* SPDX-License-Identifier: ISC */
#include "netwatch.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "daemon.h"
#include "log.h"
#include "os/filewatch.h"
#include "os/steer.h"
#include "router.h"

enum { MESSAGES = 1024 };	/* of the kernel in one turn */

static void advert(struct daemon *d)
{
	char url[NETMON_URL];
	unsigned int ifindex;
	size_t len = netmon_portal(d->netmon, &ifindex, url);

	capport_advert(d, ifindex, url, len);
}

/* Are packets sent there, or questions? */
static bool carries(const struct daemon *d, const char *ifname)
{
	for (unsigned int i = 0; i < d->servers.n; i++)
		if (strcmp(d->servers.server[i].ifname, ifname) == 0)
			return true;
	return strcmp(d->uplink, ifname) == 0;
}

static void link_up(struct daemon *d, const char *ifname)
{
	d->linked = clock_boot();
	d->addressed = d->routed = 0;
	memcpy(d->link, ifname, sizeof(d->link));
	router_forget(d);
}

/* Is there anything to look at? Why it is another network, if it is one. */
static bool note(struct daemon *d, enum netmon_kind kind, const char *ifname,
		 const char **moved)
{
	/* The tunnel's own coming is no other network. */
	if (daemon_tunnels(d, ifname))
		return true;
	switch (kind) {
	case NETMON_LINK_UP:
		link_up(d, ifname);
		*moved = "link";
		return true;
	case NETMON_LINK_DOWN:
		if (*moved == NULL && carries(d, ifname))
			*moved = UPLINK_DOWN;
		return true;
	case NETMON_NEIGHBOUR:
		if (!router_another(d, ifname))
			return false;
		if (*moved == NULL)
			*moved = "network";
		return true;
	case NETMON_PORTAL:
		advert(d);
		return true;
	default:
		return true;
	}
}

/* Of links that are not ours; what happens to ours, steering looks at. */
static bool concerns(struct daemon *d, enum netmon_kind kind,
		     const char *ifname)
{
	bool steering = kind == NETMON_RULE ||
			strcmp(ifname, STEER_DEVICE) == 0;

	if (steering)
		bypass_look(d);
	return !steering && kind != NETMON_OTHER;
}

bool netwatch_drain(struct daemon *d, const char **moved)
{
	char ifname[IF_NAMESIZE];
	enum netmon_kind kind;
	bool any = false, links = false, tunnel = false;
	int n = 0;

	/* What shrinks: the turn; then the others have theirs. */
	for (unsigned int i = 0; i < MESSAGES; i++) {
		n = netmon_next(d->netmon, &kind, ifname);
		if (n != 1)
			break;
		links |= kind != NETMON_NEIGHBOUR;
		tunnel |= kind != NETMON_RULE && follow_concerns(d, ifname);
		any |= concerns(d, kind, ifname) &&
		       note(d, kind, ifname, moved);
	}
	if (n == 1)
		event_active(d->net_event, EV_READ, 0);
	if (n == -ENOBUFS && *moved == NULL)
		*moved = "network";
	/* A link may have become a bridge's port. */
	if (links || n == -ENOBUFS)
		leakwatch_follow(d);
	/* Who reads the network is in no place to change the state. */
	if (tunnel || *moved != NULL) {
		d->follow.heard = true;
		event_active(d->net_event, EV_READ, 0);
	}
	return any || *moved != NULL;
}

static void on_network(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;
	const char *moved = NULL;

	(void)fd;
	(void)what;
	if (netwatch_drain(d, &moved))
		uplink_look(d, moved);
	if (d->follow.heard) {
		d->follow.heard = false;
		follow_look(d);
	}
}

/* The host's settings may have changed, or those of who asks us. */
static void settings(struct daemon *d)
{
	netcheck_look(d);
	/* Also where the host asks us still, its own servers may be others. */
	uplink_settings(d);
}

/* Whose DNS, as the host's settings have it. */
static void on_settings(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;

	(void)fd;
	(void)what;
	if (!filewatch_changed(d->hostdns->watch))
		return;
	/* They are read, and watched, when the door opens. */
	if (!d->active) {
		filewatch_follow(d->hostdns->watch, NULL, 0);
		return;
	}
	settings(d);
}

static void on_told(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;

	(void)fd;
	(void)what;
	d->hostdns->ops->drain(d->hostdns);
	if (d->active)
		settings(d);
}

/* It is told of the daemon's own changes, too: those are no news. */
static void watch_store(struct daemon *d)
{
	d->hostdns_event = event_new(d->base, d->hostdns->ops->fd(d->hostdns),
				     EV_READ | EV_PERSIST, on_told, d);
	if (d->hostdns_event == NULL || event_add(d->hostdns_event, NULL) < 0)
		log_warning("hostdns: no event for its store");
}

/* Without a watch it is looked at every second. */
static void watch_settings(struct daemon *d)
{
	struct filewatch *w;
	struct why why;

	if (d->hostdns->ops->fd != NULL) {
		watch_store(d);
		return;
	}
	if (filewatch_open(&w, &why) < 0) {
		log_warning("hostdns: %s", why.text);
		return;
	}
	d->hostdns->watch = w;
	d->hostdns_event = event_new(d->base, filewatch_fd(w),
				     EV_READ | EV_PERSIST, on_settings, d);
	if (d->hostdns_event != NULL && event_add(d->hostdns_event, NULL) == 0)
		return;
	log_warning("hostdns: no event for its files");
	d->hostdns->watch = NULL;
	filewatch_close(w);
}

int netwatch_open(struct daemon *d, struct why *why)
{
	int error = netmon_open(&d->netmon, why);

	if (error < 0)
		return error;
	d->net_event = event_new(d->base, netmon_fd(d->netmon),
				 EV_READ | EV_PERSIST, on_network, d);
	if (d->net_event == NULL || event_add(d->net_event, NULL) < 0)
		return why_set(why, -ENOMEM, "no event for the network");
	watch_settings(d);
	capport_watch(d);
	return 0;
}

void netwatch_close(struct daemon *d)
{
	if (d->net_event != NULL)
		event_free(d->net_event);
	netmon_close(d->netmon);
	if (d->hostdns_event != NULL)
		event_free(d->hostdns_event);
	filewatch_close(d->hostdns->watch);
	capport_unwatch(d);
}
