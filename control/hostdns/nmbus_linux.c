/* SPDX-License-Identifier: ISC */
#include "hostdns/nmbus.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "hostdns/busvalue.h"
#include "hostdns/sysbus.h"

#define NAME "org.freedesktop.NetworkManager"

static const char path[] = "/org/freedesktop/NetworkManager";
static const char dns_path[] = "/org/freedesktop/NetworkManager/DnsManager";
static const char properties[] = "org.freedesktop.DBus.Properties";
static const char global_name[] = "GlobalDnsConfiguration";

enum {
	LINKS = 64,
	IP_CHECK = 80,		/* NM_DEVICE_STATE: all is configured, */
	ACTIVATED = 100,	/* ... to the end */
	REWRITE = 0x02,		/* NM_MANAGER_RELOAD_FLAG_DNS_RC */
};

struct nmbus {
	struct sysbus sys;
};

static int told(const sd_bus_error *e, int r, const char *what,
		struct why *why)
{
	(void)r;
	if (!sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_OBJECT) &&
	    !sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_METHOD))
		return 0;
	return why_set(why, -ENODEV, "NetworkManager: %s: %.200s", what,
		       e->message != NULL ? e->message : e->name);
}

static const struct sysbus_peer peer = { NAME, "NetworkManager", told };

int nmbus_open(struct nmbus **b, struct why *why)
{
	*b = calloc(1, sizeof(**b));
	if (*b == NULL)
		return why_set(why, -ENOMEM, "hostdns: no memory");
	sysbus_init(&(*b)->sys, &peer);
	return 0;
}

void nmbus_close(struct nmbus *b)
{
	sysbus_fini(&b->sys);
	free(b);
}

int nmbus_begin(struct nmbus *b, struct why *why)
{
	return sysbus_begin(&b->sys, why);
}

/* --- reading --- */

/* All that it tells of an object. */
static int get(struct nmbus *b, const char *at, const char *interface,
	       json_t **value, struct why *why)
{
	struct call c;
	int r = call_begin(&b->sys, &c, at, properties, "GetAll");

	if (r >= 0)
		r = sd_bus_message_append(c.m, "s", interface);
	r = call_ask(&b->sys, &c, r, "DNS settings", why);
	if (r == 0 && (r = busvalue_read(c.reply, value)) < 0)
		r = call_told(&b->sys, &c, r, "DNS settings", why);
	call_end(&c);
	return r;
}

/* From an IPv4 configuration, whose servers have more to them than an
 * address, or from an IPv6 one. */
static void take_config(const json_t *config, json_t *link)
{
	const json_t *data = json_object_get(config, "NameserverData"), *item;
	json_t *to = json_object_get(link, "nameservers"), *address;
	size_t i;

	if (!json_is_array(data))
		json_array_extend(to, json_object_get(config, "Nameservers"));
	json_array_foreach(data, i, item) {
		address = json_object_get(item, "address");
		if (json_is_string(address))
			json_array_append(to, address);
	}
	data = json_object_get(config, "Searches");
	if (json_array_size(data) == 0)
		data = json_object_get(config, "Domains");
	json_array_extend(json_object_get(link, "domains"), (json_t *)data);
}

/* What the device's property names is at "/" if there is none. */
static int add_config(struct nmbus *b, const json_t *device,
		      const char *property, const char *interface,
		      json_t *link, struct why *why)
{
	const char *at = json_string_value(json_object_get(device, property));
	json_t *config;
	int error;

	if (at == NULL || strcmp(at, "/") == 0)
		return 0;
	error = get(b, at, interface, &config, why);
	if (error != 0)
		return error;
	take_config(config, link);
	json_decref(config);
	return 0;
}

static bool is_active(const json_t *device)
{
	json_int_t state = json_integer_value(json_object_get(device,
							      "State"));

	return state >= IP_CHECK && state <= ACTIVATED;
}

static int add_link(struct nmbus *b, const json_t *device, json_t *links,
		    struct why *why)
{
	json_t *link = json_pack("{s:O?, s:O?, s:[], s:[]}",
		"interface", json_object_get(device, "IpInterface"),
		"type", json_object_get(device, "DeviceType"),
		"nameservers", "domains");
	int error;

	if (link == NULL || json_array_append_new(links, link) != 0)
		return why_set(why, -ENOMEM, "hostdns: no memory");
	error = add_config(b, device, "Ip4Config", NAME ".IP4Config", link,
			   why);
	return error != 0 ? error :
	       add_config(b, device, "Ip6Config", NAME ".IP6Config", link,
			  why);
}

/* One that went away meanwhile is none. */
static int add_device(struct nmbus *b, const json_t *at, json_t *links,
		      struct why *why)
{
	json_t *device;
	int error = get(b, json_string_value(at), NAME ".Device", &device,
			why);

	if (error == 0) {
		if (is_active(device))
			error = add_link(b, device, links, why);
		json_decref(device);
	}
	return error == -ENODEV ? 0 : error;
}

/*
 * Device by device: what it tells as the DNS manager's is not kept up while
 * there are global servers.
 */
static int read_links(struct nmbus *b, const json_t *devices, json_t *links,
		      struct why *why)
{
	const json_t *at;
	size_t i;
	int error = 0;

	json_array_foreach(devices, i, at)
		if (json_is_string(at) && i < LINKS && error == 0)
			error = add_device(b, at, links, why);
	return error;
}

static int read_main(struct nmbus *b, const json_t *dns, json_t **now,
		     struct why *why)
{
	json_t *main, *links;
	int error = get(b, path, NAME, &main, why);

	if (error != 0)
		return error;
	links = json_array();
	error = read_links(b, json_object_get(main, "Devices"), links, why);
	if (error == 0)
		*now = json_pack("{s:O?, s:O?, s:O?, s:O}",
			"mode", json_object_get(dns, "Mode"),
			"manager", json_object_get(dns, "RcManager"),
			"global", json_object_get(main, global_name),
			"links", links);
	if (error == 0 && *now == NULL)
		error = why_set(why, -ENOMEM, "hostdns: no memory");
	json_decref(links);
	json_decref(main);
	return error;
}

int nmbus_read(struct nmbus *b, json_t **now, struct why *why)
{
	json_t *dns;
	int error = get(b, dns_path, NAME ".DnsManager", &dns, why);

	if (error != 0)
		return error;
	error = read_main(b, dns, now, why);
	json_decref(dns);
	return error;
}

/* --- setting --- */

int nmbus_set_global(struct nmbus *b, json_t *global, struct why *why)
{
	struct call c;
	int r = call_begin(&b->sys, &c, path, properties, "Set");

	if (r >= 0)
		r = sd_bus_message_append(c.m, "ss", NAME, global_name);
	if (r >= 0)
		r = busvalue_put(c.m, global);
	r = call_ask(&b->sys, &c, r, "set its global DNS servers", why);
	if (sd_bus_error_is_set(&c.error))
		r = why_set(why, r, "NetworkManager does not take DNS servers: "
			    "%.200s; use datapath = bypass",
			    c.error.message != NULL ? c.error.message :
			    c.error.name);
	call_end(&c);
	return r;
}

int nmbus_write_anew(struct nmbus *b, struct why *why)
{
	struct call c;
	int r = call_begin(&b->sys, &c, path, NAME, "Reload");

	if (r >= 0)
		r = sd_bus_message_append(c.m, "u", REWRITE);
	r = call_ask(&b->sys, &c, r, "write resolv.conf anew", why);
	call_end(&c);
	return r;
}
