/* SPDX-License-Identifier: ISC */
#include "hostdns/scstate.h"

#include <stdio.h>
#include <string.h>

#include "hostdns/hostdns.h"
#include "hostdns/resolvfile.h"
#include "jsonfile.h"
#include "os/netinfo.h"

enum {
	VERSION = 1,
	ID = 128,	/* a UUID in practice */
	KEY = ID + 64,
	SERVERS = 16,	/* of ours */
};

static const char name[] = "systemconfiguration.saved";

static const char service[] = "/Network/Service/";
static const char *const globals[] = {
	"State:/Network/Global/IPv4", "State:/Network/Global/IPv6",
};
static const char *const families[] = { "IPv4", "IPv6" };

/* --- keys --- */

/* "State:/Network/Service/ID/DNS" for from "State:" and what "DNS". */
static bool id_of(const char *key, const char *from, const char *what,
		  char id[static ID])
{
	size_t at = strlen(from) + strlen(service), n;

	if (strncmp(key, from, strlen(from)) != 0 ||
	    strncmp(key + strlen(from), service, strlen(service)) != 0)
		return false;
	n = strcspn(key + at, "/");
	if (n == 0 || n >= ID || key[at + n] != '/' ||
	    strcmp(key + at + n + 1, what) != 0)
		return false;
	memcpy(id, key + at, n);
	id[n] = '\0';
	return true;
}

static bool is_dns(const char *key, char id[static ID])
{
	return id_of(key, "Setup:", "DNS", id) ||
	       id_of(key, "State:", "DNS", id);
}

static const char *key_of(const char *from, const char *id, const char *what,
			  char key[static KEY])
{
	snprintf(key, KEY, "%s%s%s/%s", from, service, id, what);
	return key;
}

/* --- ours --- */

json_t *scstate_ours(const struct ipaddr *listen, unsigned int n,
		     uint16_t port)
{
	json_t *servers = json_array(), *ours;
	char text[IPADDR_TEXT];

	for (unsigned int i = 0; i < n && i < SERVERS; i++)
		json_array_append_new(servers, json_string(
			ipaddr_text(&listen[i], text)));
	ours = json_pack("{s:o}", "ServerAddresses", servers);
	if (port != 53)
		json_object_set_new(ours, "ServerPort", json_integer(port));
	return ours;
}

static bool is_equal(const json_t *a, const json_t *b, const char *key)
{
	const json_t *of_a = json_object_get(a, key);
	const json_t *of_b = json_object_get(b, key);

	return of_a == of_b || json_equal(of_a, of_b);
}

bool scstate_is_ours(const json_t *dns, const json_t *ours)
{
	return json_object_size(ours) > 0 &&
	       is_equal(dns, ours, "ServerAddresses") &&
	       is_equal(dns, ours, "ServerPort");
}

json_t *scstate_original(json_t *all, const json_t *saved,
			 const json_t *ours)
{
	json_t *original = json_object(), *value;
	char id[ID];
	const char *key;

	json_object_foreach(all, key, value) {
		json_t *was = json_object_get(saved, key);

		if (!is_dns(key, id) || !json_is_object(value))
			continue;
		/* Of our making; or it was like ours before we came. */
		if (was != NULL && scstate_is_ours(value, ours))
			value = was;
		if (!json_is_null(value))
			json_object_set(original, key, value);
	}
	return original;
}

/* --- what is to be done --- */

static json_t *value_or_null(const json_t *of, const char *key)
{
	json_t *value = json_object_get(of, key);

	return value != NULL ? json_incref(value) : json_null();
}

/*
 * What the user has set wins over what DHCP tells, so ours is there even for
 * a service that has nothing there: at no time is DHCP's used.
 */
static void want(const char *id, const json_t *original, json_t *wanted)
{
	char key[KEY];

	key_of("Setup:", id, "DNS", key);
	json_object_set_new(wanted, key, value_or_null(original, key));
	key_of("State:", id, "DNS", key);
	if (json_object_get(original, key) != NULL)
		json_object_set(wanted, key, json_object_get(original, key));
}

/* The keys that ours belongs in, with what comes back there. */
static json_t *wanted_keys(json_t *all, json_t *original)
{
	json_t *wanted = json_object(), *value;
	char id[ID];
	const char *key;

	json_object_foreach(original, key, value)
		if (is_dns(key, id))
			want(id, original, wanted);
	json_object_foreach(all, key, value)
		for (size_t i = 0; i < NITEMS(families); i++)
			if (id_of(key, "State:", families[i], id))
				want(id, original, wanted);
	return wanted;
}

/* Ours, at a service that is gone. */
static void retire(json_t *all, const json_t *saved, const json_t *ours,
		   struct scstate_plan *p)
{
	const char *key;
	json_t *value;

	json_object_foreach(all, key, value) {
		if (json_object_get(saved, key) == NULL ||
		    json_object_get(p->saved, key) != NULL ||
		    !scstate_is_ours(value, ours))
			continue;
		json_object_set_new(p->saved, key, json_null());
		json_array_append_new(p->gone, json_string(key));
	}
}

void scstate_point(json_t *all, const json_t *saved, json_t *ours,
		   struct scstate_plan *p)
{
	json_t *original = scstate_original(all, saved, ours), *value;
	const char *key;

	p->saved = wanted_keys(all, original);
	p->set = json_object();
	p->gone = json_array();
	json_object_foreach(p->saved, key, value)
		if (!scstate_is_ours(json_object_get(all, key), ours))
			json_object_set(p->set, key, ours);
	retire(all, saved, ours, p);
	json_decref(original);
}

void scstate_restore(const json_t *all, json_t *saved, const json_t *ours,
		     struct scstate_plan *p)
{
	const char *key;
	json_t *value;

