/* SPDX-License-Identifier: ISC */
/*
 * capport.h - the captive portal API of the network we are in (RFC 8908, 8910)
 *
 * Its URL is shown, so that a desktop can open a window to sign in; with
 * allow { portal-api } its host may be asked for while the door is open, as
 * long as this network lasts. We never fetch it.
 */
#ifndef CAPPORT_H
#define CAPPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "capurl.h"
#include "lease.h"
#include "shared/policy.h"

struct daemon;
struct event;
struct filewatch;

struct capport {
	/* The last router's word, of whatever interface; RFC 8910, 2.3. */
	struct {
		unsigned int ifindex;
		uint64_t at;		/* boot time, ns; 0 = none */
		struct lease lease;
	} advert;
	struct lease seen;		/* what was looked at last; len 0: nothing */
	struct capurl url;		/* text "": there is none that is good */
	const char *wrong;		/* with what was seen, or NULL */
	struct filewatch *watch;	/* of the files it is read from, or NULL */
	struct event *event;
	bool due;			/* to be looked for within a second */
};

/* Without a watch it is looked for every second, while the door is open. */
void capport_watch(struct daemon *d);
void capport_unwatch(struct daemon *d);
bool capport_restless(const struct daemon *d);
/* A router has said so. */
void capport_advert(struct daemon *d, unsigned int ifindex, const char *url,
		    size_t len);
/* Looks for it. True: whose name we let through is another one. */
bool capport_look(struct daemon *d);
/* Another network: what was told by the one before counts no more. */
void capport_forget(struct daemon *d);
/* The host's name, behind the others, if it may be asked for. */
void capport_name(const struct daemon *d, struct policy *p);
/* The door has places for TLS alone; a guest's has not. */
bool capport_wanted(const struct daemon *d);
/* For answer.c: not one of the names that are always the door's. */
bool capport_tls_only(void *context, const uint8_t *name, size_t len);
/* NULL: none, or none that is wanted. */
const struct capurl *capport_open(const struct daemon *d);

#endif /* CAPPORT_H */
