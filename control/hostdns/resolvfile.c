/* SPDX-License-Identifier: ISC */
#include "hostdns/resolvfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/filewatch.h"

enum {
	LINE = 512,	/* longer ones mean nothing; search has 256 by habit */
	KEPT = 6144,	/* of the original's lines */
	SERVERS = 3,	/* MAXNS of resolv.conf(5) */
};

static const char mark[] = "# sallyport ";

static const char *const words[] = {
	[ORIGIN_LINKED] = " linked\n", [ORIGIN_COPIED] = " copied\n",
	[ORIGIN_NONE] = " none\n",
};

/* Resolvers on this host that tell whom they ask. */
static const char *const behind[] = {
	"/run/systemd/resolve/resolv.conf",
	"/run/NetworkManager/no-stub-resolv.conf",
	"/var/unbound/forward.conf",	/* FreeBSD's local_unbound */
};

uint64_t resolvfile_sum(const char *text, size_t len)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)text[i]) * 0x100000001b3;
	return h;
}

enum resolv_origin resolvfile_origin(const char *text, size_t len)
{
	char head[sizeof(mark) + 16];
	size_t n = sizeof(head) - 1;

	if (len < n || len >= RESOLV_OURS)
		return ORIGIN_FOREIGN;
	snprintf(head, sizeof(head), "%s%016" PRIx64, mark,
		 resolvfile_sum(text + n, len - n));
	return memcmp(text, head, n) == 0 ? resolvfile_was(text, len) :
					    ORIGIN_FOREIGN;
}

enum resolv_origin resolvfile_was(const char *text, size_t len)
{
	size_t n = sizeof(mark) - 1 + 16;

	if (len < n || memcmp(text, mark, sizeof(mark) - 1) != 0)
		return ORIGIN_FOREIGN;
	for (size_t i = ORIGIN_LINKED; i < NITEMS(words); i++)
		if (len - n >= strlen(words[i]) &&
		    memcmp(text + n, words[i], strlen(words[i])) == 0)
			return (enum resolv_origin)i;
	return ORIGIN_FOREIGN;
}

/* The next line of *text as a string; false at its end. Lines that are too
 * long or hold a NUL come out empty. */
static bool next_line(const char **text, size_t *len, char line[static LINE])
{
	const char *end = *len > 0 ? memchr(*text, '\n', *len) : NULL;
	size_t n = end != NULL ? (size_t)(end - *text) : *len;

	if (*len == 0)
		return false;
	line[0] = '\0';
	if (n < LINE && memchr(*text, '\0', n) == NULL) {
		memcpy(line, *text, n);
		line[n] = '\0';
		line[strcspn(line, "\r")] = '\0';
	}
	n += end != NULL;
	*text += n;
	*len -= n;
	return true;
}

/* What stands behind the keyword, or NULL. */
static const char *argument(const char *line, const char *keyword)
{
	size_t n = strlen(keyword);

	if (strncmp(line, keyword, n) != 0 || strspn(line + n, " \t") == 0)
		return NULL;
	return line + n + strspn(line + n, " \t");
}

/*
 * "search ." is what systemd-resolved writes for itself. Back from us, it would
 * mean that all names are ours to answer, and it would not forget that when
 * the original is back.
 */
static bool is_kept(const char *line)
{
	const char *search = argument(line, "search");

	return (search != NULL && strcmp(search, ".") != 0) ||
	       argument(line, "domain") != NULL ||
	       argument(line, "options") != NULL;
}

static size_t kept_lines(const char *original, size_t len,
			 char kept[static KEPT])
{
	char line[LINE];
	size_t at = 0;

	while (next_line(&original, &len, line))
		if (is_kept(line) && strlen(line) + 2 <= KEPT - at)
			at += (size_t)sprintf(kept + at, "%s\n", line);
	kept[at] = '\0';
	return at;
}

size_t resolvfile_plain(const char *original, size_t len,
			const struct ipaddr *listen, unsigned int n,
			char *text, size_t size)
{
	char kept[KEPT], addr[IPADDR_TEXT];
	size_t at;

	kept_lines(original, len, kept);
	at = (size_t)snprintf(text, size, "%s", kept);
	for (unsigned int i = 0; i < n && i < SERVERS; i++)
		at += (size_t)snprintf(text + at, size - at, "nameserver %s\n",
				       ipaddr_text(&listen[i], addr));
	return at;
}

size_t resolvfile_ours(enum resolv_origin origin, const char *original,
		       size_t len, const struct ipaddr *listen, unsigned int n,
		       char text[static RESOLV_OURS])
{
	size_t start = sizeof(mark) - 1 + 16, at;
	char digits[17];

	at = (size_t)snprintf(text, RESOLV_OURS, "%s%016x%s"
			      "# For as long as the network check may pass; "
			      "then the original comes back.\n",
			      mark, 0, words[origin]);
	at += resolvfile_plain(original, len, listen, n, text + at,
			       RESOLV_OURS - at);
	snprintf(digits, sizeof(digits), "%016" PRIx64,
		 resolvfile_sum(text + start, at - start));
	memcpy(text + sizeof(mark) - 1, digits, 16);
	return at;
}

