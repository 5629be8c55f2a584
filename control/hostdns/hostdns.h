/* SPDX-License-Identifier: ISC */
/*
 * hostdns.h - the host's DNS settings: read, pointed at us, put back
 *
 * The original is safe on disk before anything is changed, and comes back
 * whole (bytes, symlink, owner, mode, times) after a stop, a crash or a
 * kill -9: opening heals what an earlier daemon has left.
 */
#ifndef HOSTDNS_H
#define HOSTDNS_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "conf.h"
#include "limits.h"
#include "shared/ipaddr.h"
#include "why.h"

struct hostdns_servers {
	uint16_t n;
	struct {
		struct ipaddr addr;
		char ifname[IF_NAMESIZE];	/* it belongs to; "" = not known */
	} server[POLICY_UPSTREAMS];
};

struct hostdns;

struct hostdns_ops {
	const char *name;
	void (*close)(struct hostdns *h);
	/*
	 * The host's own servers, never ours, never loopback. Works while we
	 * are pointed at, too. -ENOENT if there is none that can be used.
	 */
	int (*read)(struct hostdns *h, struct hostdns_servers *s,
		    struct why *why);
	/* The host asks these loopback addresses from now on. Idempotent. */
	int (*point)(struct hostdns *h, const struct ipaddr *listen,
		     unsigned int n, struct why *why);
	/* What was there before, unless somebody else has changed it since.
	 * 0 also when there was nothing to put back. */
	int (*restore)(struct hostdns *h, struct why *why);
	bool (*pointed)(const struct hostdns *h);
	/*
	 * While we are pointed at, whenever the watch tells, and every second
	 * after a failure or where `ticks`: 1 if somebody else had changed
	 * that. Theirs is what comes back then, and the host asks us again.
	 * NULL: this one does not look.
	 */
	int (*look)(struct hostdns *h, struct why *why);
	bool ticks;
	/* Who is told of changes by a descriptor, and not by files: readable,
	 * drain and look. NULL: by files. */
	int (*fd)(const struct hostdns *h);
	void (*drain)(struct hostdns *h);
	/* Not 0: in bypass its questions could not be led into the device.
	 * NULL: they can. */
	int (*led)(struct hostdns *h, struct why *why);
};

struct filewatch;

struct hostdns {
	const struct hostdns_ops *ops;
	/* Whoever opens gives one, or NULL; what was read last is watched. */
	struct filewatch *watch;
};

/* Chooses by c->hostdns. */
NODISCARD int hostdns_open(struct hostdns **h, const struct conf *c,
			   struct why *why);
/*
 * With hostdns = auto: whose the settings are may have changed since. Then
 * the old backend puts back what is of its making, and *h is the new one.
 */
void hostdns_choose_again(struct hostdns **h, const struct conf *c);

/* The bus or who is asked there is not there, and may yet come. */
bool hostdns_is_absence(int error);

/* The backends. */
NODISCARD int hostdns_file_open(struct hostdns **h, const struct conf *c,
				struct why *why);
NODISCARD int hostdns_networkmanager_open(struct hostdns **h,
					  const struct conf *c,
					  struct why *why);
/* Does it write resolv.conf, by its own word? */
bool hostdns_networkmanager_writes(void);
NODISCARD int hostdns_none_open(struct hostdns **h, const struct conf *c,
				struct why *why);
NODISCARD int hostdns_resolved_open(struct hostdns **h, const struct conf *c,
				    struct why *why);

/* -EOPNOTSUPP where it is not macOS. */
NODISCARD int hostdns_scdynamic_open(struct hostdns **h, const struct conf *c,
				     struct why *why);
NODISCARD int hostdns_resolvconf_open(struct hostdns **h, const struct conf *c,
				      struct why *why);

#endif /* HOSTDNS_H */
