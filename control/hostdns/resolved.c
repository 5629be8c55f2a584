/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * systemd-resolved asks the servers of links. While the door may open, each
 * link that has servers gets ours instead, and "~.", so that all names come to
 * us whatever other domains there are; what was there is saved before.
 * DNS over TLS and DNSSEC are off for that time: we speak neither.
 * resolv.conf is never written, since resolved adopts what it finds there.
 *
 * RevertLink would take away what NetworkManager or a user has set. So the
 * values are put back one by one, each only if it still is of our making:
 * there is no moment at which it must be known how far we came.
 *
 * Servers are set first and put back last: at no time does resolved ask theirs
 * with the TLS taken off.
 *
 * Somebody else who sets something meanwhile is right: that is what comes back
 * then, and we are set again in its place, a few times a minute at most.
 * A link without servers has lost them to a new start of resolved, or somebody
 * took them.
 */
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "hostdns/guard.h"
#include "hostdns/hostdns.h"
#include "hostdns/resolvedbus.h"
#include "hostdns/resolvedlink.h"
#include "hostdns/resolvfile.h"
#include "log.h"
#include "os/netinfo.h"

static const uint64_t PATIENCE = 10 * CLOCK_S;

struct resolved {
	struct hostdns h;
	struct resolvedbus *bus;
	char state_dir[PATH_MAX];
	char resolv_conf[PATH_MAX];
	uint16_t port;			/* 0: 53 */
	bool on;			/* we are to be asked */
	json_t *saved;			/* links, as they come back */
	json_t *ours;			/* what we set for their dns */
	unsigned int generation;	/* of the resolved that we set it in */
	struct guard guard;
	uint64_t patience;		/* no look before */
};

static const char *const keys[] = { "dns", "dnsovertls", "dnssec", "domains" };

static const json_t *dns_of(const json_t *link)
{
	return json_object_get(link, "dns");
}

static int index_of(const json_t *link)
{
	return (int)json_integer_value(json_object_get(link, "ifindex"));
}

static const char *name_of(const json_t *link)
{
	return json_string_value(json_object_get(link, "ifname"));
}

static int save(struct resolved *r, struct why *why)
{
	return resolvedlink_save(r->state_dir, r->saved, r->ours, why);
}

static int links(struct resolved *r, json_t **list, struct why *why)
{
	int error = resolvedbus_begin(r->bus, why);

	return error != 0 ? error : resolvedbus_links(r->bus, list, why);
}

/* --- read --- */

/* What is known while resolved does not answer. */
static int read_without(const struct resolved *r, const struct netinfo *n,
			struct hostdns_servers *found, struct why *why)
{
	if (json_array_size(r->saved) == 0)
		return resolvfile_read(r->resolv_conf, found, why);
	resolvedlink_servers(r->saved, r->saved, r->ours, n, found);
	return 0;
}

static int resolved_read(struct hostdns *h, struct hostdns_servers *s,
			 struct why *why)
{
	struct resolved *r = (struct resolved *)h;
	struct hostdns_servers found;
	struct netinfo n;
	json_t *list;
	int error = netinfo_read(&n, why);

	/* It writes its files anew with each change. */
	resolvfile_watch(h->watch, r->resolv_conf);
	if (error != 0)
		return error;
	memset(&found, 0, sizeof(found));
	if (links(r, &list, why) == 0) {
		resolvedlink_servers(list, r->saved, r->ours, &n, &found);
		json_decref(list);
	} else {
		error = read_without(r, &n, &found, why);
		if (error != 0)
			return error;
	}
	if (found.n == 0)
		return why_set(why, -ENOENT, "systemd-resolved has no server "
			       "that can be asked; set upstreams = ...");
	memcpy(s, &found, sizeof(*s));
	return 0;
}

/* --- restore --- */

static bool is_there(const json_t *link)
{
	char ifname[IF_NAMESIZE];

	return if_indextoname((unsigned int)index_of(link), ifname) != NULL &&
	       strcmp(ifname, name_of(link)) == 0;
}

/* A link that resolved has nothing of to tell; NULL: it is gone. */
static json_t *silent(const json_t *entry)
{
	return is_there(entry) ?
	       resolvedlink_new(index_of(entry), name_of(entry)) : NULL;
}

static int restore_link(struct resolved *r, const json_t *entry,
			const json_t *list, struct why *why)
{
	json_t *now = resolvedlink_find(list, entry);
	int error = 0;

	now = now != NULL ? json_incref(now) : silent(entry);
	for (size_t i = NITEMS(keys); now != NULL && i > 0 && error == 0; i--)
		if (resolvedlink_changed(entry, now, r->ours, keys[i - 1]))
			error = resolvedbus_set(r->bus, entry, keys[i - 1],
						why);
	json_decref(now);
	return error == -ENODEV ? 0 : error;
}

