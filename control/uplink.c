/* SPDX-License-Identifier: ISC */
/*
 * The network underneath: which interface, which gateway, whose DNS. When one
 * of them changes, everything that was learnt and opened on the old network
 * is closed at once, and the allowed names are resolved anew. Nothing waits
 * for a default route.
 */
#include <errno.h>
#include <string.h>

#include "clock.h"
#include "daemon.h"
#include "log.h"
#include "os/steer.h"
#include "router.h"

/* A wake, or a link that came up, began the reconnect at hand if it is no
 * longer ago. */
static const uint64_t RECONNECT_NS = 30 * CLOCK_S;
static const uint64_t HURRY_NS = 5 * CLOCK_S;
static const uint64_t GAP_NS = 100 * CLOCK_MS;

/* Why it is another network: the link of the old one is gone. */
static const char DOWN[] = "down";

enum {
	TRIES = 5,		/* after 1, 2, 4, ... s: as long as a reconnect */
	BURST = 16,		/* a link that comes up tells about ten times */
	MESSAGES = 1024,	/* of the kernel in one turn */
};

static bool own(const struct netinfo *n, const struct ipaddr *a)
{
	for (unsigned int i = 0; i < n->n_own; i++)
		if (ipaddr_equal(&n->own[i], a))
			return true;
	return false;
}

/* Fixed servers instead of the host's; still never ourselves. */
static void configured(const struct daemon *d, struct hostdns_servers *s)
{
	for (unsigned int i = 0; i < d->conf.n_upstreams; i++) {
		const struct ipaddr *a = &d->conf.upstreams[i];

		if (own(&d->net, a) || ipaddr_class(a) == IPCLASS_LOOPBACK)
			continue;
		s->server[s->n].addr = *a;
		netinfo_interface(&d->net, a, s->server[s->n].ifname);
		s->n++;
	}
}

int uplink_servers(struct daemon *d, struct why *why)
{
	struct hostdns_servers s;
	int error = 0;

	memset(&s, 0, sizeof(s));
	if (d->conf.n_upstreams > 0)
		configured(d, &s);
	else
		error = d->hostdns->ops->read(d->hostdns, &s, why);
	if (error < 0 && error != -ENOENT)
		return error;
	/* No server yet is no failure: the network is still coming up. */
	if (s.n == 0) {
		memset(&s, 0, sizeof(s));
		log_info("netcheck: the host has no DNS server to ask yet");
	}
	if (memcmp(&s, &d->servers, sizeof(s)) == 0)
		return 0;
	d->servers = s;
	return 1;
}

/* When it came, of what is there; what is lost may come again. */
static void stamp(bool has, uint64_t *when)
{
	if (!has)
		*when = 0;
	else if (*when == 0)
		*when = clock_boot();
}

bool uplink_ready(struct daemon *d)
{
	static const struct ipaddr none;

	for (unsigned int i = 0; i < d->servers.n; i++) {
		const char *ifname = d->servers.server[i].ifname;
		unsigned int ifindex = if_nametoindex(ifname);
		struct netpath path;

		/* Not bound: its routes decide. */
		if (ifindex == 0)
			return true;
		netinfo_path(&d->servers.server[i].addr, ifindex, &path);
		if (ipaddr_equal(&path.source, &none))
			continue;
		/* It may have come since we looked. */
		stamp(true, &d->addressed);
		return true;
	}
	return false;
}

/* Both are known, and they differ. */
static bool other(const char *a, const char *b)
{
	return a[0] != '\0' && b[0] != '\0' && strcmp(a, b) != 0;
}

/* Is what we knew of the servers wrong now, or only less than we know now? */
static bool servers_moved(const struct hostdns_servers *was,
			  const struct hostdns_servers *is)
{
	if (was->n == 0)
		return false;
	if (was->n != is->n)
		return true;
	for (unsigned int i = 0; i < is->n; i++)
		if (!ipaddr_equal(&was->server[i].addr, &is->server[i].addr) ||
		    other(was->server[i].ifname, is->server[i].ifname))
			return true;
	return false;
}

/*
 * Interface and gateway, remembered while there is none: a default route that
 * comes late, or comes back, is no other network.
 */
static bool network_moved(struct daemon *d)
{
	static const struct ipaddr none;
	const struct netinfo *n = &d->net;
	const char *ifname = n->default_ifname[0] != '\0' ? n->default_ifname :
							     n->only_ifname;
	bool gateway = !ipaddr_equal(&n->gateway, &none);
	bool moved = other(d->uplink, ifname) ||
		     (gateway && !ipaddr_equal(&d->gateway, &none) &&
		      !ipaddr_equal(&d->gateway, &n->gateway));

	if (moved)
		router_forget(d);
	if (ifname[0] != '\0')
		memcpy(d->uplink, ifname, sizeof(d->uplink));
	if (gateway) {
		d->gateway = n->gateway;
		router_read(d);
	}
	return moved;
}

