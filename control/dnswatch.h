/* SPDX-License-Identifier: ISC */
/*
 * dnswatch.h - somebody changes the host's DNS settings while the door is open
 */
#ifndef DNSWATCH_H
#define DNSWATCH_H

#include "pace.h"

struct daemon;
struct event;
struct filewatch;

struct dnswatch {
	struct filewatch *file;	/* resolv.conf; NULL = not watched */
	struct event *event;
	struct event *turn;	/* looked at then */
	struct pace pace;
};

/* What cannot be watched is said, and looked at every second. */
void dnswatch_open(struct daemon *d);
void dnswatch_close(struct daemon *d);

#endif /* DNSWATCH_H */