static int restore_links(struct resolved *r, struct why *why)
{
	const json_t *entry;
	struct why ignored;
	json_t *list;
	size_t i;
	int error = links(r, &list, why);

	if (error != 0)
		return error;
	json_array_foreach(r->saved, i, entry)
		if ((error = restore_link(r, entry, list, why)) != 0)
			break;
	json_decref(list);
	if (error == 0 && resolvedbus_flush(r->bus, &ignored) != 0)
		log_warning("hostdns: %s", ignored.text);
	return error;
}

static int resolved_restore(struct hostdns *h, struct why *why)
{
	struct resolved *r = (struct resolved *)h;
	json_t *was = r->saved;
	int error;

	r->on = false;
	if (json_array_size(was) == 0)
		return 0;
	error = restore_links(r, why);
	if (error != 0)
		return error;
	r->saved = json_array();
	error = save(r, why);
	if (error == 0) {
		json_decref(was);
		return 0;
	}
	json_decref(r->saved);
	r->saved = was;
	return error;
}

/* --- point --- */

static bool is_emptied(const struct resolved *r, const json_t *entry,
		       const json_t *now)
{
	/* By a new start they are lost; else somebody took them. */
	return json_array_size(dns_of(now)) == 0 &&
	       (json_array_size(dns_of(entry)) == 0 ||
		r->generation == resolvedbus_generation(r->bus));
}

/* Does this one ask others than us? */
static bool is_astray(const struct resolved *r, const json_t *now)
{
	const json_t *entry = resolvedlink_find(r->saved, now);

	if (index_of(now) == 0)
		return false;
	if (entry == NULL)
		return json_array_size(dns_of(now)) > 0;
	if (is_emptied(r, entry, now))
		return false;
	return !json_equal(dns_of(now), r->ours) ||
	       !json_is_null(json_object_get(now, "dnsovertls")) ||
	       !json_is_null(json_object_get(now, "dnssec")) ||
	       !resolvedlink_ours(now, r->ours, "domains");
}

/* Links of ours that are there, but which resolved says nothing of. */
static void add_silent(const struct resolved *r, json_t *list)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(r->saved, i, entry)
		if (resolvedlink_find(list, entry) == NULL)
			json_array_append_new(list, silent(entry));
}

static void adopt(struct resolved *r, const json_t *now)
{
	json_t *entry = resolvedlink_find(r->saved, now);

	if (entry == NULL)
		json_array_append_new(r->saved, json_deep_copy(now));
	else if (json_array_size(dns_of(now)) > 0)
		resolvedlink_adopt(entry, now, r->ours);
}

static int set_link(struct resolved *r, const json_t *now, struct why *why)
{
	json_t *to = resolvedlink_new(index_of(now), name_of(now));
	int error = 0;

	json_object_set(to, "dns", r->ours);
	json_object_set_new(to, "domains", resolvedlink_everything());
	for (size_t i = 0; i < NITEMS(keys) && error == 0; i++)
		if (!json_equal(json_object_get(now, keys[i]),
				json_object_get(to, keys[i])))
			error = resolvedbus_set(r->bus, to, keys[i], why);
	json_decref(to);
	return error == -ENODEV ? 0 : error;
}

static void forget_gone(struct resolved *r)
{
	for (size_t i = json_array_size(r->saved); i-- > 0;)
		if (!is_there(json_array_get(r->saved, i)))
			json_array_remove(r->saved, i);
}

/* list: links as they are now. 1 if one of them was changed. */
static int set_links(struct resolved *r, const json_t *list, struct why *why)
{
	const json_t *now;
	bool any = false;
	size_t i;
	int error;

	forget_gone(r);
	/* Theirs is safe before it is changed. */
	json_array_foreach(list, i, now)
		if (index_of(now) != 0 && is_astray(r, now))
			adopt(r, now);
	error = save(r, why);
	if (error != 0)
		return error;
	json_array_foreach(list, i, now) {
		if (!is_astray(r, now))
			continue;
		error = set_link(r, now, why);
		if (error != 0)
			return error;
		any = true;
	}
	r->generation = resolvedbus_generation(r->bus);
	error = any ? resolvedbus_flush(r->bus, why) : 0;
	return error != 0 ? error : any;
}

/* What is left of other addresses of ours goes first. */
static int readdress(struct resolved *r, json_t *ours, struct why *why)
{
	int error = 0;

	if (!json_equal(r->ours, ours) && json_array_size(r->saved) > 0)
		error = resolved_restore(&r->h, why);
	if (error != 0) {
		json_decref(ours);
		return error;
	}
	json_decref(r->ours);
	r->ours = ours;
	return 0;
}

/* At boot the bus is not there yet. Who looks finds it, and says until then
 * that it is missing. */
static int wait_for_it(struct resolved *r, int error, const struct why *why)
{
	if (!hostdns_is_absence(error))
		return error;
	log_info("hostdns: %s yet: pointed at us when it is there", why->text);
	r->on = true;
	return 0;
}