/* What began the reconnect that is under way now. */
static uint64_t since(struct daemon *d, const char **reason)
{
	const struct episode *e = timeline_last(&d->timeline);
	uint64_t now = clock_boot();

	/* What was open is shut; what is to come has not begun. */
	if (strcmp(*reason, DOWN) == 0 && e != NULL) {
		*reason = e->reason;
		return e->start;
	}
	if (d->wake.at != 0 && now - d->wake.at < RECONNECT_NS) {
		*reason = "wake";
		return d->wake.at;
	}
	return now - d->linked < RECONNECT_NS ? d->linked : now;
}

/* Nothing of before stays open, nor on its way. */
static void shut(struct daemon *d)
{
	netcheck_shut(d, "network");
	(void)neighdrop();
}

/* Another network, or this one anew. */
static void begin_anew(struct daemon *d, const char *reason)
{
	uint64_t start = since(d, &reason);

	shut(d);
	d->network++;
	d->portal = false;
	if (bypass_moved(d))
		supervise_again(d, "link");
	/* It may have been given up. */
	if (d->active)
		netcheck_restart(d, reason, start);
}

/* The upstreams, and rules by which the datapath may ask them and no others. */
static void read_servers(struct daemon *d)
{
	struct why why;

	if (uplink_servers(d, &why) < 0)
		daemon_problem(d, "read_dns", why.text);
	if (daemon_load(d, &why) < 0)
		daemon_problem(d, "firewall", why.text);
}

static bool has_route(const struct daemon *d)
{
	return d->net.default_ifname[0] != '\0';
}

/* One that reaches further than the link; of the link that came up. */
static bool has_address(const struct daemon *d)
{
	for (unsigned int i = 0; i < d->net.n_onlink; i++) {
		const char *ifname = d->net.onlink[i].ifname;

		if (strcmp(ifname, STEER_DEVICE) != 0 &&
		    (d->link[0] == '\0' || strcmp(ifname, d->link) == 0))
			return true;
	}
	return false;
}

static void read_network(struct daemon *d)
{
	struct netinfo fresh;
	struct why why;

	if (netinfo_read(&fresh, &why) < 0)
		log_warning("network: %s", why.text);
	else
		d->net = fresh;
	stamp(has_address(d), &d->addressed);
	stamp(has_route(d), &d->routed);
}

static void mark(struct daemon *d)
{
	struct episode *e = timeline_last(&d->timeline);

	timeline_mark(e, TIMELINE_ADDRESS, d->addressed);
	timeline_mark(e, TIMELINE_ROUTE, d->routed);
}

static void drain(struct daemon *d, const char **moved, bool *any);

static void follow(struct daemon *d)
{
	struct hostdns_servers was = d->servers;
	const char *moved = d->pending.moved;
	bool any;

	d->pending.moved = NULL;
	/* What we read now is not what we are told of later. */
	if (d->netmon != NULL)
		drain(d, &moved, &any);
	read_network(d);
	if (network_moved(d) && moved == NULL)
		moved = "network";
	bypass_look(d);
	if (!d->active)
		return;
	read_servers(d);
	if (moved == NULL && bypass_moved(d))
		moved = "link";
	if (moved == NULL && servers_moved(&was, &d->servers))
		moved = "network";
	if (moved != NULL) {
		begin_anew(d, moved);
	} else {
		/* We know more than before: perhaps a server can be reached
		 * now that could not be a moment ago. */
		if (uplink_ready(d))
			d->prefetch++;
		d->resolver->tell(d);
	}
	mark(d);
}

static void on_later(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;

	(void)fd;
	(void)what;
	/* Its turn was waited for. */
	(void)!pace_wait(&d->pending.pace, clock_boot());
	follow(d);
}

static void follow_later(struct daemon *d, uint64_t ns)
{
	/* Rounded up: by then it is due. */
	const struct timeval tv = {
		.tv_sec = (time_t)(ns / CLOCK_S),
		.tv_usec = (suseconds_t)(ns % CLOCK_S / 1000 + 1),
	};

	d->pending.deferred++;
	/* What is open must not wait for us to look where we are. */
	if (d->answer.epoch != 0) {
		shut(d);
		if (d->pending.moved == NULL)
			d->pending.moved = "network";
	}
	if (!event_pending(d->pending.event, EV_TIMEOUT, NULL) &&
	    event_add(d->pending.event, &tv) < 0)
		follow(d);
}

