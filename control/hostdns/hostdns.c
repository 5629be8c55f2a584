/* SPDX-License-Identifier: ISC */
#include "hostdns/hostdns.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "hostdns/nmstate.h"
#include "hostdns/resolvconf.h"
#include "hostdns/resolvconfsaved.h"
#include "hostdns/resolvedlink.h"
#include "hostdns/resolvfile.h"
#include "hostdns/scstate.h"
#include "log.h"

/* Who reads these asks the stub; the other file has the servers of links. */
static const char *const stubs[] = {
	"/run/systemd/resolve/stub-resolv.conf", "/usr/lib/systemd/resolv.conf",
};
static const char uplinks[] = "/run/systemd/resolve/resolv.conf";
/* What NetworkManager has for resolv.conf, whether it may write that or not. */
static const char managers[] = "/run/NetworkManager/resolv.conf";

/* By a link, or as a copy. */
static bool is_same(const char *path, const char *other)
{
	char a[PATH_MAX], b[PATH_MAX], text[RESOLV_MAX], copy[RESOLV_MAX];
	ssize_t n;

	/* At boot we may be there before who writes it. */
	if (resolvfile_leads(path, other))
		return true;
	if (realpath(other, b) == NULL || realpath(path, a) == NULL)
		return false;
	if (strcmp(a, b) == 0)
		return true;
	n = resolvfile_load_path(path, text);
	return n > 0 && n == resolvfile_load_path(other, copy) &&
	       memcmp(text, copy, (size_t)n) == 0;
}

static bool is_resolveds(const struct conf *c)
{
	for (size_t i = 0; i < NITEMS(stubs); i++)
		if (is_same(c->resolv_conf, stubs[i]))
			return true;
	/* resolv.conf(5) has no word for another port. */
	return c->port == 53 && is_same(c->resolv_conf, uplinks);
}

/* What a crash has left with another backend than the one that is used. */
static void heal_file(const struct conf *c)
{
	struct hostdns *h;
	struct why why;

	if (hostdns_file_open(&h, c, &why) == 0)
		h->ops->close(h);
}

static void heal_left(const struct conf *c, bool left,
		      int (*open)(struct hostdns **h, const struct conf *c,
				  struct why *why))
{
	struct hostdns *h;
	struct why why;

	if (!left)
		return;
	if (open(&h, c, &why) == 0)
		h->ops->close(h);
	else
		log_warning("hostdns: %s", why.text);
}

static void heal_resolved(const struct conf *c)
{
	heal_left(c, resolvedlink_exists(c->state_dir), hostdns_resolved_open);
}

static void heal_networkmanager(const struct conf *c)
{
	heal_left(c, nmstate_exists(c->state_dir), hostdns_networkmanager_open);
}

static void heal_resolvconf(const struct conf *c)
{
	heal_left(c, resolvconfsaved_exists(c->state_dir),
		  hostdns_resolvconf_open);
}

static void heal_scdynamic(const struct conf *c)
{
	heal_left(c, scstate_exists(c->state_dir), hostdns_scdynamic_open);
}

static bool is_networkmanagers(const struct conf *c)
{
	return c->port == 53 &&
	       (nmstate_exists(c->state_dir) ||
		(is_same(c->resolv_conf, managers) &&
		 hostdns_networkmanager_writes()));
}

/* A resolved that was left pointed at us and is away will be back. */
static int open_auto(struct hostdns **h, const struct conf *c, struct why *why)
{
	if (c->port == 53)
		heal_file(c);
	if (hostdns_scdynamic_open(h, c, why) == 0)
		return 0;
	heal_resolved(c);
	heal_networkmanager(c);
	/* At boot we are there before the bus is. */
	if ((resolvedlink_exists(c->state_dir) || is_resolveds(c)) &&
	    hostdns_resolved_open(h, c, why) == 0)
		return 0;
	if (is_networkmanagers(c) && hostdns_networkmanager_open(h, c, why) == 0)
		return 0;
	if (c->port != 53)
		return hostdns_none_open(h, c, why);
	return resolvconf_owns(c->resolv_conf) ?
	       hostdns_resolvconf_open(h, c, why) :
	       hostdns_file_open(h, c, why);
}