static int resolved_point(struct hostdns *h, const struct ipaddr *listen,
			  unsigned int n, struct why *why)
{
	struct resolved *r = (struct resolved *)h;
	int error = readdress(r, resolvedlink_listen(listen, n, r->port),
			      why);
	struct why ignored;
	json_t *list;

	if (error != 0)
		return error;
	error = links(r, &list, why);
	if (error != 0)
		return wait_for_it(r, error, why);
	if (json_array_size(r->saved) == 0)
		r->generation = resolvedbus_generation(r->bus);
	add_silent(r, list);
	error = set_links(r, list, why);
	json_decref(list);
	if (error < 0) {
		if (resolved_restore(h, &ignored) != 0)
			log_warning("hostdns: %s", ignored.text);
		return error;
	}
	r->on = true;
	return 0;
}

/* --- look --- */

static const json_t *find_astray(const struct resolved *r, const json_t *list)
{
	const json_t *now;
	size_t i;

	json_array_foreach(list, i, now)
		if (is_astray(r, now))
			return now;
	return NULL;
}

/* Servers that somebody took, so that a new start is not blamed for it. */
static void note_emptied(struct resolved *r, const json_t *list)
{
	const json_t *now;
	size_t i;

	json_array_foreach(list, i, now) {
		json_t *entry = resolvedlink_find(r->saved, now);

		if (entry != NULL && is_emptied(r, entry, now))
			json_object_set(entry, "dns",
					json_object_get(now, "dns"));
	}
}

static int look(struct resolved *r, json_t *list, struct why *why)
{
	const json_t *astray;
	char ifname[IF_NAMESIZE];

	add_silent(r, list);
	note_emptied(r, list);
	astray = find_astray(r, list);
	if (astray == NULL) {
		r->generation = resolvedbus_generation(r->bus);
		return 0;
	}
	snprintf(ifname, sizeof(ifname), "%s", name_of(astray));
	if (!guard_may(&r->guard))
		return why_set(why, -EBUSY, "somebody else keeps setting the "
			       "DNS servers of %s: names cannot be asked for "
			       "there; use datapath = bypass", ifname);
	log_info("hostdns: somebody else has set the DNS servers of %s: "
		 "pointed at us again", ifname);
	return set_links(r, list, why);
}

static int resolved_look(struct hostdns *h, struct why *why)
{
	struct resolved *r = (struct resolved *)h;
	int n = -ETIMEDOUT;
	json_t *list;

	if (!r->on)
		return 0;
	if (clock_boot() >= r->patience && (n = links(r, &list, why)) == 0) {
		n = look(r, list, why);
		json_decref(list);
	}
	if (n != -ETIMEDOUT)
		return n;
	/* Each look at one that hangs takes a second of ours. */
	if (clock_boot() >= r->patience)
		r->patience = clock_boot() + PATIENCE;
	return why_set(why, n, "systemd-resolved does not answer");
}

/* --- life --- */

static bool resolved_pointed(const struct hostdns *h)
{
	const struct resolved *r = (const struct resolved *)h;

	return json_array_size(r->saved) > 0;
}

static void resolved_close(struct hostdns *h)
{
	struct resolved *r = (struct resolved *)h;

	resolvedbus_close(r->bus);
	json_decref(r->saved);
	json_decref(r->ours);
	free(r);
}

static const struct hostdns_ops resolved_ops = {
	.name = "resolved",
	.close = resolved_close,
	.read = resolved_read,
	.point = resolved_point,
	.restore = resolved_restore,
	.pointed = resolved_pointed,
	.look = resolved_look,
	.ticks = true,
};

static void heal(struct resolved *r)
{
	struct why why;

	if (json_array_size(r->saved) == 0)
		return;
	if (resolved_restore(&r->h, &why) != 0)
		log_warning("hostdns: %s", why.text);
	else
		log_info("hostdns: systemd-resolved: put the original back");
}

int hostdns_resolved_open(struct hostdns **h, const struct conf *c,
			  struct why *why)
{
	struct resolved *r = calloc(1, sizeof(*r));
	int error;

	if (r == NULL)
		return why_set(why, -ENOMEM, "hostdns: no memory");
	r->h.ops = &resolved_ops;
	r->port = c->port == 53 ? 0 : c->port;
	memcpy(r->state_dir, c->state_dir, sizeof(r->state_dir));
	memcpy(r->resolv_conf, c->resolv_conf, sizeof(r->resolv_conf));
	error = resolvedbus_open(&r->bus, why);
	if (error != 0) {
		free(r);
		return error;
	}
	if (resolvedlink_load(r->state_dir, &r->saved, &r->ours, why) != 0)
		log_warning("hostdns: %s", why->text);
	if (r->saved == NULL)
		r->saved = json_array();
	heal(r);
	*h = &r->h;
	return 0;
}