/*
 * Links and wakes come as often as somebody likes: the first few at once,
 * then those of a tenth of a second together.
 */
static void look(struct daemon *d, const char *moved)
{
	uint64_t ns;

	if (moved != NULL && (d->pending.moved == NULL || moved != DOWN))
		d->pending.moved = moved;
	if (d->pending.event == NULL) {
		follow(d);
		return;
	}
	ns = pace_wait(&d->pending.pace, clock_boot());
	if (ns > 0) {
		follow_later(d, ns);
		return;
	}
	event_del(d->pending.event);
	follow(d);
}

void uplink_woke(struct daemon *d)
{
	static const struct ipaddr none;

	/* What we know of the network is of before the sleep. */
	d->uplink[0] = '\0';
	d->gateway = none;
	router_forget(d);
	if (d->active)
		memset(&d->servers, 0, sizeof(d->servers));
	look(d, "wake");
}

void uplink_begun(struct daemon *d)
{
	d->pending.tries = 0;
	d->pending.again = clock_boot() + CLOCK_S;
	d->pending.settled = clock_boot() + HURRY_NS;
	onecpu_begin(&d->onecpu, d->child.pid);
}

/* Servers may be up later than the link, or be slow to begin with. */
void uplink_tick(struct daemon *d)
{
	struct uplink_pending *p = &d->pending;
	const pid_t ours[] = { d->child.pid, d->leaks.child.pid };
	uint64_t now = clock_boot();

	if (now >= p->settled)
		onecpu_end(&d->onecpu, ours, NITEMS(ours));
	if (d->answer.epoch == 0 || d->answer.allowed.n > 0 ||
	    p->tries == TRIES || now < p->again || !uplink_ready(d))
		return;
	p->again = now + (CLOCK_S << ++p->tries);
	d->prefetch++;
	d->resolver->tell(d);
}

void uplink_follow(struct daemon *d)
{
	look(d, NULL);
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
	switch (kind) {
	case NETMON_LINK_UP:
		link_up(d, ifname);
		*moved = "link";
		return true;
	case NETMON_LINK_DOWN:
		if (*moved == NULL && carries(d, ifname))
			*moved = DOWN;
		return true;
	case NETMON_NEIGHBOUR:
		if (!router_another(d, ifname))
			return false;
		if (*moved == NULL)
			*moved = "network";
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

static void drain(struct daemon *d, const char **moved, bool *any)
{
	char ifname[IF_NAMESIZE];
	enum netmon_kind kind;
	bool links = false;
	int n = 0;

	/* What shrinks: the turn; then the others have theirs. */
	for (unsigned int i = 0; i < MESSAGES; i++) {
		n = netmon_next(d->netmon, &kind, ifname);
		if (n != 1)
			break;
		links |= kind != NETMON_NEIGHBOUR;
		if (concerns(d, kind, ifname) && note(d, kind, ifname, moved))
			*any = true;
	}
	if (n == 1)
		event_active(d->net_event, EV_READ, 0);
	if (n == -ENOBUFS && *moved == NULL)
		*moved = "network";
	/* A link may have become a bridge's port. */
	if (links || n == -ENOBUFS)
		leakwatch_follow(d);
}

static void on_network(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;
	const char *moved = NULL;
	bool any = false;

	(void)fd;
	(void)what;
	drain(d, &moved, &any);
	if (any || moved != NULL)
		look(d, moved);
}

int uplink_open(struct daemon *d, struct why *why)
{
	int error = netinfo_read(&d->net, why);

	if (error < 0 || (error = netmon_open(&d->netmon, why)) < 0)
		return error;
	/* What is there now did not come. */
	stamp(has_address(d), &d->addressed);
	stamp(has_route(d), &d->routed);
	d->pending.pace = (struct pace){ .gap = GAP_NS, .burst = BURST };
	d->pending.event = event_new(d->base, -1, 0, on_later, d);
	d->net_event = event_new(d->base, netmon_fd(d->netmon),
				 EV_READ | EV_PERSIST, on_network, d);
	if (d->net_event == NULL || d->pending.event == NULL ||
	    event_add(d->net_event, NULL) < 0)
		return why_set(why, -ENOMEM, "no event for the network");
	return 0;
}

void uplink_close(struct daemon *d)
{
	if (d->net_event != NULL)
		event_free(d->net_event);
	if (d->pending.event != NULL)
		event_free(d->pending.event);
	netmon_close(d->netmon);
}
