/* SPDX-License-Identifier: ISC */
#include "hostdns/hostdns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hostdns/resolvfile.h"

int hostdns_open(struct hostdns **h, const struct conf *c, struct why *why)
{
	switch (c->hostdns) {
	case HOSTDNS_FILE:
		return hostdns_file_open(h, c, why);
	case HOSTDNS_NONE:
		return hostdns_none_open(h, c, why);
	case HOSTDNS_AUTO:
		/* resolv.conf(5) has no word for another port. */
		return c->port == 53 ? hostdns_file_open(h, c, why) :
		       hostdns_none_open(h, c, why);
	default:
		return why_set(why, -EOPNOTSUPP, "hostdns: this backend is "
			       "not in this build; use auto, file or none");
	}
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
