/* SPDX-License-Identifier: ISC */
/*
 * uplink.h - follows the network underneath
 */
#ifndef UPLINK_H
#define UPLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "pace.h"
#include "why.h"

struct daemon;
struct event;

/* What has changed and is yet to be followed. */
struct uplink_pending {
	const char *moved;	/* to another network, and why; NULL = not */
	struct pace pace;
	struct event *event;	/* the turn that is waited for */
	unsigned int tries;	/* of resolving the names anew, in this epoch */
	uint64_t again;		/* boot time, ns, of the next one */
	bool unready;		/* ... which waits for the network */
	uint64_t settled;	/* boot time, ns: no longer in a hurry */
	uint64_t deferred;	/* since start */
};

NODISCARD int uplink_open(struct daemon *d, struct why *why);
void uplink_close(struct daemon *d);
/* Reads the upstreams anew. 1 if they are others than before. */
NODISCARD int uplink_servers(struct daemon *d, struct why *why);
/* Could a question leave for one of them: is there an address to ask from? */
bool uplink_ready(struct daemon *d);
/* The machine has slept: nothing learnt or opened before it counts. */
void uplink_woke(struct daemon *d);
/* The network's portal may have told its URL since: looks, while active. */
void uplink_portal(struct daemon *d);
/* The door has opened: for a while records are handed over in a hurry, and
 * with nothing open the names are tried again. */
void uplink_begun(struct daemon *d);
/* When the next line has something to do: boot time, ns. */
uint64_t uplink_due(const struct daemon *d);
void uplink_tick(struct daemon *d);
/* Why it is another network: the link of the old one is gone. */
extern const char UPLINK_DOWN[];
/*
 * The network may be another one: looks, and does what that takes, soon if
 * there is much of it. moved: it is, and why; NULL = perhaps.
 */
void uplink_look(struct daemon *d, const char *moved);
/* The host's settings were written, by us or others: looks if they name other
 * servers than those we know. */
void uplink_settings(struct daemon *d);

#endif /* UPLINK_H */
