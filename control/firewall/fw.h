/* SPDX-License-Identifier: ISC */
/*
 * fw.h - the firewall: rulesets as text, addresses one by one
 *
 * A ruleset is loaded in one transaction; addresses of the door go in and out
 * through the kernel's own element interface, acknowledged before a call
 * returns, or (DOOR_HASH) through the allow table alone.
 *
 * Called from control's loop only.
 */
#ifndef FW_H
#define FW_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "compat.h"
#include "conf.h"
#include "shared/ipaddr.h"
#include "tunnel.h"
#include "why.h"

enum fw_policy {
	FW_NONE,		/* disconnected, no lockdown: no table at all */
	FW_BLOCKED,
	FW_BLOCKED_ACTIVE,	/* the door exists */
	FW_CONNECTING,
	FW_CONNECTED,
	FW_DISCONNECTING,
	FW__N
};
/* All that a ruleset's text depends on. */
struct fw_ruleset {
	enum fw_policy policy;
	bool lan, hash, tls;	/* chains instead of sets; rules_tls.h */
	bool bypass;		/* a device, and no questions of our own */
	bool any_uid;		/* of the door, as these */
	uid_t uid;
	uint16_t n_ports, ports[CONF_PORTS];
	uid_t datapath_uid;	/* of our own questions, as these */
	gid_t datapath_gid;
	uint16_t upstream_port, from[2];	/* own ports, instead; 0: any */
	uint16_t n_upstreams;
	struct ipaddr upstreams[POLICY_UPSTREAMS];
	uint16_t n_relays;	/* of the tunnel, as all below */
	struct endpoint relays[CONF_ENDPOINTS];
	char interface[IF_NAMESIZE];
	uint16_t n_dns;
	struct ipaddr dns[TUNNEL_DNS];
	bool sealed;		/* open also while it is not up */
	uint32_t mark;		/* of its packets, beside FW_MARK; 0 = none */
};

struct fw_element {
	struct ipaddr addr;
	uint32_t seconds;	/* until the kernel drops it by itself */
	bool renew, tls;	/* there already: delete and add; port 443 alone */
};
enum {
	FW_TEXT = 32768,	/* the longest ruleset */
	FW_BATCH = ALLOW_MAX,	/* elements in one call */
	/* Of a tunnel in the kernel, which has no uid: "sall". */
	FW_MARK = 0x73616c6c,
	FW_ASK = -2,		/* nobody tells: ask changed() each second */
};

struct fw;
/* Each: 0 or -errno, nothing half done, the sentence in *why. */
struct fw_ops {
	const char *name;
	void (*close)(struct fw *fw);
	/* Leaves the door's sets empty. */
	int (*load)(struct fw *fw, const struct fw_ruleset *r, struct why *why);
	/* All elements are in the kernel's sets, or none of the batch is.
	 * -ENOENT: table, set or (DOOR_HASH) rules are gone: flushed.
	 * -ETIMEDOUT: unknown; all of the batch was then deleted, unheard. */
	int (*add)(struct fw *fw, const struct fw_element *e, unsigned int n,
		   struct why *why);
	int (*remove)(struct fw *fw, const struct ipaddr *a, unsigned int n,
		      struct why *why);
	int (*clear)(struct fw *fw, struct why *why);
	/* Fills a[] with what the door's sets hold: how many, or -errno. */
	int (*list)(struct fw *fw, struct ipaddr *a, unsigned int max,
		    struct why *why);
	/* 1: the kernel has what was last loaded; 0: it has not. *generation
	 * is the kernel's that was looked at throughout. */
	int (*verify)(struct fw *fw, uint32_t *generation, struct why *why);
	/* Readable when rules may have changed; -1: never; or FW_ASK. */
	int (*watch_fd)(struct fw *fw);
	/* Drains it. 1: somebody else changed rules; 0: only we did. */
	int (*changed)(struct fw *fw);
	/* Netlink port id of our element batches; 0: none. */
	uint32_t (*port)(struct fw *fw);
};

struct fw {
	const struct fw_ops *ops;
	enum conf_door door;	/* in force; DOOR_HASH: elements are nothing */
	int table;		/* DOOR_HASH: descriptor for arena_create() */
	struct why no_hash;	/* ... asked for, and why it is not; or "" */
};

/* Own table or guest in c->firewall.table; needs CAP_NET_ADMIN and nft. */
NODISCARD int fw_nft_open(struct fw **fw, const struct conf *c,
			  struct why *why);
/* Holds everything in memory: dry runs and tests. */
NODISCARD int fw_memory_open(struct fw **fw, const struct conf *c,
			     struct why *why);

bool fw_relays(const struct fw_ruleset *r);	/* has them in its text */
bool fw_tunnel(const struct fw_ruleset *r);	/* ... the interface */
bool fw_sound(const struct fw_ruleset *r, const char *table);
/* As nft reads it. Its length; 0: a name or count that must not be written. */
size_t fw_nft_text(const struct fw_ruleset *r, const char *table,
		   char text[static FW_TEXT]);
const char *fw_policy_name(enum fw_policy p);

#endif /* FW_H */