	p->saved = json_object();
	p->set = json_object();
	p->gone = json_array();
	json_object_foreach(saved, key, value) {
		if (!scstate_is_ours(json_object_get(all, key), ours))
			continue;
		if (json_is_null(value))
			json_array_append_new(p->gone, json_string(key));
		else
			json_object_set(p->set, key, value);
	}
}

bool scstate_is_done(const struct scstate_plan *p)
{
	return json_object_size(p->set) == 0 && json_array_size(p->gone) == 0;
}

void scstate_plan_free(struct scstate_plan *p)
{
	json_decref(p->saved);
	json_decref(p->set);
	json_decref(p->gone);
}

/* --- whom to ask --- */

/* What a VPN's servers would be asked through is blocked. */
static bool is_tunnel(const char *ifname)
{
	return strncmp(ifname, "utun", 4) == 0 ||
	       strncmp(ifname, "ipsec", 5) == 0;
}

/* "" where it is not up, or the name would be nobody's. */
static const char *interface_of(const json_t *all, const char *id)
{
	char key[KEY];

	for (size_t i = 0; i < NITEMS(families); i++) {
		const char *ifname = json_string_value(json_object_get(
			json_object_get(all, key_of("State:", id, families[i],
						    key)),
			"InterfaceName"));

		if (ifname != NULL && strlen(ifname) < IF_NAMESIZE)
			return ifname;
	}
	return "";
}

/* Other ports do not speak plain DNS; for some names only: not for ours. */
static bool is_asked(const json_t *dns)
{
	const json_t *port = json_object_get(dns, "ServerPort");

	return json_array_size(json_object_get(dns, "ServerAddresses")) > 0 &&
	       (port == NULL || json_integer_value(port) == 53) &&
	       json_object_get(dns, "SupplementalMatchDomains") == NULL;
}

static void add_service(const json_t *all, const json_t *original,
			const char *id, const struct netinfo *n,
			struct hostdns_servers *s)
{
	const char *ifname = interface_of(all, id);
	const json_t *dns, *item;
	char key[KEY];
	size_t i;

	dns = json_object_get(original, key_of("Setup:", id, "DNS", key));
	if (!is_asked(dns))
		dns = json_object_get(original, key_of("State:", id, "DNS",
						       key));
	if (ifname[0] == '\0' || is_tunnel(ifname) || !is_asked(dns))
		return;
	json_array_foreach(json_object_get(dns, "ServerAddresses"), i, item)
		if (json_is_string(item))
			resolvfile_add_server(s, json_string_value(item),
					      ifname, n);
}

void scstate_servers(json_t *all, const json_t *original,
		     const struct netinfo *n, struct hostdns_servers *s)
{
	json_t *value;
	char id[ID];
	const char *key;

	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < NITEMS(globals); i++) {
		const char *first = json_string_value(json_object_get(
			json_object_get(all, globals[i]), "PrimaryService"));

		if (first != NULL && strlen(first) < ID)
			add_service(all, original, first, n, s);
	}
	json_object_foreach(all, key, value)
		for (size_t i = 0; i < NITEMS(families); i++)
			if (id_of(key, "State:", families[i], id))
				add_service(all, original, id, n, s);
}

/* --- the file --- */

static bool is_address(const json_t *item)
{
	struct ipaddr a;

	return json_is_string(item) &&
	       ipaddr_parse(json_string_value(item), &a);
}

static bool is_ours_sound(const json_t *ours)
{
	const json_t *port = json_object_get(ours, "ServerPort");
	const json_t *servers = json_object_get(ours, "ServerAddresses");

	return jsonfile_each(servers, SERVERS, is_address) &&
	       json_array_size(servers) > 0 &&
	       (port == NULL || (json_integer_value(port) > 0 &&
				 json_integer_value(port) <= UINT16_MAX));
}

static bool is_saved_sound(json_t *saved)
{
	json_t *value;
	char id[ID];
	const char *key;

	if (!json_is_object(saved))
		return false;
	json_object_foreach(saved, key, value)
		if (!is_dns(key, id) ||
		    (!json_is_null(value) && !json_is_object(value)))
			return false;
	return true;
}

static const char *wrong_file(const json_t *root)
{
	if (json_integer_value(json_object_get(root, "version")) != VERSION)
		return "unknown version";
	if (!is_ours_sound(json_object_get(root, "ours")))
		return "our servers";
	if (!is_saved_sound(json_object_get(root, "saved")))
		return "what was saved";
	return NULL;
}

int scstate_load(const char *dir, json_t **saved, json_t **ours,
		 struct why *why)
{
	const struct jsonfile f = { dir, name, JSONFILE_MAX };
	const char *wrong;
	json_t *root;
	int error = jsonfile_load(&f, &root, why);

	*saved = *ours = NULL;
	if (error != 0 || root == NULL)
		return error;
	wrong = wrong_file(root);
	if (wrong != NULL) {
		error = jsonfile_damaged(&f, wrong, why);
	} else {
		*saved = json_incref(json_object_get(root, "saved"));
		*ours = json_incref(json_object_get(root, "ours"));
	}
	json_decref(root);
	return error;
}

bool scstate_exists(const char *dir)
{
	return jsonfile_exists(&(struct jsonfile){ dir, name, 0 });
}

int scstate_save(const char *dir, json_t *saved, json_t *ours,
		 struct why *why)
{
	const struct jsonfile f = { dir, name, JSONFILE_MAX };

	if (json_object_size(saved) == 0)
		return jsonfile_remove(&f, why);
	return jsonfile_save(&f, json_pack("{s:i, s:O, s:O}", "version",
					   VERSION, "saved", saved, "ours",
					   ours), why);
}
