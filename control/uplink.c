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
#include "netwatch.h"
#include "os/steer.h"
#include "router.h"

/* A wake, or a link that came up, began the reconnect at hand if it is no
 * longer ago. */
static const uint64_t RECONNECT_NS = 30 * CLOCK_S;
static const uint64_t HURRY_NS = 5 * CLOCK_S;
static const uint64_t GAP_NS = 100 * CLOCK_MS;

const char UPLINK_DOWN[] = "down";
/* It is the same network, but the host that its portal names has moved. */
static const char PORTAL[] = "portal";

enum {
	TRIES = 5,		/* after 1, 2, 4, ... s: as long as a reconnect */
	BURST = 16,		/* a link that comes up tells about ten times */
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

/* 1 if they are others than those we know. */
static int read_upstreams(struct daemon *d, struct hostdns_servers *s,
			  struct why *why)
{
	int error = 0;

	memset(s, 0, sizeof(*s));
	if (d->conf.n_upstreams > 0)
		configured(d, s);
	else
		error = d->hostdns->ops->read(d->hostdns, s, why);
	if (error < 0 && error != -ENOENT)
		return error;
	/* No server yet is no failure: the network is still coming up. */
	if (s->n == 0)
		memset(s, 0, sizeof(*s));
	return memcmp(s, &d->servers, sizeof(*s)) != 0;
}

int uplink_servers(struct daemon *d, struct why *why)
{
	struct hostdns_servers s;
	int n = read_upstreams(d, &s, why);

	if (n < 0)
		return n;
	if (s.n == 0)
		log_info("netcheck: the host has no DNS server to ask yet");
	d->servers = s;
	return n;
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
 * Interface and gateways, remembered while there is none: a default route that
 * comes late, or comes back, is no other network. NetworkManager takes that of
 * one family away for a moment whenever its check ends differently.
 */
static bool network_moved(struct daemon *d)
{
	static const struct ipaddr none;
	const struct netinfo *n = &d->net;
	const char *ifname = n->default_ifname[0] != '\0' ? n->default_ifname :
							     n->only_ifname;
	struct gateway *known = &d->gateway[ipaddr_is_v4(&n->gateway)];
	bool gateway = !ipaddr_equal(&n->gateway, &none);
	bool moved;

	/* What leads into the tunnel is not the network underneath. */
	if (daemon_tunnels(d, ifname))
		return false;
	moved = other(d->uplink, ifname) ||
		(gateway && !ipaddr_equal(&known->addr, &none) &&
		 !ipaddr_equal(&known->addr, &n->gateway));

	if (moved)
		router_forget(d);
	if (ifname[0] != '\0')
		memcpy(d->uplink, ifname, sizeof(d->uplink));
	if (gateway) {
		known->addr = n->gateway;
		router_read(d, known);
	}
	return moved;
}

/* What began the reconnect that is under way now. */
static uint64_t since(struct daemon *d, const char **reason)
{
	const struct episode *e = timeline_last(&d->timeline);
	uint64_t now = clock_boot();

	/* What was open is shut; what is to come has not begun. */
	if (strcmp(*reason, UPLINK_DOWN) == 0 && e != NULL) {
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
static void begin_anew(struct daemon *d, const char *moved)
{
	const char *reason = moved;
	uint64_t start = since(d, &reason);

	shut(d);
	d->network++;
	d->portal = false;
	if (strcmp(moved, PORTAL) != 0)
		capport_forget(d);
	(void)capport_look(d);
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

/*
 * What one host of the network's choice opened is closed before another one
 * is let through. The first one closes nothing.
 */
static bool portal_moved(struct daemon *d)
{
	bool had = capport_open(d) != NULL;

	return capport_look(d) && had;
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

/* A server that could not be asked perhaps can be now. */
static void await(struct daemon *d)
{
	if (d->pending.unready)
		d->pending.again = clock_boot() + CLOCK_S;
	d->pending.unready = false;
}

static void follow(struct daemon *d)
{
	struct hostdns_servers was = d->servers;
	const char *moved = d->pending.moved;

	d->pending.moved = NULL;
	/* What we read now is not what we are told of later. */
	if (d->netmon != NULL)
		(void)netwatch_drain(d, &moved);
	read_network(d);
	await(d);
	if (network_moved(d) && moved == NULL)
		moved = "network";
	bypass_look(d);
	alias_look(d);
	if (!d->active)
		return;
	read_servers(d);
	if (moved == NULL && bypass_moved(d))
		moved = "link";
	if (moved == NULL && servers_moved(&was, &d->servers))
		moved = "network";
	if (moved == NULL && portal_moved(d))
		moved = PORTAL;
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
void uplink_look(struct daemon *d, const char *moved)
{
	uint64_t ns;

	if (moved != NULL && (d->pending.moved == NULL || strcmp(moved, UPLINK_DOWN) != 0))
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

void uplink_settings(struct daemon *d)
{
	struct hostdns_servers s;
	struct why why;

	if (read_upstreams(d, &s, &why) > 0)
		uplink_look(d, NULL);
}

void uplink_woke(struct daemon *d)
{
	/* What we know of the network is of before the sleep. */
	d->uplink[0] = '\0';
	memset(d->gateway, 0, sizeof(d->gateway));
	if (d->active)
		memset(&d->servers, 0, sizeof(d->servers));
	uplink_look(d, "wake");
}

void uplink_begun(struct daemon *d)
{
	d->pending.tries = 0;
	d->pending.unready = false;
	d->capport.due = true;
	d->pending.again = clock_boot() + CLOCK_S;
	d->pending.settled = clock_boot() + HURRY_NS;
	onecpu_begin(&d->onecpu, d->child.pid);
}

static bool in_vain(const struct daemon *d)
{
	return d->answer.epoch != 0 && d->answer.allowed.n == 0 &&
	       d->pending.tries < TRIES && !d->pending.unready;
}

uint64_t uplink_due(const struct daemon *d)
{
	const struct uplink_pending *p = &d->pending;
	uint64_t again = in_vain(d) ? p->again : UINT64_MAX;

	return d->onecpu.on && p->settled < again ? p->settled : again;
}

/* Servers may be up later than the link, or be slow to begin with. */
void uplink_tick(struct daemon *d)
{
	struct uplink_pending *p = &d->pending;
	const pid_t ours[] = { d->child.pid, d->leaks.child.pid };
	uint64_t now = clock_boot();

	if (now >= p->settled)
		onecpu_end(&d->onecpu, ours, NITEMS(ours));
	if (!in_vain(d) || now < p->again)
		return;
	p->unready = !uplink_ready(d);
	if (p->unready)
		return;
	p->again = now + (CLOCK_S << ++p->tries);
	d->prefetch++;
	d->resolver->tell(d);
}

void uplink_portal(struct daemon *d)
{
	bool had = capport_open(d) != NULL;

	d->capport.due = false;
	if (!d->active || !capport_look(d))
		return;
	if (had) {
		uplink_look(d, PORTAL);
		return;
	}
	d->prefetch++;
	d->resolver->tell(d);
}

int uplink_open(struct daemon *d, struct why *why)
{
	int error = netinfo_read(&d->net, why);

	if (error < 0)
		return error;
	/* What is there now did not come. */
	stamp(has_address(d), &d->addressed);
	stamp(has_route(d), &d->routed);
	d->pending.pace = (struct pace){ .gap = GAP_NS, .burst = BURST };
	d->pending.event = event_new(d->base, -1, 0, on_later, d);
	if (d->pending.event == NULL)
		return why_set(why, -ENOMEM, "no event for the network");
	return netwatch_open(d, why);
}

void uplink_close(struct daemon *d)
{
	netwatch_close(d);
	if (d->pending.event != NULL)
		event_free(d->pending.event);
}
