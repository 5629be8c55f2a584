/* SPDX-License-Identifier: ISC */
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A full tunnel.json has about 2000 octets. */
enum { FILE_MAX = 16384, VERSION = 1 };

static const char switches[] = "settings.json", state[] = "tunnel.json";

static int failed(struct why *why, const char *dir, const char *name,
		  const char *what)
{
	int error = -errno;

	return why_set(why, error, "%s/%s: %s: %s", dir, name, what,
		       strerror(-error));
}

static int damaged(struct why *why, const char *dir, const char *name,
		   const char *what)
{
	return why_set(why, -EBADMSG, "%s/%s: damaged: %s; set it right or "
		       "remove it", dir, name, what);
}

/* How many octets, or -errno. */
static ssize_t read_file(int dirfd, const char *name,
			 char text[static FILE_MAX])
{
	int fd = openat(dirfd, name,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n = 0, at = 0;

	if (fd < 0)
		return -errno;
	while (at < FILE_MAX &&
	       (n = read(fd, text + at, (size_t)(FILE_MAX - at))) > 0)
		at += n;
	if (n < 0)
		at = -errno;
	else if (at == FILE_MAX)
		at = -EFBIG;
	close(fd);
	return at;
}

/* A new reference in *root, NULL where there is no file. */
static int load(const char *dir, const char *name, json_t **root,
		struct why *why)
{
	char text[FILE_MAX];
	json_error_t error;
	ssize_t n = -ENOENT;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*root = NULL;
	if (fd < 0 && errno != ENOENT)
		return failed(why, dir, name, "open");
	if (fd >= 0) {
		n = read_file(fd, name, text);
		close(fd);
	}
	if (n == -ENOENT)
		return 0;
	if (n < 0) {
		errno = (int)-n;
		return failed(why, dir, name, "read");
	}
	*root = json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, &error);
	if (*root == NULL)
		return damaged(why, dir, name, error.text);
	return 0;
}

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = write(fd, text, left);

		if (n < 0)
			return -1;
		text += n;
		left -= (size_t)n;
	}
	return fsync(fd);
}

/* The name holds the old text or the new one, whenever we are stopped. */
static int replace(int dirfd, const char *name, const char *text)
{
	char temp[NAME_MAX];
	int fd, error = 0;

	snprintf(temp, sizeof(temp), ".%s.new", name);
	if (unlinkat(dirfd, temp, 0) != 0 && errno != ENOENT)
		return -errno;
	fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
		    O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (fchmod(fd, 0600) != 0 || write_all(fd, text) != 0)
		error = -errno;
	if (close(fd) != 0 && error == 0)
		error = -errno;
	if (error == 0 && renameat(dirfd, temp, dirfd, name) != 0)
		error = -errno;
	if (error != 0)
		unlinkat(dirfd, temp, 0);
	else if (fsync(dirfd) != 0)
		error = -errno;
	return error;
}

/* Steals root. */
static int save(const char *dir, const char *name, json_t *root,
		struct why *why)
{
	char *text = root != NULL ? json_dumps(root, JSON_INDENT(1)) : NULL;
	int fd, error = -ENOMEM;

	json_decref(root);
	if (text != NULL) {
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		error = fd < 0 ? -errno : replace(fd, name, text);
		if (fd >= 0)
			close(fd);
		free(text);
	}
	errno = -error;
	return error == 0 ? 0 : failed(why, dir, name, "save");
}

int settings_load(const char *dir, struct settings *s, struct why *why)
{
	int version, netcheck, lockdown, lan, error;
	json_error_t wrong;
	json_t *root;

	error = load(dir, switches, &root, why);
	if (error != 0 || root == NULL)
		return error;
	if (json_unpack_ex(root, &wrong, 0, "{s:i, s:b, s:b, s:b}", "version",
			   &version, "netcheck", &netcheck, "lockdown",
			   &lockdown, "lan", &lan) != 0)
		error = damaged(why, dir, switches, wrong.text);
	else if (version != VERSION)
		error = damaged(why, dir, switches, "unknown version");
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
	int version;

	if (json_unpack(root, "{s:i, s:s, s:s, s:s, s:o, s:o}", "version",
			&version, "state", &word, "cause", &cause, "interface",
			&interface, "relays", &relays, "dns", &dns) != 0 ||
	    version != VERSION)
		return "fields";
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
	struct tunnel found = { 0 };
	const char *wrong;
	json_t *root;
	int error = load(dir, state, &root, why);

	if (error != 0 || root == NULL)
		return error;
	wrong = read_tunnel(root, &found);
	json_decref(root);
	if (wrong != NULL)
		return damaged(why, dir, state, wrong);
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
		    json_pack("{s:i, s:s, s:s, s:s, s:o, s:o}", "version",
			      VERSION, "state", tunnel_state_name(t->state),
			      "cause", tunnel_cause_name(t->cause),
			      "interface", t->interface, "relays",
			      relays_json(t), "dns", dns_json(t)), why);
}
