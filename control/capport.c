/* SPDX-License-Identifier: ISC */
#include "capport.h"

#include <string.h>

#include "busevent.h"
#include "clock.h"
#include "daemon.h"
#include "log.h"
#include "os/filewatch.h"

/* An advertisement no older belongs to the network that has just come. */
static const uint64_t FRESH_NS = 30 * CLOCK_S;

static void keep(struct lease *l, const char *url, size_t len,
		 const char *source)
{
	memset(l, 0, sizeof(*l));
	/* What is cut is too long for a good one. */
	l->len = len < LEASE_VALUE ? len : LEASE_VALUE;
	memcpy(l->url, url, l->len);
	l->source = source;
}

void capport_advert(struct daemon *d, unsigned int ifindex, const char *url,
		    size_t len)
{
	d->capport.advert.ifindex = ifindex;
	d->capport.advert.at = clock_boot();
	keep(&d->capport.advert.lease, url, len, "router");
}

/* DHCP before routers, as RFC 8910, 3 has it where they differ. */
static void find(const struct daemon *d, struct lease *l)
{
	struct lease_place p = { .root = "", .run_dir = d->conf.run_dir };

	memset(l, 0, sizeof(*l));
	memcpy(p.ifname, d->net.default_ifname[0] != '\0' ?
	       d->net.default_ifname : d->net.only_ifname, IF_NAMESIZE);
	p.ifindex = if_nametoindex(p.ifname);
	lease_follow(&p, d->capport.watch);
	if (p.ifindex == 0 || lease_find(&p, &d->net, l))
		return;
	if (d->capport.advert.at != 0 && d->capport.advert.ifindex == p.ifindex)
		*l = d->capport.advert.lease;
}

static bool same(const struct lease *a, const struct lease *b)
{
	return a->len == b->len && memcmp(a->url, b->url, a->len) == 0;
}

static void tell(struct daemon *d)
{
	const struct capport *c = &d->capport;

	if (c->wrong != NULL) {
		log_warning("portal: the network's URL is not taken: %s",
			    c->wrong);
		methods_event(d, "portal_api", "{s:s,s:s}", "source",
			      c->seen.source, "refused", c->wrong);
		return;
	}
	if (c->url.host_len == 0)
		return;
	log_info("portal: %s has told its URL", c->seen.source);
	methods_event(d, "portal_api", "{s:s,s:s,s:b}", "source",
		      c->seen.source, "url", c->url.text, "open",
		      capport_open(d) != NULL);
}

bool capport_wanted(const struct daemon *d)
{
	return d->conf.allow.portal_api &&
	       d->conf.firewall.mode != FWMODE_GUEST;
}

bool capport_look(struct daemon *d)
{
	struct capport *c = &d->capport;
	struct capurl was = c->url;
	struct lease l;

	find(d, &l);
	if (same(&l, &c->seen))
		return false;
	c->seen = l;
	c->url = (struct capurl){ .text = "" };
	c->wrong = l.len == 0 ? NULL : capurl_read(l.url, l.len, &c->url);
	tell(d);
	return capport_wanted(d) &&
	       (was.host_len != c->url.host_len ||
		memcmp(was.host, c->url.host, sizeof(was.host)) != 0);
}

void capport_forget(struct daemon *d)
{
	struct capport *c = &d->capport;

	if (c->advert.at != 0 && clock_boot() - c->advert.at > FRESH_NS)
		c->advert.at = 0;
	memset(&c->seen, 0, sizeof(c->seen));
	c->url = (struct capurl){ .text = "" };
	c->wrong = NULL;
}

const struct capurl *capport_open(const struct daemon *d)
{
	return capport_wanted(d) && d->capport.url.host_len > 0 ?
	       &d->capport.url : NULL;
}

void capport_name(const struct daemon *d, struct policy *p)
{
	const struct capurl *u = capport_open(d);
	struct policy_name *name;

	if (u == NULL || p->n_names == POLICY_NAMES)
		return;
	name = &p->names[p->n_names++];
	memcpy(name->wire, u->host, u->host_len);
	name->len = u->host_len;
}

/* The same name; or one below it, if that counts. */
static bool matches(const struct policy_name *n, const uint8_t *name,
		    size_t len)
{
	/* What shrinks: what is left of the name. */
	for (size_t at = 0; at < len; at += name[at] + 1u) {
		if (len - at == n->len &&
		    memcmp(name + at, n->wire, n->len) == 0)
			return true;
		if (!n->suffix)
			return false;
	}
	return false;
}

bool capport_tls_only(void *context, const uint8_t *name, size_t len)
{
	const struct daemon *d = context;

	if (capport_open(d) == NULL)
		return false;
	for (unsigned int i = 0; i < d->conf.n_names; i++)
		if (matches(&d->conf.names[i], name, len))
			return false;
	return true;
}

/* --- when --- */

bool capport_restless(const struct daemon *d)
{
	return d->active && (d->capport.due || d->capport.watch == NULL);
}

static void on_lease(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;

	(void)fd;
	(void)what;
	if (!filewatch_changed(d->capport.watch))
		return;
	if (d->active)
		uplink_portal(d);
	else
		filewatch_follow(d->capport.watch, NULL, 0);
}

void capport_watch(struct daemon *d)
{
	struct capport *c = &d->capport;
	struct why why;

	if (filewatch_open(&c->watch, &why) < 0) {
		log_warning("portal: %s", why.text);
		return;
	}
	c->event = event_new(d->base, filewatch_fd(c->watch),
			     EV_READ | EV_PERSIST, on_lease, d);
	if (c->event == NULL || event_add(c->event, NULL) < 0)
		capport_unwatch(d);
}

void capport_unwatch(struct daemon *d)
{
	busevent_free(&d->capport.event);
	filewatch_close(d->capport.watch);
	d->capport.watch = NULL;
}
