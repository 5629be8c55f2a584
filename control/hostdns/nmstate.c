/* SPDX-License-Identifier: ISC */
#include "hostdns/nmstate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hostdns/hostdns.h"
#include "hostdns/resolvfile.h"
#include "jsonfile.h"
#include "os/netinfo.h"

enum {
	VERSION = 1,
	DEPTH = 3,		/* domains, a domain, its servers */
	ITEMS = 64,		/* of a list or an object */
	TEXT = 1024,		/* octets of a string */
	UPLINKS = 64,
	SEARCHES = 32,
	TYPE_TUN = 16,		/* NM_DEVICE_TYPE */
	TYPE_WIREGUARD = 29,
};

static const char name[] = "networkmanager.saved";

/* --- what may be believed --- */

static bool is_text(const json_t *value)
{
	return json_is_string(value) && json_string_length(value) < TEXT &&
	       strlen(json_string_value(value)) == json_string_length(value);
}

static bool is_list(const json_t *value)
{
	return jsonfile_each(value, ITEMS, is_text);
}

/* depth: shrinks with each object in an object. */
static bool is_members(json_t *value, unsigned int depth)
{
	const char *key;
	json_t *item;

	if (depth == 0 || !json_is_object(value) ||
	    json_object_size(value) > ITEMS)
		return false;
	json_object_foreach(value, key, item)
		if (!is_text(item) && !is_list(item) &&
		    !is_members(item, depth - 1))
			return false;
	return true;
}

const char *nmstate_wrong(json_t *global)
{
	return is_members(global, DEPTH) ? NULL : "global DNS configuration";
}

static bool is_pair(const json_t *value)
{
	return is_list(value) && json_array_size(value) == 2;
}

static bool is_uplinks(const json_t *value)
{
	return jsonfile_each(value, UPLINKS, is_pair);
}

/* --- ours --- */

/* What a VPN's servers would be asked through is blocked. */
static bool is_tunnel(const json_t *link)
{
	json_int_t type = json_integer_value(json_object_get(link, "type"));

	return type == TYPE_TUN || type == TYPE_WIREGUARD;
}

/* "~": for routing, and nothing to search. */
static void add_searches(const json_t *link, json_t *searches)
{
	const json_t *list = json_object_get(link, "domains"), *item;
	size_t i;

	if (!is_list(list) || is_tunnel(link))
		return;
	json_array_foreach(list, i, item)
		if (json_string_value(item)[0] != '~' &&
		    json_array_size(searches) < SEARCHES)
			json_array_append_new(searches, json_copy(
						      (json_t *)item));
}

static json_t *searches_of(const json_t *now)
{
	const json_t *global = json_object_get(now, "global");
	const json_t *links = json_object_get(now, "links"), *link;
	json_t *searches = json_array();
	size_t i;

	json_array_extend(searches, json_object_get(global, "searches"));
	if (json_object_size(global) > 0)
		return searches;
	json_array_foreach(links, i, link) {
		add_searches(link, searches);
	}
	return searches;
}

json_t *nmstate_ours(const json_t *now, const struct ipaddr *listen,
		     unsigned int n)
{
	json_t *servers = json_array(), *searches = searches_of(now), *ours;
	char text[IPADDR_TEXT];

	for (unsigned int i = 0; i < n; i++)
		json_array_append_new(servers, json_string(
			ipaddr_text(&listen[i], text)));
	ours = json_pack("{s:{s:{s:o}}}", "domains", "*", "servers", servers);
	if (json_array_size(searches) > 0)
		json_object_set(ours, "searches", searches);
	json_decref(searches);
	return ours;
}

static const json_t *domains_of(const json_t *global)
{
	return json_object_get(global, "domains");
}

bool nmstate_is_ours(const json_t *global, const json_t *ours)
{
	return domains_of(ours) != NULL &&
	       json_equal(domains_of(global), domains_of(ours));
}

/* --- whom it asks --- */

static void add_uplinks(const json_t *link, json_t *uplinks)
{
	const json_t *list = json_object_get(link, "nameservers"), *item;
	const json_t *interface = json_object_get(link, "interface");
	size_t i;

	if (!is_list(list) || !is_text(interface) || is_tunnel(link))
		return;
	json_array_foreach(list, i, item)
		if (json_array_size(uplinks) < UPLINKS)
			json_array_append_new(uplinks, json_pack("[s, s]",
				json_string_value(item),
				json_string_value(interface)));
}

json_t *nmstate_uplinks(const json_t *now)
{
	const json_t *links = json_object_get(now, "links"), *link;
	json_t *uplinks = json_array();
	size_t i;

	json_array_foreach(links, i, link) {
		add_uplinks(link, uplinks);
	}
	return uplinks;
}

void nmstate_servers(const json_t *original, const json_t *uplinks,
		     const struct netinfo *n, struct hostdns_servers *s)
{
	const json_t *all = json_object_get(domains_of(original), "*");
	const json_t *list = json_object_get(all, "servers"), *item;
	size_t i;

	memset(s, 0, sizeof(*s));
	if (is_list(list)) {
		json_array_foreach(list, i, item) {
			resolvfile_add_server(s, json_string_value(item), "",
					      n);
		}
		return;
	}
	if (!is_uplinks(uplinks))
		return;
	json_array_foreach(uplinks, i, item) {
		resolvfile_add_server(s,
			json_string_value(json_array_get(item, 0)),
			json_string_value(json_array_get(item, 1)), n);
	}
}

/* --- the file --- */

static const char *wrong_file(const json_t *root)
{
	if (json_integer_value(json_object_get(root, "version")) != VERSION)
		return "unknown version";
	if (nmstate_wrong(json_object_get(root, "original")) != NULL)
		return "the original";
	if (nmstate_wrong(json_object_get(root, "ours")) != NULL)
		return "ours";
	if (!is_uplinks(json_object_get(root, "uplinks")))
		return "uplinks";
	return NULL;
}

int nmstate_load(const char *dir, json_t **saved, struct why *why)
{
	const struct jsonfile f = { dir, name, JSONFILE_MAX };
	const char *wrong;
	json_t *root;
	int error = jsonfile_load(&f, &root, why);

	*saved = NULL;
	if (error != 0 || root == NULL)
		return error;
	wrong = wrong_file(root);
	if (wrong == NULL) {
		*saved = root;
		return 0;
	}
	json_decref(root);
	return jsonfile_damaged(&f, wrong, why);
}

bool nmstate_exists(const char *dir)
{
	return jsonfile_exists(&(struct jsonfile){ dir, name, 0 });
}

int nmstate_save(const char *dir, json_t *saved, struct why *why)
{
	const struct jsonfile f = { dir, name, JSONFILE_MAX };

	if (saved == NULL)
		return jsonfile_remove(&f, why);
	json_object_set_new(saved, "version", json_integer(VERSION));
	return jsonfile_save(&f, json_incref(saved), why);
}
