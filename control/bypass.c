/* SPDX-License-Identifier: ISC */
#include "bypass.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "daemon.h"
#include "log.h"
#include "os/steer.h"

/* --- links --- */

/* What is down cannot be opened; netmon tells when it comes up. */
static void add_link(struct bypass_links *l, const char *ifname)
{
	unsigned int ifindex = ifname[0] == '\0' ? 0 : if_nametoindex(ifname);

	if (ifindex == 0 || l->n == POLICY_UPSTREAMS ||
	    strcmp(ifname, STEER_DEVICE) == 0 || !netinfo_up(ifindex))
		return;
	for (unsigned int i = 0; i < l->n; i++)
		if (l->link[i].ifindex == ifindex)
			return;
	l->link[l->n].ifindex = ifindex;
	snprintf(l->link[l->n].name, IF_NAMESIZE, "%s", ifname);
	l->n++;
}

/* Those of the upstreams; while none is known, the one it will be on. */
static void find_links(const struct daemon *d, struct bypass_links *l)
{
	memset(l, 0, sizeof(*l));
	for (unsigned int i = 0; i < d->servers.n; i++)
		add_link(l, d->servers.server[i].ifname);
	if (d->servers.n == 0)
		add_link(l, d->net.only_ifname);
}

static bool has(const struct bypass_links *l, uint32_t ifindex)
{
	for (unsigned int i = 0; i < l->n; i++)
		if (l->link[i].ifindex == ifindex)
			return true;
	return false;
}

bool bypass_moved(const struct daemon *d)
{
	struct bypass_links l;

	if (!d->running)
		return false;
	/* What it had opened may have been shut meanwhile. */
	if (d->bypass.frail && d->wake.at > d->started)
		return true;
	if (!d->bypass.on)
		return false;
	find_links(d, &l);
	for (unsigned int i = 0; i < l.n; i++)
		if (!has(&d->bypass.links, l.link[i].ifindex))
			return true;
	return false;
}

/* --- the device --- */

bool bypass_lost(const struct daemon *d)
{
	return d->bypass.steer != NULL && !steer_alive(d->bypass.steer);
}

/* One of that name is another one then. */
static int open_device(struct daemon *d, struct why *why)
{
	if (d->bypass.steer != NULL && !bypass_lost(d))
		return 0;
	bypass_close(d);
	return steer_open(&d->bypass.steer, why);
}

int bypass_prepare(struct daemon *d, struct datapath_setup *setup,
		   struct why *why)
{
	bool steered = d->bypass.steered;
	int error = open_device(d, why);

	if (error < 0)
		return error;
	/* One that is new, while the door is open. */
	if (steered && !d->bypass.steered && (error = bypass_steer(d, why)) < 0)
		return error;
	/* Which links, is known from the servers; that none can be read is
	 * the next step's to say. */
	if (uplink_servers(d, why) < 0)
		log_debug("bypass: %s", why->text);
	find_links(d, &d->bypass.links);
	for (unsigned int i = 0; i < d->bypass.links.n; i++)
		d->bypass.links.link[i].xdp = d->conf.wire == WIRE_XDP;
	setup->bypass = 1;
	setup->n_listen = 0;
	setup->n_links = (uint16_t)d->bypass.links.n;
	memcpy(setup->links, d->bypass.links.link, sizeof(setup->links));
	d->child.tun = steer_fd(d->bypass.steer);
	return 0;
}

void bypass_started(struct daemon *d, const struct datapath_report *r)
{
	d->bypass.xdp = r->xdp;
	d->bypass.no_xdp.text[0] = '\0';
	if (r->no_xdp[0] == '\0')
		return;
	why_set(&d->bypass.no_xdp, 0, "%s", r->no_xdp);
	log_warning("datapath: %s", r->no_xdp);
}

void bypass_close(struct daemon *d)
{
	if (d->bypass.steer != NULL)
		steer_close(d->bypass.steer);
	d->bypass.steer = NULL;
	d->bypass.steered = false;
}

/* --- steering --- */

int bypass_steer(struct daemon *d, struct why *why)
{
	int error = d->bypass.steer == NULL ?
		    why_set(why, -ENODEV, "there is no %s", STEER_DEVICE) :
		    steer_on(d->bypass.steer, why);

	d->bypass.steered = error == 0;
	return error;
}

int bypass_unsteer(struct daemon *d, struct why *why)
{
	int error = d->bypass.steer == NULL ? steer_heal(why) :
				       steer_off(d->bypass.steer, why);

	if (error == 0)
		d->bypass.steered = false;
	return error;
}

static void look(struct daemon *d)
{
	struct why why;
	int result;

	d->bypass.doubt = false;
	d->bypass.looked = clock_boot();
	result = steer_verify(d->bypass.steer, &why);
	if (result == -ENODEV) {
		supervise_again(d, "device");
		return;
	}
	/* Tried every second, and told once. */
	if (result < 0) {
		d->bypass.doubt = true;
		if (strcmp(d->problem.text, why.text) != 0)
			daemon_problem(d, "point_dns", why.text);
	}
	if (result <= 0)
		return;
	d->bypass.repairs++;
	log_warning("bypass: the routing of DNS was changed by somebody "
		    "else, and put right");
	methods_event(d, "steering", "{s:I}", "repairs",
		      (json_int_t)d->bypass.repairs);
}

void bypass_look(struct daemon *d)
{
	if (!d->bypass.on || !d->bypass.steered)
		return;
	if (clock_boot() - d->bypass.looked < CLOCK_S)
		d->bypass.doubt = true;
	else
		look(d);
}

bool bypass_restless(const struct daemon *d)
{
	return d->bypass.on && d->bypass.steered && d->bypass.doubt;
}

void bypass_tick(struct daemon *d)
{
	if (bypass_restless(d))
		look(d);
}

/* --- what the datapath is told --- */

void bypass_path(struct policy_upstream *u)
{
	struct netpath path;

	if (u->ifindex == 0)
		return;
	netinfo_path(&u->addr, u->ifindex, &path);
	u->source = path.source;
	u->hop = path.hop;
	memcpy(u->mac, path.mac, sizeof(u->mac));
}

void bypass_judge(struct judge *j)
{
	for (unsigned int i = 0; i < STEER_ADDRESSES; i++) {
		if (j->n_own < POLICY_NETS)
			j->own[j->n_own++] = steer_address(i);
		/* The peer's as well. */
		if (j->n_forbidden < POLICY_NETS)
			j->forbidden[j->n_forbidden++] = steer_nets[i];
	}
}