size_t resolvfile_begun(const char *original, size_t original_len,
			const struct ipaddr *listen, unsigned int n,
			const char *text, size_t len)
{
	char ours[RESOLV_OURS];
	size_t size = resolvfile_ours(ORIGIN_LINKED, original, original_len,
				      listen, n, ours);

	return len >= size && memcmp(text, ours, size) == 0 ? size : 0;
}

/* "eth0" or "2" behind "fe80::1%"; it must be there to be asked through. */
static bool scope_name(const char *scope, char ifname[static IF_NAMESIZE])
{
	char name[IF_NAMESIZE] = "";
	unsigned int index = 0;

	if (if_nametoindex(scope) != 0)
		snprintf(name, sizeof(name), "%s", scope);
	else if (sscanf(scope, "%9u", &index) != 1 ||
		 if_indextoname(index, name) == NULL)
		return false;
	memcpy(ifname, name, IF_NAMESIZE);
	return true;
}

static bool is_own(const struct netinfo *n, const struct ipaddr *a)
{
	for (unsigned int i = 0; i < n->n_own; i++)
		if (ipaddr_equal(&n->own[i], a))
			return true;
	return false;
}

bool resolvfile_usable(const struct netinfo *n, const struct ipaddr *a)
{
	switch (ipaddr_class(a)) {
	case IPCLASS_PUBLIC:
	case IPCLASS_PRIVATE:
	case IPCLASS_LINKLOCAL:
		return !is_own(n, a);
	default:
		return false;
	}
}

void resolvfile_add(struct hostdns_servers *s, const struct ipaddr *a,
		    const char ifname[static IF_NAMESIZE])
{
	if (s->n == POLICY_UPSTREAMS)
		return;
	for (unsigned int i = 0; i < s->n; i++)
		if (ipaddr_equal(&s->server[i].addr, a) &&
		    strcmp(s->server[i].ifname, ifname) == 0)
			return;
	s->server[s->n].addr = *a;
	memcpy(s->server[s->n].ifname, ifname, IF_NAMESIZE);
	s->n++;
}

void resolvfile_add_server(struct hostdns_servers *s, const char *text,
			   const char *ifname, const struct netinfo *n)
{
	char addr[IPADDR_TEXT], own[IF_NAMESIZE] = "";
	struct ipaddr a;

	snprintf(addr, sizeof(addr), "%.*s", (int)strcspn(text, "%"), text);
	if (!ipaddr_parse(addr, &a) || !resolvfile_usable(n, &a))
		return;
	snprintf(own, sizeof(own), "%s", ifname);
	if (own[0] == '\0')
		netinfo_interface(n, &a, own);
	resolvfile_add(s, &a, own);
}

/* text: "192.0.2.1", "fe80::1%eth0", perhaps with something behind; *scope
 * is what is behind the "%", or NULL. */
static bool parse_server(const char *text, char copy[static LINE],
			 struct ipaddr *a, char **scope)
{
	snprintf(copy, LINE, "%s", text);
	copy[strcspn(copy, " \t;#")] = '\0';
	*scope = strchr(copy, '%');
	if (*scope != NULL)
		*(*scope)++ = '\0';
	return ipaddr_parse(copy, a);
}

static bool is_one_of(const struct ipaddr *a, const struct ipaddr *listen,
		      unsigned int n)
{
	if (n == 0)
		return ipaddr_class(a) == IPCLASS_LOOPBACK;
	for (unsigned int i = 0; i < n; i++)
		if (ipaddr_equal(&listen[i], a))
			return true;
	return false;
}

bool resolvfile_names_only(const char *text, size_t len,
			   const struct ipaddr *listen, unsigned int n)
{
	char line[LINE], copy[LINE], *scope;
	bool any = false;
	struct ipaddr a;

	while (next_line(&text, &len, line)) {
		const char *server = argument(line, "nameserver");

		if (server == NULL || !parse_server(server, copy, &a, &scope))
			continue;
		any = true;
		if (!is_one_of(&a, listen, n))
			return false;
	}
	return any;
}

static void add_server(const char *text, const struct netinfo *n,
		       const char *link, struct hostdns_servers *s,
		       bool *loopback)
{
	char copy[LINE], ifname[IF_NAMESIZE] = "", *scope;
	struct ipaddr a;

	if (!parse_server(text, copy, &a, &scope))
		return;
	/* resolv.conf(5) takes 0.0.0.0 for this host. */
	*loopback |= ipaddr_class(&a) == IPCLASS_LOOPBACK ||
		     ipaddr_class(&a) == IPCLASS_UNSPECIFIED || is_own(n, &a);
	if (!resolvfile_usable(n, &a))
		return;
	if (link[0] != '\0')
		snprintf(ifname, sizeof(ifname), "%s", link);
	else if (scope == NULL || ipaddr_is_v4(&a))
		netinfo_interface(n, &a, ifname);
	else if (!scope_name(scope, ifname))
		return;
	resolvfile_add(s, &a, ifname);
}

