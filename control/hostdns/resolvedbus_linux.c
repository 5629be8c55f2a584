/* SPDX-License-Identifier: ISC */
#include "hostdns/resolvedbus.h"

#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "hostdns/resolvedlink.h"
#include "hostdns/sysbus.h"

static const char manager[] = "org.freedesktop.resolve1.Manager";
static const char manager_path[] = "/org/freedesktop/resolve1";
static const char link_interface[] = "org.freedesktop.resolve1.Link";
static const char link_prefix[] = "/org/freedesktop/resolve1/link";
static const char properties[] = "org.freedesktop.DBus.Properties";

struct resolvedbus {
	struct sysbus sys;
};

/* --- the program --- */

/* -ENODEV: no such link any more. */
static int told(const sd_bus_error *e, int r, const char *what,
		struct why *why)
{
	if (sd_bus_error_has_name(e, "org.freedesktop.resolve1.NoSuchLink") ||
	    sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_OBJECT))
		return why_set(why, -ENODEV, "systemd-resolved: %s: %.200s",
			       what, e->message != NULL ? e->message :
			       strerror(-r));
	if (sd_bus_error_has_name(e, "org.freedesktop.resolve1.LinkBusy"))
		return why_set(why, -EBUSY, "systemd-resolved: %s: %.200s Its "
			       "settings are systemd-networkd's; use datapath "
			       "= bypass, or hostdns = file", what,
			       e->message);
	return 0;
}

static const struct sysbus_peer peer = {
	"org.freedesktop.resolve1", "systemd-resolved", told,
};

int resolvedbus_open(struct resolvedbus **b, struct why *why)
{
	*b = calloc(1, sizeof(**b));
	if (*b == NULL)
		return why_set(why, -ENOMEM, "hostdns: no memory");
	sysbus_init(&(*b)->sys, &peer);
	return 0;
}

void resolvedbus_close(struct resolvedbus *b)
{
	sysbus_fini(&b->sys);
	free(b);
}

int resolvedbus_begin(struct resolvedbus *b, struct why *why)
{
	return sysbus_begin(&b->sys, why);
}

unsigned int resolvedbus_generation(const struct resolvedbus *b)
{
	return b->sys.generation;
}

/* --- reading --- */

/* A server, or a domain, of a link. */
struct list {
	const char *item;	/* its type, without the link */
	int (*read)(sd_bus_message *m, json_t **item);
};

static int read_server(sd_bus_message *m, json_t **item)
{
	const void *octets;
	struct ipaddr a;
	const char *name;
	uint16_t port;
	int family, r;
	size_t n;

	if ((r = sd_bus_message_read(m, "i", &family)) < 0 ||
	    (r = sd_bus_message_read_array(m, 'y', &octets, &n)) < 0 ||
	    (r = sd_bus_message_read(m, "qs", &port, &name)) < 0)
		return r;
	if (family == AF_INET && n == 4)
		a = ipaddr_v4(octets);
	else if (family == AF_INET6 && n == 16)
		a = ipaddr_v6(octets);
	else
		return -EBADMSG;
	*item = resolvedlink_server(&a, port, name);
	return 0;
}

static int read_domain(sd_bus_message *m, json_t **item)
{
	const char *name;
	int route_only;
	int r = sd_bus_message_read(m, "sb", &name, &route_only);

	if (r >= 0)
		*item = json_pack("[s, b]", name, route_only);
	return r;
}

static const struct list servers = { "iayqs", read_server };
static const struct list domains = { "sb", read_domain };

/* Of the manager's lists, only what belongs to no link. */
static int read_item(sd_bus_message *m, const struct list *l, bool linked,
		     json_t *list)
{
	int ifindex = 0, r = linked ? sd_bus_message_read(m, "i", &ifindex) : 0;
	json_t *item = NULL;

	if (r >= 0)
		r = l->read(m, &item);
	if (r < 0)
		return r;
	if (ifindex != 0) {
		json_decref(item);
		return 0;
	}
	return json_array_append_new(list, item) == 0 ? 0 : -EBADMSG;
}

/* An array of structs in a variant. linked: each begins with its link. */
static int read_list(sd_bus_message *m, const struct list *l, bool linked,
		     json_t *list)
{
	char array[24], element[20], item[16];
	int r;

	snprintf(item, sizeof(item), "%s%s", linked ? "i" : "", l->item);
	snprintf(element, sizeof(element), "(%s)", item);
	snprintf(array, sizeof(array), "a(%s)", item);
	if ((r = sd_bus_message_enter_container(m, 'v', array)) < 0 ||
	    (r = sd_bus_message_enter_container(m, 'a', element)) < 0)
		return r;
	while ((r = sd_bus_message_enter_container(m, 'r', item)) > 0)
		if ((r = read_item(m, l, linked, list)) < 0 ||
		    (r = sd_bus_message_exit_container(m)) < 0)
			return r;
	if (r < 0 || (r = sd_bus_message_exit_container(m)) < 0)
		return r;
	return sd_bus_message_exit_container(m);
}

