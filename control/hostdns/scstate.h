/* SPDX-License-Identifier: ISC */
/*
 * scstate.h - the DNS of network services, as SystemConfiguration has it
 *
 * `all` is a snapshot of its store, {key: dictionary, ...}; looked at are
 *
 *	Setup:/Network/Service/ID/DNS	what the user has set, which wins
 *	State:/Network/Service/ID/DNS	what DHCP or a VPN has told
 *	State:/Network/Service/ID/IPv4	and IPv6: the service is up, and where
 *	State:/Network/Global/IPv4	and IPv6: which of them is first
 *
 * `ours` is what we put in place of a DNS dictionary, `saved` what comes back:
 * {key: dictionary, or null where there was none, ...}. It outlives us in a
 * file; of what is from before a reboot nothing stands any more, so nothing
 * of it comes back.
 */
#ifndef SCSTATE_H
#define SCSTATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "shared/ipaddr.h"
#include "why.h"

struct hostdns_servers;
struct netinfo;

/* A new reference. */
json_t *scstate_ours(const struct ipaddr *listen, unsigned int n,
		     uint16_t port);
/* Are these our servers, whatever else is with them? */
bool scstate_is_ours(const json_t *dns, const json_t *ours);

/* The DNS keys as they would be without us: a new reference. */
json_t *scstate_original(json_t *all, const json_t *saved,
			 const json_t *ours);

/* New references; `saved` is to be safe before the others are done. */
struct scstate_plan {
	json_t *saved, *set, *gone;
};

/* So that every service asks us. */
void scstate_point(json_t *all, const json_t *saved, json_t *ours,
		   struct scstate_plan *p);
/* So that what is still ours is theirs again; saved = {}. */
void scstate_restore(const json_t *all, json_t *saved, const json_t *ours,
		     struct scstate_plan *p);
/* Is there nothing to do? */
bool scstate_is_done(const struct scstate_plan *p);
void scstate_plan_free(struct scstate_plan *p);

/* Those that can be asked, of services that are up but tunnels, the first
 * service's first; *s is zeroed before. */
void scstate_servers(json_t *all, const json_t *original,
		     const struct netinfo *n, struct hostdns_servers *s);

/* The file in the state directory; NULLs where there is none. */
NODISCARD int scstate_load(const char *dir, json_t **saved, json_t **ours,
			   struct why *why);
bool scstate_exists(const char *dir);
/* Without a key in it the file is removed. */
NODISCARD int scstate_save(const char *dir, json_t *saved, json_t *ours,
			   struct why *why);

#endif /* SCSTATE_H */