bool resolvfile_add_text(const char *text, size_t len,
			 const struct netinfo *n,
			 const char link[static IF_NAMESIZE],
			 struct hostdns_servers *s)
{
	bool loopback = false;
	char line[LINE];

	while (next_line(&text, &len, line)) {
		const char *server = argument(line, "nameserver");

		/* unbound.conf(5); with a port behind it is for TLS. */
		if (server == NULL)
			server = argument(line + strspn(line, " \t"),
					  "forward-addr:");
		if (server != NULL)
			add_server(server, n, link, s, &loopback);
	}
	return loopback;
}

bool resolvfile_servers(const char *text, size_t len, const struct netinfo *n,
			struct hostdns_servers *s)
{
	static const char unknown[IF_NAMESIZE];

	memset(s, 0, sizeof(*s));
	return resolvfile_add_text(text, len, n, unknown, s);
}

ssize_t resolvfile_load(int fd, char *text, size_t size)
{
	size_t at = 0;
	ssize_t n;

	while (at < size && (n = read(fd, text + at, size - at)) != 0) {
		if (n < 0)
			return -errno;
		at += (size_t)n;
	}
	return (ssize_t)at;
}

int resolvfile_store(int fd, const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = write(fd, text + at, len - at);

		if (n < 0)
			return -errno;
		at += (size_t)n;
	}
	return 0;
}

ssize_t resolvfile_load_path(const char *path, char text[static RESOLV_MAX])
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = resolvfile_load(fd, text, RESOLV_MAX);
	close(fd);
	return n == -EISDIR ? -ENOENT : n;
}

bool resolvfile_leads(const char *path, const char *to)
{
	char text[PATH_MAX];
	ssize_t n = readlink(path, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	return strcmp(text, to) == 0 ||
	       (strncmp(text, "..", 2) == 0 && strcmp(text + 2, to) == 0);
}

void resolvfile_watch(struct filewatch *w, const char *path)
{
	const char *slash = strrchr(path, '/');
	char saved[PATH_MAX + sizeof(RESOLV_SAVED) + 1];
	const char *paths[2 + NITEMS(behind)] = { path, saved };

	if (slash == NULL)
		return;
	snprintf(saved, sizeof(saved), "%.*s.%s" RESOLV_SAVED,
		 (int)(slash + 1 - path), path, slash + 1);
	memcpy(paths + 2, behind, sizeof(behind));
	filewatch_follow(w, paths, NITEMS(paths));
}

bool resolvfile_asks(const char *path, const struct ipaddr *a)
{
	char buffer[RESOLV_MAX], line[LINE];
	ssize_t n = resolvfile_load_path(path, buffer);
	size_t len = n < 0 ? 0 : (size_t)n;
	const char *text = buffer, *server;
	struct ipaddr first;

	while (next_line(&text, &len, line))
		if ((server = argument(line, "nameserver")) != NULL)
			return ipaddr_parse(server, &first) &&
			       ipaddr_equal(&first, a);
	return false;
}

static void read_behind(const struct netinfo *n, struct hostdns_servers *s)
{
	char text[RESOLV_MAX];

	for (size_t i = 0; i < NITEMS(behind) && s->n == 0; i++) {
		ssize_t len = resolvfile_load_path(behind[i], text);

		if (len > 0)
			resolvfile_servers(text, (size_t)len, n, s);
	}
}

int resolvfile_read_text(const char *text, size_t len, const char *path,
			 struct hostdns_servers *s, struct why *why)
{
	struct hostdns_servers found;
	struct netinfo n;
	int error = netinfo_read(&n, why);

	if (error != 0)
		return error;
	if (resolvfile_servers(text, len, &n, &found) && found.n == 0)
		read_behind(&n, &found);
	if (found.n == 0)
		return why_set(why, -ENOENT, "%s names no server that can be "
			       "asked; set upstreams = ...", path);
	memcpy(s, &found, sizeof(*s));
	return 0;
}

int resolvfile_read(const char *path, struct hostdns_servers *s,
		    struct why *why)
{
	char text[RESOLV_MAX];
	ssize_t len = resolvfile_load_path(path, text);

	/* No file names no server. */
	if (len < 0 && len != -ENOENT)
		return why_set(why, (int)len, "%s: %s", path,
			       strerror((int)-len));
	return resolvfile_read_text(text, len < 0 ? 0 : (size_t)len, path, s,
				    why);
}
