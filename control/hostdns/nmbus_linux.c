/* SPDX-License-Identifier: ISC */
#include "hostdns/nmbus.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "hostdns/sysbus.h"

#define NAME "org.freedesktop.NetworkManager"

static const char path[] = "/org/freedesktop/NetworkManager";
static const char dns_path[] = "/org/freedesktop/NetworkManager/DnsManager";
static const char properties[] = "org.freedesktop.DBus.Properties";
static const char global_name[] = "GlobalDnsConfiguration";

enum {
	DEPTH = 12,		/* of values in values, and variants */
	ITEMS = 256,		/* of one list */
	REWRITE = 0x02,		/* NM_MANAGER_RELOAD_FLAG_DNS_RC */
};

struct nmbus {
	struct sysbus sys;
};

static const struct sysbus_peer peer = { NAME, "NetworkManager", NULL };

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

/* --- reading: strings, lists and dictionaries, the rest is null --- */

static int read_value(sd_bus_message *m, unsigned int depth, json_t **value);

static int read_member(sd_bus_message *m, unsigned int depth, json_t *to)
{
	const char *name;
	json_t *value;
	int r = sd_bus_message_read(m, "s", &name);

	if (r < 0 || (r = read_value(m, depth, &value)) < 0)
		return r;
	return json_object_set_new(to, name, value) == 0 ? 0 : -EBADMSG;
}

static int read_members(sd_bus_message *m, unsigned int depth, json_t *to)
{
	int r = 1;

	for (unsigned int i = 0; i <= ITEMS; i++) {
		r = sd_bus_message_enter_container(m, 'e', "sv");
		if (r <= 0)
			return r;
		if ((r = read_member(m, depth, to)) < 0 ||
		    (r = sd_bus_message_exit_container(m)) < 0)
			return r;
	}
	return -E2BIG;
}

static int read_items(sd_bus_message *m, unsigned int depth, json_t *to)
{
	json_t *value;
	int r;

	for (unsigned int i = 0; i <= ITEMS; i++) {
		r = sd_bus_message_at_end(m, false);
		if (r != 0)
			return r < 0 ? r : 0;
		if ((r = read_value(m, depth, &value)) < 0)
			return r;
		if (json_array_append_new(to, value) != 0)
			return -EBADMSG;
	}
	return -E2BIG;
}

static int read_array(sd_bus_message *m, const char *of, unsigned int depth,
		      json_t **value)
{
	bool members = strcmp(of, "{sv}") == 0;
	int r = sd_bus_message_enter_container(m, 'a', of);

	if (r < 0)
		return r;
	*value = members ? json_object() : json_array();
	r = members ? read_members(m, depth, *value) :
		      read_items(m, depth, *value);
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	if (r < 0)
		json_decref(*value);
	return r;
}

static int read_variant(sd_bus_message *m, const char *of, unsigned int depth,
			json_t **value)
{
	int r = sd_bus_message_enter_container(m, 'v', of);

	if (r < 0 || (r = read_value(m, depth, value)) < 0)
		return r;
	r = sd_bus_message_exit_container(m);
	if (r < 0)
		json_decref(*value);
	return r;
}

/* depth: shrinks with each value within a value. */
static int read_value(sd_bus_message *m, unsigned int depth, json_t **value)
{
	const char *of, *text;
	char type;
	int r = sd_bus_message_peek_type(m, &type, &of), flag;

	if (r <= 0)
		return r < 0 ? r : -EBADMSG;
	if (depth == 0)
		return -E2BIG;
	switch (type) {
	case 'a':
		return read_array(m, of, depth - 1, value);
	case 'v':
		return read_variant(m, of, depth - 1, value);
	case 's':
		r = sd_bus_message_read(m, "s", &text);
		*value = r < 0 ? NULL : json_string(text);
		break;
	case 'b':
		r = sd_bus_message_read(m, "b", &flag);
		*value = r < 0 ? NULL : json_boolean(flag);
		break;
	default:
		r = sd_bus_message_skip(m, NULL);
		*value = r < 0 ? NULL : json_null();
	}
	return r < 0 ? r : *value == NULL ? -EBADMSG : 0;
}

/* property: NULL for all of them. */
static int get(struct nmbus *b, const char *at, const char *member,
	       const char *interface, const char *property, json_t **value,
	       struct why *why)
{
	struct call c;
	int r = call_begin(&b->sys, &c, at, properties, member);

	if (r >= 0)
		r = sd_bus_message_append(c.m, "s", interface);
	if (r >= 0 && property != NULL)
		r = sd_bus_message_append(c.m, "s", property);
	r = call_ask(&b->sys, &c, r, "DNS settings", why);
	if (r == 0 && (r = read_value(c.reply, DEPTH, value)) < 0)
		r = call_told(&b->sys, &c, r, "DNS settings", why);
	call_end(&c);
	return r < 0 ? r : 0;
}

int nmbus_read(struct nmbus *b, json_t **now, struct why *why)
{
	json_t *dns, *global;
	int error = get(b, dns_path, "GetAll", NAME ".DnsManager", NULL, &dns,
			why);

	if (error != 0)
		return error;
	error = get(b, path, "Get", NAME, global_name, &global, why);
	if (error == 0)
		*now = json_pack("{s:O?, s:O?, s:O?, s:o}",
				 "mode", json_object_get(dns, "Mode"),
				 "manager", json_object_get(dns, "RcManager"),
				 "links", json_object_get(dns,
							  "Configuration"),
				 "global", global);
	json_decref(dns);
	if (error == 0 && *now == NULL)
		error = why_set(why, -ENOMEM, "hostdns: no memory");
	return error;
}

/* --- setting --- */

static int put_members(sd_bus_message *m, json_t *from);

static int put_list(sd_bus_message *m, const json_t *list)
{
	int r = sd_bus_message_open_container(m, 'a', "s");
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (r >= 0)
			r = sd_bus_message_append(m, "s",
						  json_string_value(item));
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int put_value(sd_bus_message *m, json_t *value)
{
	bool members = json_is_object(value);
	int r;

	if (json_is_string(value))
		return sd_bus_message_append(m, "v", "s",
					     json_string_value(value));
	r = sd_bus_message_open_container(m, 'v', members ? "a{sv}" : "as");
	if (r < 0 ||
	    (r = members ? put_members(m, value) : put_list(m, value)) < 0)
		return r;
	return sd_bus_message_close_container(m);
}

/* As deep as nmstate_wrong() lets through. */
static int put_members(sd_bus_message *m, json_t *from)
{
	int r = sd_bus_message_open_container(m, 'a', "{sv}");
	const char *name;
	json_t *value;

	json_object_foreach(from, name, value)
		if (r < 0 ||
		    (r = sd_bus_message_open_container(m, 'e', "sv")) < 0 ||
		    (r = sd_bus_message_append(m, "s", name)) < 0 ||
		    (r = put_value(m, value)) < 0 ||
		    (r = sd_bus_message_close_container(m)) < 0)
			return r;
	return r < 0 ? r : sd_bus_message_close_container(m);
}

int nmbus_set_global(struct nmbus *b, json_t *global, struct why *why)
{
	struct call c;
	int r = call_begin(&b->sys, &c, path, properties, "Set");

	if (r >= 0)
		r = sd_bus_message_append(c.m, "ss", NAME, global_name);
	if (r >= 0)
		r = put_value(c.m, global);
	r = call_ask(&b->sys, &c, r, "set its global DNS servers", why);
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
