/* SPDX-License-Identifier: ISC */
#include "hostdns/resolvedlink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "jsonfile.h"

enum { VERSION = 1, BOOT_ID = 37 };

static const char name[] = "resolved.saved";

json_t *resolvedlink_new(int ifindex, const char *ifname)
{
	return json_pack("{s:i, s:s, s:[], s:[], s:n, s:n}", "ifindex",
			 ifindex, "ifname", ifname, "dns", "domains",
			 "dnsovertls", "dnssec");
}

json_t *resolvedlink_server(const struct ipaddr *a, uint16_t port,
			    const char *tls)
{
	char text[IPADDR_TEXT];

	return json_pack("[s, i, s]", ipaddr_text(a, text), (int)port, tls);
}

json_t *resolvedlink_listen(const struct ipaddr *a, unsigned int n,
			    uint16_t port)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < n && i < RESOLVED_SERVERS; i++)
		json_array_append_new(list,
				      resolvedlink_server(&a[i], port, ""));
	return list;
}

json_t *resolvedlink_everything(void)
{
	return json_pack("[[s, b]]", ".", 1);
}

json_t *resolvedlink_find(const json_t *links, const json_t *link)
{
	json_t *other;
	size_t i;

	json_array_foreach(links, i, other)
		if (json_equal(json_object_get(other, "ifindex"),
			       json_object_get(link, "ifindex")) &&
		    json_equal(json_object_get(other, "ifname"),
			       json_object_get(link, "ifname")))
			return other;
	return NULL;
}

/* --- what is of our making --- */

bool resolvedlink_ours(const json_t *now, const json_t *ours, const char *key)
{
	const json_t *value = json_object_get(now, key);
	json_t *all;
	bool equal;

	if (strcmp(key, "dns") == 0)
		return json_equal(value, ours);
	if (strcmp(key, "domains") != 0)
		return json_is_null(value);
	all = resolvedlink_everything();
	equal = json_equal(value, all);
	json_decref(all);
	return equal;
}

bool resolvedlink_changed(const json_t *saved, const json_t *now,
			  const json_t *ours, const char *key)
{
	return resolvedlink_ours(now, ours, key) &&
	       !json_equal(json_object_get(saved, key),
			   json_object_get(now, key));
}

void resolvedlink_adopt(json_t *saved, const json_t *now, const json_t *ours)
{
	static const char *const keys[] = {
		"dns", "domains", "dnsovertls", "dnssec",
	};

	for (size_t i = 0; i < NITEMS(keys); i++)
		if (!resolvedlink_ours(now, ours, keys[i]))
			json_object_set(saved, keys[i],
					json_object_get(now, keys[i]));
}

/* --- what may be believed --- */

static bool is_name(const json_t *value)
{
	return json_is_string(value) &&
	       json_string_length(value) < RESOLVED_NAME &&
	       strlen(json_string_value(value)) == json_string_length(value);
}

static bool is_word(const json_t *value)
{
	return json_is_null(value) ||
	       (is_name(value) && json_string_length(value) < RESOLVED_WORD);
}

static bool is_server(const json_t *server)
{
	const json_t *port = json_array_get(server, 1);
	struct ipaddr a;

	return json_array_size(server) == 3 &&
	       is_name(json_array_get(server, 0)) &&
	       ipaddr_parse(json_string_value(json_array_get(server, 0)),
			    &a) &&
	       json_is_integer(port) && json_integer_value(port) >= 0 &&
	       json_integer_value(port) <= UINT16_MAX &&
	       is_name(json_array_get(server, 2));
}

static bool is_domain(const json_t *domain)
{
	return json_array_size(domain) == 2 &&
	       is_name(json_array_get(domain, 0)) &&
	       json_is_boolean(json_array_get(domain, 1));
}

static bool is_link_name(const json_t *ifindex, const json_t *ifname)
{
	json_int_t index = json_integer_value(ifindex);

	return json_is_integer(ifindex) && index >= 0 && index <= INT32_MAX &&
	       is_name(ifname) && json_string_length(ifname) < IF_NAMESIZE &&
	       (json_string_length(ifname) == 0) == (index == 0);
}

static const char *wrong_link(const json_t *link)
{
	if (!is_link_name(json_object_get(link, "ifindex"),
			  json_object_get(link, "ifname")))
		return "a link's index or name";
	if (!jsonfile_each(json_object_get(link, "dns"), RESOLVED_SERVERS,
			   is_server))
		return "a link's servers";
	if (!jsonfile_each(json_object_get(link, "domains"), RESOLVED_DOMAINS,
			   is_domain))
		return "a link's domains";
	if (!is_word(json_object_get(link, "dnsovertls")) ||
	    !is_word(json_object_get(link, "dnssec")))
		return "a link's dnsovertls or dnssec";
	return NULL;
}

const char *resolvedlink_wrong(const json_t *links)
{
	const char *wrong = NULL;
	const json_t *link;
	size_t i;

	if (!json_is_array(links) || json_array_size(links) > RESOLVED_LINKS)
		return "the list of links";
	json_array_foreach(links, i, link)
		if ((wrong = wrong_link(link)) != NULL)
			break;
	return wrong;
}

/* --- the file --- */

/* "" if the kernel does not tell. */
static void boot_id(char id[static BOOT_ID])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, id, BOOT_ID - 1) : 0;

	id[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

static const char *wrong_file(const json_t *root)
{
	const json_t *boot = json_object_get(root, "boot");

	if (json_integer_value(json_object_get(root, "version")) != VERSION)
		return "unknown version";
	if (!is_name(boot))
		return "boot";
	if (!jsonfile_each(json_object_get(root, "ours"), RESOLVED_SERVERS,
			   is_server))
		return "our servers";
	return resolvedlink_wrong(json_object_get(root, "links"));
}

int resolvedlink_load(const char *dir, json_t **links, json_t **ours,
		      struct why *why)
{
	const struct jsonfile f = { dir, name, JSONFILE_MAX };
	char id[BOOT_ID];
	const char *wrong;
	json_t *root;
	int error = jsonfile_load(&f, &root, why);

	*links = *ours = NULL;
	if (error != 0 || root == NULL)
		return error;
	wrong = wrong_file(root);
	boot_id(id);
	if (wrong != NULL) {
		error = jsonfile_damaged(&f, wrong, why);
	} else if (strcmp(json_string_value(json_object_get(root, "boot")),
			  id) != 0) {
		error = jsonfile_remove(&f, why);
	} else {
		*links = json_incref(json_object_get(root, "links"));
		*ours = json_incref(json_object_get(root, "ours"));
	}
	json_decref(root);
	return error;
}

bool resolvedlink_exists(const char *dir)
{
	return jsonfile_exists(&(struct jsonfile){ dir, name, 0 });
}

int resolvedlink_save(const char *dir, json_t *links, json_t *ours,
		      struct why *why)
{
	const struct jsonfile f = { dir, name, JSONFILE_MAX };
	char id[BOOT_ID];

	if (json_array_size(links) == 0)
		return jsonfile_remove(&f, why);
	boot_id(id);
	return jsonfile_save(&f, json_pack("{s:i, s:s, s:O, s:O}", "version",
					   VERSION, "boot", id, "links", links,
					   "ours", ours), why);
}
