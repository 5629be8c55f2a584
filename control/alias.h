/* SPDX-License-Identifier: ISC */
/*
 * alias.h - where to listen when port 53 of 127.0.0.1 is somebody else's
 *
 * On macOS mDNSResponder has it as soon as a connection is shared or a virtual
 * machine runs. Then an address of our own on lo0 (os/loalias.h) takes the
 * place of 127.0.0.1, until the resolver goes down; nothing is redirected, as
 * others tell pf to skip lo0.
 */
#ifndef ALIAS_H
#define ALIAS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/ipaddr.h"

struct daemon;
struct datapath_report;

struct alias {
	bool on;
	uint64_t repairs;	/* since start */
};

/* A datapath could not start, with error. True: it can be tried again, as the
 * address is there now that alias_for() tells. */
bool alias_take(struct daemon *d, const struct datapath_report *r, int error);
/* What is listened on in place of a. */
struct ipaddr alias_for(const struct daemon *d, const struct ipaddr *a);
/* Somebody may have taken it away: then it is put back. */
void alias_look(struct daemon *d);
void alias_drop(struct daemon *d);

#endif /* ALIAS_H */
