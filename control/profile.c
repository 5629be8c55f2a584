/* SPDX-License-Identifier: ISC */
#include "profile.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "dnsname.h"

enum { SNIPPETS = 64, NM_LINE = 1024 };

/* In front of every path below; the tests have their own. */
static const char *root = "";

/* What NetworkManager itself has told of its check; "" = nothing. */
static char learnt[DNSNAME_MAX + 1];

struct row {
	const char *profile, *name;
	const char *source, *date;
};

static const struct row rows[] = {
	{ "apple", "captive.apple.com",
	  "support.apple.com/101555", "2026-11-22" },
	{ "apple", "netcts.cdn-apple.com",
	  "support.apple.com/101555", "2026-11-22" },
	/* Devices ask for this CNAME target directly. */
	{ "apple", "captive.g.aaplimg.com",
	  "DNSCrypt/dnscrypt-proxy issue 1473", "2026-11-22" },
	{ "gnome", "nmcheck.gnome.org",
	  "gnome-shell portalHelper CONNECTIVITY_CHECK_HOST", "2026-11-22" },
	{ "kde", "networkcheck.kde.org",
	  "plasma-nm and KDE neon's NetworkManager snippet", "2026-11-22" },
	{ "firefox", "detectportal.firefox.com",
	  "mozilla-central captivedetect.canonicalURL", "2026-11-22" },
	{ "windows", "www.msftconnecttest.com",
	  "learn.microsoft.com NCSI overview", "2026-11-22" },
	{ "windows", "ipv6.msftconnecttest.com",
	  "learn.microsoft.com NCSI overview", "2026-11-22" },
	{ "windows", "dns.msftncsi.com",
	  "learn.microsoft.com NCSI overview", "2026-11-22" },
	{ "windows", "www.msftncsi.com",
	  "NCSI before Windows 10 1607", "2026-11-22" },
	{ "android", "connectivitycheck.gstatic.com",
	  "AOSP NetworkStack NetworkMonitor", "2026-11-22" },
	{ "android", "www.google.com",
	  "AOSP NetworkStack NetworkMonitor", "2026-11-22" },
	{ "android", "play.googleapis.com",
	  "AOSP NetworkStack NetworkMonitor", "2026-11-22" },
	{ "android", "clients3.google.com",
	  "AOSP NetworkMonitor before Android 7", "2026-11-22" },
	{ "android", "connectivitycheck.android.com",
	  "AOSP NetworkMonitor, some vendors", "2026-11-22" },
	{ "chromeos", "clients3.google.com",
	  "shill PortalDetector", "2026-11-22" },
	{ "chromeos", "www.gstatic.com",
	  "shill PortalDetector", "2026-11-22" },
};

/* The check NetworkManager makes where its configuration names none. The
 * first column is an os-release(5) ID. */
static const struct row distributions[] = {
	{ "debian", "network-test.debian.org",
	  "network-manager-config-connectivity-debian", "2026-11-22" },
	{ "ubuntu", "connectivity-check.ubuntu.com",
	  "network-manager-config-connectivity-ubuntu", "2026-11-22" },
	{ "fedora", "fedoraproject.org",
	  "NetworkManager-config-connectivity-fedora", "2026-11-22" },
	{ "rhel", "static.redhat.com",
	  "NetworkManager-config-connectivity-redhat", "2026-11-22" },
	{ "opensuse", "conncheck.opensuse.org",
	  "NetworkManager-branding-openSUSE", "2026-11-22" },
	{ "suse", "conncheck.opensuse.org",
	  "NetworkManager-branding-openSUSE", "2026-11-22" },
	{ "arch", "ping.archlinux.org",
	  "Arch networkmanager 20-connectivity.conf", "2026-11-22" },
	{ "neon", "networkcheck.kde.org",
	  "KDE neon's NetworkManager snippet", "2026-11-22" },
};

static const char *const words[] = {
	"auto", "none", "apple", "networkmanager", "gnome", "kde", "firefox",
	"windows", "android", "chromeos",
};

/* What "auto" takes: a profile whose system or program is here. */
static const struct {
	const char *profile, *path;
} installed[] = {
	{ "apple", "/System/Library/CoreServices" },
	{ "networkmanager", "/usr/sbin/NetworkManager" },
	{ "networkmanager", "/usr/bin/NetworkManager" },
	{ "gnome", "/usr/bin/gnome-shell" },
	{ "kde", "/usr/bin/plasmashell" },
};

static FILE *open_text(const char *path)
{
	char full[PATH_MAX];

	if (snprintf(full, sizeof(full), "%s%s", root, path) >= PATH_MAX)
		return NULL;
	return fopen(full, "re");
}

static bool exists(const char *path)
{
	char full[PATH_MAX];

	return snprintf(full, sizeof(full), "%s%s", root, path) < PATH_MAX &&
	       access(full, F_OK) == 0;
}