/* What the host has for links that have no word of their own. */
struct host {
	char dnsovertls[RESOLVED_WORD], dnssec[RESOLVED_WORD];
};

/* host: what links inherit; a link says that if it has no word of its own. */
static int read_word(sd_bus_message *m, json_t *link, const char *key,
		     const char *host)
{
	const char *text;
	int r = sd_bus_message_read(m, "v", "s", &text);

	if (r < 0)
		return r;
	r = json_object_set_new(link, key, strcmp(text, "no") == 0 ?
				json_null() : json_string(
				strcmp(text, host) == 0 ? "" : text));
	return r == 0 ? 0 : -EBADMSG;
}

static int read_property(sd_bus_message *m, const char *name,
			 const struct host *host, json_t *link)
{
	if (strcmp(name, "DNSEx") == 0)
		return read_list(m, &servers, false,
				 json_object_get(link, "dns"));
	if (strcmp(name, "Domains") == 0)
		return read_list(m, &domains, false,
				 json_object_get(link, "domains"));
	if (strcmp(name, "DNSOverTLS") == 0)
		return read_word(m, link, "dnsovertls", host->dnsovertls);
	if (strcmp(name, "DNSSEC") == 0)
		return read_word(m, link, "dnssec", host->dnssec);
	return sd_bus_message_skip(m, "v");
}

static int read_link(sd_bus_message *m, const struct host *host, json_t *link)
{
	const char *name;
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0)
		if ((r = sd_bus_message_read(m, "s", &name)) < 0 ||
		    (r = read_property(m, name, host, link)) < 0 ||
		    (r = sd_bus_message_exit_container(m)) < 0)
			return r;
	return r;
}

static int get(struct resolvedbus *b, struct call *c, const char *property,
	       struct why *why)
{
	int r = call_begin(&b->sys, c, manager_path, properties, "Get");

	if (r >= 0)
		r = sd_bus_message_append(c->m, "ss", manager, property);
	return call_ask(&b->sys, c, r, property, why);
}

static int get_word(struct resolvedbus *b, const char *property,
		    char word[static RESOLVED_WORD], struct why *why)
{
	struct call c;
	int error = get(b, &c, property, why), r;
	const char *text;

	if (error == 0) {
		r = sd_bus_message_read(c.reply, "v", "s", &text);
		if (r < 0)
			error = call_told(&b->sys, &c, r, property, why);
		else
			snprintf(word, RESOLVED_WORD, "%s", text);
	}
	call_end(&c);
	return error;
}

static int add_host(struct resolvedbus *b, json_t *list, struct why *why)
{
	json_t *link = resolvedlink_new(0, "");
	struct call c;
	int error = get(b, &c, "DNSEx", why), r;

	if (error == 0 && (r = read_list(c.reply, &servers, true,
					 json_object_get(link, "dns"))) < 0)
		error = call_told(&b->sys, &c, r, "DNSEx", why);
	call_end(&c);
	json_array_append_new(list, link);
	return error;
}

static int get_link(struct resolvedbus *b, unsigned int ifindex,
		    const struct host *host, json_t *link, struct why *why)
{
	char text[16], *path = NULL;
	struct call c;
	int error, r;

	snprintf(text, sizeof(text), "%u", ifindex);
	r = sd_bus_path_encode(link_prefix, text, &path);
	if (r < 0)
		return why_set(why, r, "hostdns: %s", strerror(-r));
	r = call_begin(&b->sys, &c, path, properties, "GetAll");
	if (r >= 0)
		r = sd_bus_message_append(c.m, "s", link_interface);
	error = call_ask(&b->sys, &c, r, "settings of a link", why);
	if (error == 0 && (r = read_link(c.reply, host, link)) < 0)
		error = call_told(&b->sys, &c, r, "settings of a link", why);
	call_end(&c);
	free(path);
	return error;
}

/* Those that have none of these settings are left out: there may be many. */
static int add_link(struct resolvedbus *b, const struct if_nameindex *i,
		    const struct host *host, json_t *list, struct why *why)
{
	json_t *link = resolvedlink_new((int)i->if_index, i->if_name);
	int error = get_link(b, i->if_index, host, link, why);

	if (error == 0 &&
	    (json_array_size(json_object_get(link, "dns")) > 0 ||
	     json_array_size(json_object_get(link, "domains")) > 0) &&
	    json_array_append(list, link) != 0)
		error = why_set(why, -ENOMEM, "hostdns: no memory");
	json_decref(link);
	return error == -ENODEV ? 0 : error;
}

