/* SPDX-License-Identifier: ISC */
/*
 * resolvedlink.h - DNS settings of links, as systemd-resolved has them
 *
 * A JSON object for each link:
 *
 *	ifindex, ifname	both, as an index may be given to another link;
 *			0 and "" are the host's own settings
 *	dns		[[address, port or 0, name for TLS or ""], ...]
 *	domains		[[name, for routing only?], ...]
 *	dnsovertls,	null: "no"; "": what the host has, and that is not
 *	dnssec		"no"; else a word of resolved's
 *
 * What was saved of them outlives us in a file, and is worth nothing after a
 * reboot: resolved has forgotten what we did.
 */
#ifndef RESOLVEDLINK_H
#define RESOLVEDLINK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "shared/ipaddr.h"
#include "why.h"

/* More than these are refused. */
enum {
	RESOLVED_LINKS = 64,
	RESOLVED_SERVERS = 32,
	RESOLVED_DOMAINS = 64,
	RESOLVED_NAME = 256,	/* of a domain or a server, with its NUL */
	RESOLVED_WORD = 32,
};

/* New references; NULL: no memory. */
json_t *resolvedlink_new(int ifindex, const char *ifname);
json_t *resolvedlink_server(const struct ipaddr *a, uint16_t port,
			    const char *tls);
json_t *resolvedlink_listen(const struct ipaddr *a, unsigned int n,
			    uint16_t port);
/* For all names, and for routing only. */
json_t *resolvedlink_everything(void);

/* The same link, or NULL. */
json_t *resolvedlink_find(const json_t *links, const json_t *link);

/* A list of links, whoever it comes from: NULL, or what is wrong with it. */
const char *resolvedlink_wrong(const json_t *links);

/* Is this key of a link as we set it? ours: the dns we set. */
bool resolvedlink_ours(const json_t *now, const json_t *ours, const char *key);
/* So that what was saved must be put back. */
bool resolvedlink_changed(const json_t *saved, const json_t *now,
			  const json_t *ours, const char *key);
/* What is not as we set it was set by somebody else since: saved gets it. */
void resolvedlink_adopt(json_t *saved, const json_t *now, const json_t *ours);

/*
 * Those that can be asked, of links that are up, then the host's own; *s is
 * zeroed before. Where a link has ours, it is the saved one's that count.
 */
struct hostdns_servers;
struct netinfo;
void resolvedlink_servers(const json_t *links, const json_t *saved,
			  const json_t *ours, const struct netinfo *n,
			  struct hostdns_servers *s);

/*
 * The file in the state directory. NULLs where there is none, or where it is
 * from before a reboot. New references.
 */
NODISCARD int resolvedlink_load(const char *dir, json_t **links,
				json_t **ours, struct why *why);
bool resolvedlink_exists(const char *dir);
/* An empty list removes the file. */
NODISCARD int resolvedlink_save(const char *dir, json_t *links, json_t *ours,
				struct why *why);

#endif /* RESOLVEDLINK_H */