/* The first line of a name already there wins; suffix includes exact. */
static struct policy_name *find(struct conf *c, const uint8_t *wire, size_t len)
{
	for (unsigned int i = 0; i < c->n_names; i++)
		if (c->names[i].len == len &&
		    memcmp(c->names[i].wire, wire, len) == 0)
			return &c->names[i];
	return NULL;
}

/* One label, as in "com", would open the door for a whole registry. */
static bool too_wide(const uint8_t *wire)
{
	return wire[0] == 0 || wire[wire[0] + 1] == 0;
}

int profile_add_name(struct conf *c, const char *text, bool suffix,
		     struct why *why)
{
	uint8_t wire[DNSNAME_MAX];
	size_t len = dnsname_from_text(text, wire);
	struct policy_name *name;

	if (len <= 1)
		return why_set(why, -EINVAL, "\"%.80s\" is not a host name",
			       text);
	if (suffix && too_wide(wire))
		return why_set(why, -EINVAL, "\"%.80s\" is too wide; a suffix "
			       "has at least two labels", text);
	name = find(c, wire, len);
	if (name != NULL) {
		name->suffix |= suffix;
		return 0;
	}
	if (c->n_names == POLICY_NAMES)
		return why_set(why, -ENOSPC, "\"%.80s\" is one name too many; "
			       "at most %d with those of the profiles", text,
			       POLICY_NAMES);
	name = &c->names[c->n_names++];
	*name = (struct policy_name){ .len = (uint8_t)len, .suffix = suffix };
	memcpy(name->wire, wire, len);
	return 0;
}

/* "http://host.:80/path" to "host."; false for addresses and the rest. */
static bool uri_host(const char *uri, char *host, size_t size)
{
	const char *at = strstr(uri, "://");
	struct ipaddr a;
	size_t n;

	if (at == NULL)
		return false;
	at += 3;
	n = strcspn(at, ":/?#");
	if (n == 0 || n >= size)
		return false;
	memcpy(host, at, n);
	host[n] = '\0';
	return !ipaddr_parse(host, &a);
}

static char *trim(char *text)
{
	size_t n;

	text += strspn(text, " \t");
	n = strlen(text);
	while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
		text[--n] = '\0';
	return text;
}

/* The value if the line sets key, else NULL. */
static char *value_of(char *line, const char *key)
{
	char *equals = strchr(line, '=');

	if (equals == NULL)
		return NULL;
	*equals = '\0';
	return strcmp(trim(line), key) == 0 ? trim(equals + 1) : NULL;
}

/* A later uri= replaces an earlier one, in this file or another. */
static void read_uri(FILE *in, char *uri, size_t size)
{
	char line[NM_LINE];
	bool ours = false;

	while (fgets(line, sizeof(line), in) != NULL) {
		char *text = trim(line), *value;

		if (text[0] == '[')
			ours = strcmp(text, "[connectivity]") == 0;
		else if (ours && (value = value_of(text, "uri")) != NULL)
			snprintf(uri, size, "%s", value);
	}
}

static void read_uri_at(const char *path, char *uri, size_t size)
{
	FILE *in = open_text(path);

	if (in == NULL)
		return;
	read_uri(in, uri, size);
	fclose(in);
}

static int is_snippet(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 5 && d->d_name[0] != '.' &&
	       strcmp(d->d_name + n - 5, ".conf") == 0;
}

/* NetworkManager.conf(5): a snippet hides those of its name further down. */
static bool shadowed(const char *name, const char *const *above)
{
	char path[PATH_MAX];

	for (; *above != NULL; above++) {
		snprintf(path, sizeof(path), "%s/%s", *above, name);
		if (exists(path))
			return true;
	}
	return false;
}

static void read_snippets(const char *const *dir, char *uri, size_t size)
{
	char path[PATH_MAX];
	struct dirent **list;
	int n;

	if (snprintf(path, sizeof(path), "%s%s", root, *dir) >= PATH_MAX)
		return;
	n = scandir(path, &list, is_snippet, alphasort);
	if (n < 0)
		return;
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", *dir, list[i]->d_name);
		if (!shadowed(list[i]->d_name, dir + 1))
			read_uri_at(path, uri, size);
		free(list[i]);
	}
	free(list);
}

/* NetworkManager.conf(5), "FILE": in this order, the last word counts. */
static void networkmanager_uri(char *uri, size_t size)
{
	static const char *const dirs[] = {
		"/usr/lib/NetworkManager/conf.d", "/run/NetworkManager/conf.d",
		"/etc/NetworkManager/conf.d", NULL,
	};

	uri[0] = '\0';
	read_snippets(&dirs[0], uri, size);
	read_snippets(&dirs[1], uri, size);
	read_uri_at("/etc/NetworkManager/NetworkManager.conf", uri, size);
	read_snippets(&dirs[2], uri, size);
}

