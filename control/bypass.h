/* SPDX-License-Identifier: ISC */
/*
 * bypass.h - what the datapath below the firewall needs of control
 *
 * A device that the host's DNS is led into (os/steer.h), and for each
 * upstream the link it is on and the way to it.
 */
#ifndef BYPASS_H
#define BYPASS_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "datapath.h"
#include "why.h"

struct daemon;
struct judge;
struct policy_upstream;
struct steer;

struct bypass_links {
	unsigned int n;
	struct datapath_link link[POLICY_UPSTREAMS];
};

struct bypass {
	bool on;		/* in force, or with the next datapath */
	bool frail;		/* no datapath outlives a sleep */
	struct why instead;	/* of the socket, with datapath = auto; or "" */
	struct bypass_links links;	/* that the datapath has */
	uint8_t xdp;		/* bit i: links.link[i]'s driver hands it answers */
	struct why no_xdp;	/* why one does not; or "" */
	struct steer *steer;	/* its device; NULL = none */
	bool steered;		/* the host's DNS goes there */
	bool doubt;		/* to be looked at, at the next tick */
	uint64_t looked;	/* boot time, ns */
	uint64_t repairs;	/* since start */
};

/* Before a datapath starts: its device, and the links it may send on. */
NODISCARD int bypass_prepare(struct daemon *d, struct datapath_setup *setup,
			     struct why *why);
/* What the started one says of AF_XDP. */
void bypass_started(struct daemon *d, const struct datapath_report *r);
/* No datapath follows: the device goes, too. */
void bypass_close(struct daemon *d);

/* The host's DNS goes into the device, or where it went before. */
NODISCARD int bypass_steer(struct daemon *d, struct why *why);
NODISCARD int bypass_unsteer(struct daemon *d, struct why *why);
/* Somebody may have changed that: looks, and puts it right; at most once a
 * second, and otherwise at the next tick. */
void bypass_look(struct daemon *d);
bool bypass_restless(const struct daemon *d);
void bypass_tick(struct daemon *d);

/* Has somebody removed the device? Its datapath cannot go on then. */
bool bypass_lost(const struct daemon *d);
/* Does an upstream need a link that the running datapath does not have? Or has
 * the datapath, of whatever kind, lost its sockets in a sleep? */
bool bypass_moved(const struct daemon *d);
/* Adds the way to an upstream whose address and interface are set. */
void bypass_path(struct policy_upstream *u);
/* The device's own addresses are nobody else's. */
void bypass_judge(struct judge *j);

#endif /* BYPASS_H */