/*
 * One by one: the manager's list shows servers on this host under lo, whatever
 * link they belong to. lo itself is not resolved's to set.
 */
static int add_links(struct resolvedbus *b, const struct host *host,
		     json_t *list, struct why *why)
{
	struct if_nameindex *all = if_nameindex();
	int error = 0;

	if (all == NULL)
		return why_set(why, -errno, "links: %s", strerror(errno));
	for (unsigned int i = 0; all[i].if_index != 0 && error == 0; i++)
		if (strcmp(all[i].if_name, "lo") != 0)
			error = add_link(b, &all[i], host, list, why);
	if_freenameindex(all);
	return error;
}

int resolvedbus_links(struct resolvedbus *b, json_t **links, struct why *why)
{
	json_t *list = json_array();
	struct host host;
	const char *wrong;
	int error;

	error = get_word(b, "DNSOverTLS", host.dnsovertls, why);
	if (error == 0)
		error = get_word(b, "DNSSEC", host.dnssec, why);
	if (error == 0)
		error = add_host(b, list, why);
	if (error == 0)
		error = add_links(b, &host, list, why);
	if (error == 0 && (wrong = resolvedlink_wrong(list)) != NULL)
		error = why_set(why, -EBADMSG, "systemd-resolved: too much, "
				"or not understood: %s", wrong);
	if (error == 0)
		*links = list;
	else
		json_decref(list);
	return error;
}

/* --- setting --- */

static int put_server(sd_bus_message *m, const json_t *server)
{
	int port = (int)json_integer_value(json_array_get(server, 1)), r;
	struct ipaddr a;
	bool v4;

	if (!ipaddr_parse(json_string_value(json_array_get(server, 0)), &a))
		return -EBADMSG;
	v4 = ipaddr_is_v4(&a);
	if ((r = sd_bus_message_open_container(m, 'r', "iayqs")) < 0 ||
	    (r = sd_bus_message_append(m, "i", v4 ? AF_INET :
						    AF_INET6)) < 0 ||
	    (r = sd_bus_message_append_array(m, 'y', a.b + (v4 ? 12 : 0),
					     v4 ? 4 : 16)) < 0 ||
	    (r = sd_bus_message_append(m, "qs", (unsigned int)port,
				       json_string_value(json_array_get(
					       server, 2)))) < 0)
		return r;
	return sd_bus_message_close_container(m);
}

static int put_domain(sd_bus_message *m, const json_t *domain)
{
	return sd_bus_message_append(m, "(sb)",
				     json_string_value(json_array_get(domain,
								      0)),
				     json_is_true(json_array_get(domain, 1)));
}

static int put_list(sd_bus_message *m, const char *element, const json_t *list,
		    int (*put)(sd_bus_message *m, const json_t *item))
{
	int r = sd_bus_message_open_container(m, 'a', element);
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (r >= 0)
			r = put(m, item);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int put_value(sd_bus_message *m, const char *key, const json_t *value)
{
	if (strcmp(key, "dns") == 0)
		return put_list(m, "(iayqs)", value, put_server);
	if (strcmp(key, "domains") == 0)
		return put_list(m, "(sb)", value, put_domain);
	return sd_bus_message_append(m, "s", json_is_null(value) ? "no" :
						json_string_value(value));
}

static const char *setter(const char *key)
{
	static const char *const members[][2] = {
		{ "dns", "SetLinkDNSEx" }, { "domains", "SetLinkDomains" },
		{ "dnsovertls", "SetLinkDNSOverTLS" },
		{ "dnssec", "SetLinkDNSSEC" },
	};
	size_t i = 0;

	while (i < NITEMS(members) - 1 && strcmp(key, members[i][0]) != 0)
		i++;
	return members[i][1];
}

int resolvedbus_set(struct resolvedbus *b, const json_t *link,
		    const char *key, struct why *why)
{
	int ifindex = (int)json_integer_value(json_object_get(link,
							      "ifindex"));
	const char *member = setter(key);
	struct call c;
	int r = call_begin(&b->sys, &c, manager_path, manager, member);

	if (r >= 0)
		r = sd_bus_message_append(c.m, "i", ifindex);
	if (r >= 0)
		r = put_value(c.m, key, json_object_get(link, key));
	r = call_ask(&b->sys, &c, r, member, why);
	call_end(&c);
	return r;
}

static int plain(struct resolvedbus *b, const char *member, struct why *why)
{
	struct call c;
	int r = call_begin(&b->sys, &c, manager_path, manager, member);

	r = call_ask(&b->sys, &c, r, member, why);
	call_end(&c);
	return r;
}

int resolvedbus_flush(struct resolvedbus *b, struct why *why)
{
	int error = plain(b, "FlushCaches", why);

	return error == 0 ? plain(b, "ResetServerFeatures", why) : error;
}