static const char *distribution_host(const char *id)
{
	for (size_t i = 0; i < NITEMS(distributions); i++)
		if (strcmp(distributions[i].profile, id) == 0)
			return distributions[i].name;
	return NULL;
}

/* The first known word of a value such as "rhel fedora", quoted or not. */
static const char *first_known(char *value)
{
	char *save = NULL;

	for (char *id = strtok_r(value, " \"'", &save); id != NULL;
	     id = strtok_r(NULL, " \"'", &save)) {
		/* os-release(5): opensuse-leap, opensuse-tumbleweed */
		const char *host = distribution_host(
			strncmp(id, "opensuse", 8) == 0 ? "opensuse" : id);

		if (host != NULL)
			return host;
	}
	return NULL;
}

/* NetworkManager's own example where the distribution is not known. */
static const char *default_host(void)
{
	const char *own = NULL, *like = NULL;
	char line[NM_LINE], copy[NM_LINE], *value;
	FILE *in = open_text("/etc/os-release");

	while (in != NULL && fgets(line, sizeof(line), in) != NULL) {
		snprintf(copy, sizeof(copy), "%s", line);
		if ((value = value_of(line, "ID")) != NULL)
			own = first_known(value);
		else if ((value = value_of(copy, "ID_LIKE")) != NULL)
			like = first_known(value);
	}
	if (in != NULL)
		fclose(in);
	if (own != NULL)
		return own;
	return like != NULL ? like : "nmcheck.gnome.org";
}

static int add_networkmanager(struct conf *c, struct why *why)
{
	char uri[NM_LINE], host[DNSNAME_MAX + 1];

	if (learnt[0] != '\0' && profile_add_name(c, learnt, false, why) < 0)
		return -ENOSPC;
	networkmanager_uri(uri, sizeof(uri));
	if (uri_host(uri, host, sizeof(host)) &&
	    profile_add_name(c, host, false, why) == 0)
		return 0;
	return profile_add_name(c, default_host(), false, why);
}

static int add_rows(struct conf *c, const char *profile, struct why *why)
{
	int error = 0;

	for (size_t i = 0; i < NITEMS(rows) && error == 0; i++)
		if (strcmp(rows[i].profile, profile) == 0)
			error = profile_add_name(c, rows[i].name, false, why);
	return error;
}

/* Is word in the list "a,b,c"? */
static bool listed(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at++)
		if ((at == list || at[-1] == ',') &&
		    (at[n] == ',' || at[n] == '\0'))
			return true;
	return false;
}

static int note(struct conf *c, const char *profile, struct why *why)
{
	size_t used = strlen(c->profiles);
	size_t need = strlen(profile) + (used > 0) + 1;

	if (need > sizeof(c->profiles) - used)
		return why_set(why, -ENOSPC, "too many profiles");
	snprintf(c->profiles + used, sizeof(c->profiles) - used, "%s%s",
		 used > 0 ? "," : "", profile);
	return 0;
}

static int add(struct conf *c, const char *profile, struct why *why)
{
	int error;

	if (listed(c->profiles, profile))
		return 0;
	if (strcmp(profile, "networkmanager") == 0)
		error = add_networkmanager(c, why);
	else
		error = add_rows(c, profile, why);
	return error != 0 ? error : note(c, profile, why);
}

/* Without a desktop or a network manager, the distribution's own check. */
static int add_auto(struct conf *c, struct why *why)
{
	bool any = false;
	int error = 0;

	for (size_t i = 0; i < NITEMS(installed) && error == 0; i++) {
		if (!exists(installed[i].path))
			continue;
		any = true;
		error = add(c, installed[i].profile, why);
	}
	return any ? error : add(c, "networkmanager", why);
}

static int unknown(const char *word, struct why *why)
{
	char list[256] = "";
	size_t at = 0;

	for (size_t i = 0; i < NITEMS(words); i++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s",
				       i > 0 ? ", " : "", words[i]);
	return why_set(why, -ENOENT, "\"%.80s\" is not one of %s", word, list);
}

int profile_learn_uri(struct conf *c, const char *uri, struct why *why)
{
	char host[sizeof(learnt)];
	unsigned int n = c->n_names;
	uint8_t wire[DNSNAME_MAX];
	int error = 0;

	if (!uri_host(uri, host, sizeof(host)) ||
	    dnsname_from_text(host, wire) <= 1)
		return 0;
	memcpy(learnt, host, sizeof(learnt));
	if (listed(c->profiles, "networkmanager"))
		error = profile_add_name(c, host, false, why);
	return error < 0 ? error : c->n_names > n;
}

int profile_add(struct conf *c, const char *word, struct why *why)
{
	bool known = false;

	for (size_t i = 0; i < NITEMS(words); i++)
		known |= strcmp(words[i], word) == 0;
	if (!known)
		return unknown(word, why);
	if (strcmp(word, "none") == 0)
		return 0;
	if (strcmp(word, "auto") == 0)
		return add_auto(c, why);
	return add(c, word, why);
}
