/* SPDX-License-Identifier: ISC */
#include "lease.h"

#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORDS = 4, LINE = 1024 };

/* The words of a line that matter, in the order of the words in it. */
struct line {
	char text[LINE];
	char *word[WORDS];
	unsigned int n;
};

/* What is known of a lease so far. */
struct draft {
	struct lease lease;
	bool here;		/* of that interface, if it says */
	bool stale;		/* ... but of another address */
};

struct reader {
	const struct lease_place *place;
	const struct netinfo *net;
	struct draft draft, best;
};

/* --- parts that both formats have --- */

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

/* Cut where it is too long for us, so that it is too long for capurl.h. */
static void take_url(struct draft *d, const char *value)
{
	size_t len = strlen(value);

	d->lease.len = len < LEASE_VALUE ? len : LEASE_VALUE - 1;
	memcpy(d->lease.url, value, d->lease.len);
	d->lease.url[d->lease.len] = '\0';
}

static void take_address(struct reader *r, const char *value)
{
	struct ipaddr a;

	r->draft.stale = true;
	if (!ipaddr_parse(value, &a))
		return;
	for (unsigned int i = 0; i < r->net->n_own; i++)
		if (ipaddr_equal(&r->net->own[i], &a))
			r->draft.stale = false;
}

/* --- KEY=VALUE: systemd-networkd, NetworkManager, and hooks --- */

static void read_pair(struct reader *r, char *text)
{
	static const char *const urls[] = {
		"CAPTIVE_PORTAL", "default_url", "captive_portal", NULL };
	char *value = strchr(text, '=');

	if (value == NULL)
		return;
	*value++ = '\0';
	if (is_one_of(text, urls) && value[0] != '\0')
		take_url(&r->draft, value);
	else if (strcmp(text, "ip_address") == 0)
		take_address(r, value);
}

/* --- dhclient.leases(5): the last lease that fits is the one in force --- */

/* Words, the last of them without ';' and quotes. */
static void split(struct line *l)
{
	char *at = l->text + strspn(l->text, " \t");

	l->n = 0;
	while (*at != '\0' && l->n < WORDS) {
		char end = *at == '"' ? '"' : ' ';

		at += end == '"';
		l->word[l->n++] = at;
		at += strcspn(at, end == '"' ? "\"" : " \t;");
		if (*at == '\0')
			return;
		*at++ = '\0';
		at += strspn(at, " \t;");
	}
}

/* 68:74:74:70, as options are written whose names are not known. */
static void take_hex(struct draft *d, const char *value)
{
	char text[LEASE_VALUE];
	unsigned int octet;
	size_t n = 0;
	int used;

	for (; sscanf(value, "%2x%n", &octet, &used) == 1 &&
	       n < sizeof(text) - 1; value += used + (value[used] == ':'))
		text[n++] = octet == 0 ? '\n' : (char)octet;
	text[n] = '\0';
	take_url(d, text);
}

static void take_option(struct draft *d, const char *name, const char *value,
			bool quoted)
{
	static const char *const urls[] = {
		"default-url", "v4-captive-portal", "captive-portal",
		"unknown-114", "dhcp6.v6-captive-portal",
		"dhcp6.captive-portal", "dhcp6.unknown-103", NULL };

	if (!is_one_of(name, urls))
		return;
	if (quoted || strchr(value, '/') != NULL)
		take_url(d, value);
	else
		take_hex(d, value);
}

/* Of what is written there, not of what is open to us: it may be a guess. */
static void end_lease(struct reader *r)
{
	if (r->draft.here && !r->draft.stale && r->draft.lease.len > 0)
		r->best = r->draft;
	else if (r->draft.here && !r->draft.stale)
		r->best = (struct draft){ 0 };
	r->draft = (struct draft){ 0 };
}

static void read_clause(struct reader *r, const char *text)
{
	static const char *const addresses[] = {
		"fixed-address", "iaaddr", NULL };
	bool quoted = strchr(text, '"') != NULL;
	struct line l = { .n = 0 };

	snprintf(l.text, sizeof(l.text), "%s", text);
	split(&l);
	if (l.n == 1 && strcmp(l.word[0], "}") == 0 && text[0] == '}')
		end_lease(r);
	else if (l.n >= 2 && strcmp(l.word[0], "interface") == 0)
		r->draft.here = strcmp(l.word[1], r->place->ifname) == 0;
	else if (l.n >= 2 && is_one_of(l.word[0], addresses))
		take_address(r, l.word[1]);
	else if (l.n >= 3 && strcmp(l.word[0], "option") == 0)
		take_option(&r->draft, l.word[1], l.word[2], quoted);
}