int hostdns_open(struct hostdns **h, const struct conf *c, struct why *why)
{
	heal_resolvconf(c);
	heal_scdynamic(c);
	switch (c->hostdns) {
	case HOSTDNS_AUTO:
		return open_auto(h, c, why);
	case HOSTDNS_RESOLVED:
		heal_file(c);
		heal_networkmanager(c);
		return hostdns_resolved_open(h, c, why);
	case HOSTDNS_RESOLVCONF:
		heal_resolved(c);
		heal_networkmanager(c);
		return hostdns_resolvconf_open(h, c, why);
	case HOSTDNS_NETWORKMANAGER:
		heal_file(c);
		return hostdns_networkmanager_open(h, c, why);
	case HOSTDNS_FILE:
		heal_resolved(c);
		heal_networkmanager(c);
		return hostdns_file_open(h, c, why);
	case HOSTDNS_NONE:
		heal_resolved(c);
		heal_networkmanager(c);
		return hostdns_none_open(h, c, why);
	case HOSTDNS_SYSTEMCONFIGURATION:
		return hostdns_scdynamic_open(h, c, why);
	default:
		return why_set(why, -EOPNOTSUPP, "hostdns: this backend is "
			       "not in this build; use auto, resolved, "
			       "networkmanager, resolvconf, file or none");
	}
}

void hostdns_choose_again(struct hostdns **h, const struct conf *c)
{
	const char *name = (*h)->ops->name;
	struct hostdns *next;
	struct why why;

	/* Those that auto takes where it does not see another one yet. */
	if (c->hostdns != HOSTDNS_AUTO ||
	    (strcmp(name, "file") != 0 && strcmp(name, "none") != 0) ||
	    !is_networkmanagers(c) ||
	    hostdns_networkmanager_open(&next, c, &why) != 0)
		return;
	log_info("hostdns: %s is NetworkManager's now", c->resolv_conf);
	if ((*h)->ops->restore(*h, &why) != 0)
		log_warning("hostdns: %s", why.text);
	next->watch = (*h)->watch;
	(*h)->ops->close(*h);
	*h = next;
}

bool hostdns_is_absence(int error)
{
	return error == -ESRCH || error == -ENOENT || error == -ECONNREFUSED;
}

/* Changes nothing: somebody else points the host at us. */
struct none {
	struct hostdns h;
	char path[PATH_MAX];
};

static void none_close(struct hostdns *h)
{
	free(h);
}

static int none_read(struct hostdns *h, struct hostdns_servers *s,
		     struct why *why)
{
	const struct none *none = (const struct none *)h;

	resolvfile_watch(h->watch, none->path);
	return resolvfile_read(none->path, s, why);
}

static int none_point(struct hostdns *h, const struct ipaddr *listen,
		      unsigned int n, struct why *why)
{
	(void)h;
	(void)listen;
	(void)n;
	(void)why;
	return 0;
}

static int none_restore(struct hostdns *h, struct why *why)
{
	(void)h;
	(void)why;
	return 0;
}

static bool none_pointed(const struct hostdns *h)
{
	(void)h;
	return false;
}

static const struct hostdns_ops none_ops = {
	.name = "none",
	.close = none_close,
	.read = none_read,
	.point = none_point,
	.restore = none_restore,
	.pointed = none_pointed,
};

int hostdns_none_open(struct hostdns **h, const struct conf *c,
		      struct why *why)
{
	struct none *none = calloc(1, sizeof(*none));

	if (none == NULL)
		return why_set(why, -ENOMEM, "hostdns: no memory");
	none->h.ops = &none_ops;
	memcpy(none->path, c->resolv_conf, sizeof(none->path));
	*h = &none->h;
	return 0;
}
