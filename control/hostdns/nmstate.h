/* SPDX-License-Identifier: ISC */
/*
 * nmstate.h - what NetworkManager's DNS was, and whom that asks
 *
 * Its global DNS configuration as JSON: an object of strings, lists of
 * strings and objects of the same. Known are searches and options (lists)
 * and domains, an object with one for each, "*" for all names, that has
 * servers and options. {}: there is none, the links' servers count.
 *
 * What was saved of it outlives us, and a reboot, in a file: NetworkManager
 * keeps what we set just as long.
 */
#ifndef NMSTATE_H
#define NMSTATE_H

#include <jansson.h>
#include <stdbool.h>

#include "compat.h"
#include "shared/ipaddr.h"
#include "why.h"

struct hostdns_servers;
struct netinfo;

/* NULL, or what is wrong with it: what is not understood could not be put
 * back. */
const char *nmstate_wrong(json_t *global);

/* A new reference; what is searched is as in now, nmbus.h's. */
json_t *nmstate_ours(const json_t *now, const struct ipaddr *listen,
		     unsigned int n);
/* Does it have our servers, and nobody else's? */
bool nmstate_is_ours(const json_t *global, const json_t *ours);

/* A new reference: of now's links but tunnels, [[server, interface], ...]. */
json_t *nmstate_uplinks(const json_t *now);

/* Those that can be asked: of original if it has any, else uplinks. *s is
 * zeroed before. */
void nmstate_servers(const json_t *original, const json_t *uplinks,
		     const struct netinfo *n, struct hostdns_servers *s);

/* {original, ours, uplinks}, a new reference, or NULL where there is none. */
NODISCARD int nmstate_load(const char *dir, json_t **saved, struct why *why);
bool nmstate_exists(const char *dir);
/* NULL removes the file. */
NODISCARD int nmstate_save(const char *dir, json_t *saved, struct why *why);

#endif /* NMSTATE_H */
