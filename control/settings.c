/* SPDX-License-Identifier: ISC */
#include "settings.h"

#include <jansson.h>
#include <string.h>

#include "jsonfile.h"

/* A full tunnel.json has about 2000 octets. */
enum { FILE_MAX = 16384, VERSION = 1 };

static const char switches[] = "settings.json", state[] = "tunnel.json";

static int save(const char *dir, const char *name, json_t *root,
		struct why *why)
{
	const struct jsonfile f = { dir, name, FILE_MAX };

	return jsonfile_save(&f, root, why);
}

int settings_load(const char *dir, struct settings *s, struct why *why)
{
	const struct jsonfile f = { dir, switches, FILE_MAX };
	int version, netcheck, lockdown, lan, error;
	json_error_t wrong;
	json_t *root;

	error = jsonfile_load(&f, &root, why);
	if (error != 0 || root == NULL)
		return error;
	if (json_unpack_ex(root, &wrong, 0, "{s:i, s:b, s:b, s:b}", "version",
			   &version, "netcheck", &netcheck, "lockdown",
			   &lockdown, "lan", &lan) != 0)
		error = jsonfile_damaged(&f, wrong.text, why);
	else if (version != VERSION)
		error = jsonfile_damaged(&f, "unknown version", why);
	else
		*s = (struct settings){ netcheck, lockdown, lan };
	json_decref(root);
	return error;
}

int settings_save(const char *dir, const struct settings *s, struct why *why)
{
	return save(dir, switches,
		    json_pack("{s:i, s:b, s:b, s:b}", "version", VERSION,
			      "netcheck", s->netcheck, "lockdown",
			      s->lockdown, "lan", s->lan), why);
}

/* Each returns what is wrong, or NULL. */

static const char *read_relays(json_t *list, struct tunnel *t)
{
	size_t n = json_array_size(list);

	if (!json_is_array(list) || n > CONF_ENDPOINTS)
		return "relays";
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text == NULL || !endpoint_parse(text, &t->relays[i]))
			return "relays";
	}
	t->n_relays = (uint16_t)n;
	return NULL;
}

static const char *read_dns(json_t *list, struct tunnel *t)
{
	size_t n = json_array_size(list);

	if (!json_is_array(list) || n > TUNNEL_DNS)
		return "dns";
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text == NULL || !ipaddr_parse(text, &t->dns[i]))
			return "dns";
	}
	t->n_dns = (uint16_t)n;
	return NULL;
}

static const char *read_tunnel(json_t *root, struct tunnel *t)
{
	const char *word, *cause, *interface, *wrong;
	json_t *relays, *dns;
	int version, told = false;

	if (json_unpack(root, "{s:i, s:s, s:s, s:s, s:o, s:o, s?b}", "version",
			&version, "state", &word, "cause", &cause, "interface",
			&interface, "relays", &relays, "dns", &dns, "told",
			&told) != 0 ||
	    version != VERSION)
		return "fields";
	t->told = told;
	t->state = tunnel_state_parse(word);
	t->cause = tunnel_cause_parse(cause);
	if (t->state == TUNNEL__N || t->cause == CAUSE__N)
		return "state";
	if (interface[0] != '\0' && !conf_interface(interface))
		return "interface";
	memcpy(t->interface, interface, strlen(interface));
	wrong = read_relays(relays, t);
	return wrong != NULL ? wrong : read_dns(dns, t);
}

int settings_load_tunnel(const char *dir, struct tunnel *t, struct why *why)
{
	const struct jsonfile f = { dir, state, FILE_MAX };
	struct tunnel found = { 0 };
	const char *wrong;
	json_t *root;
	int error = jsonfile_load(&f, &root, why);

	if (error != 0 || root == NULL)
		return error;
	wrong = read_tunnel(root, &found);
	json_decref(root);
	if (wrong != NULL)
		return jsonfile_damaged(&f, wrong, why);
	*t = found;
	return 0;
}

static json_t *relays_json(const struct tunnel *t)
{
	json_t *list = json_array();
	char text[ENDPOINT_TEXT];

	for (unsigned int i = 0; i < t->n_relays; i++)
		json_array_append_new(list, json_string(
			endpoint_text(&t->relays[i], text)));
	return list;
}

static json_t *dns_json(const struct tunnel *t)
{
	json_t *list = json_array();
	char text[IPADDR_TEXT];

	for (unsigned int i = 0; i < t->n_dns; i++)
		json_array_append_new(list, json_string(
			ipaddr_text(&t->dns[i], text)));
	return list;
}

int settings_save_tunnel(const char *dir, const struct tunnel *t,
			 struct why *why)
{
	return save(dir, state,
		    json_pack("{s:i, s:s, s:s, s:s, s:o, s:o, s:b}", "version",
			      VERSION, "state", tunnel_state_name(t->state),
			      "cause", tunnel_cause_name(t->cause),
			      "interface", t->interface, "relays",
			      relays_json(t), "dns", dns_json(t), "told",
			      t->told), why);
}