/* --- files --- */

/* The last octets of a plain file, as a string; its length. */
static size_t load(const char *path, char text[static LEASE_FILE + 1])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	struct stat st;
	ssize_t n = 0;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = pread(fd, text, LEASE_FILE, st.st_size > LEASE_FILE ?
			  st.st_size - LEASE_FILE : 0);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* A NUL is an octet that no value has; it must not end one. */
static void each_line(struct reader *r, char *text, size_t len,
		      bool clauses)
{
	char *next;

	for (size_t i = 0; i < len; i++)
		if (text[i] == '\0')
			text[i] = '\r';
	for (char *at = text; at != NULL; at = next) {
		next = strchr(at, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (clauses)
			read_clause(r, at);
		else
			read_pair(r, at);
	}
}

/* True: this file tells. */
static bool read_file(struct reader *r, const char *path, bool clauses)
{
	static char text[LEASE_FILE + 1];
	size_t len = load(path, text);

	r->draft = r->best = (struct draft){ 0 };
	if (len == 0)
		return false;
	each_line(r, text, len, clauses);
	if (clauses)
		return r->best.lease.len > 0;
	r->best = r->draft;
	return r->best.lease.len > 0 && !r->best.stale;
}

/* %1: the interface's index; %2: its name; %3: the run directory. */
static void expand(const struct lease_place *p, const char *pattern,
		   char path[static PATH_MAX])
{
	size_t n = (size_t)snprintf(path, PATH_MAX, "%s", p->root);

	for (; *pattern != '\0' && n + 1 < PATH_MAX; pattern++) {
		char *end = path + n;
		size_t left = PATH_MAX - n;

		if (*pattern != '%')
			n += (size_t)snprintf(end, left, "%c", *pattern);
		else if (*++pattern == '1')
			n += (size_t)snprintf(end, left, "%u", p->ifindex);
		else
			n += (size_t)snprintf(end, left, "%s", *pattern == '2' ?
					      p->ifname : p->run_dir);
	}
}

static bool read_files(struct reader *r, const char *pattern, bool clauses)
{
	char path[PATH_MAX];
	bool found = false;
	glob_t g;

	expand(r->place, pattern, path);
	if (strchr(pattern, '*') == NULL)
		return read_file(r, path, clauses);
	if (glob(path, GLOB_NOSORT, NULL, &g) != 0)
		return false;
	for (size_t i = 0; i < g.gl_pathc && !found; i++)
		found = read_file(r, g.gl_pathv[i], clauses);
	globfree(&g);
	return found;
}

static const struct {
	const char *source, *pattern;
	bool clauses;
} places[] = {
	{ "hook", "%3/portal/%2", false },
	{ "systemd-networkd", "/run/systemd/netif/links/%1", false },
	{ "NetworkManager", "/run/NetworkManager/devices/%1", false },
	{ "dhclient", "/var/lib/NetworkManager/dhclient-*-%2.lease", true },
	{ "dhclient", "/var/lib/NetworkManager/dhclient6-*-%2.lease", true },
	{ "dhclient", "/var/lib/dhcp/dhclient.%2.leases", true },
	{ "dhclient", "/var/lib/dhcp/dhclient6.%2.leases", true },
	{ "dhclient", "/var/lib/dhcp/dhclient.leases", true },
	{ "dhclient", "/var/lib/dhcp/dhclient6.leases", true },
	{ "dhclient", "/var/lib/dhclient/dhclient.leases", true },
};

void lease_follow(const struct lease_place *p, struct filewatch *w)
{
	char path[NITEMS(places)][PATH_MAX];
	const char *paths[NITEMS(places)];

	for (size_t i = 0; i < NITEMS(places); i++) {
		expand(p, places[i].pattern, path[i]);
		/* Any name: all of the folder. */
		if (strchr(path[i], '*') != NULL)
			strrchr(path[i], '/')[1] = '\0';
		paths[i] = path[i];
	}
	filewatch_follow(w, paths, NITEMS(places));
}

bool lease_find(const struct lease_place *p, const struct netinfo *n,
		struct lease *l)
{
	struct reader r = { .place = p, .net = n };

	for (size_t i = 0; i < NITEMS(places); i++) {
		if (!read_files(&r, places[i].pattern, places[i].clauses))
			continue;
		*l = r.best.lease;
		l->source = places[i].source;
		return true;
	}
	return false;
}
