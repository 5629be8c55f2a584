/* SPDX-License-Identifier: ISC */
/*
 * follow.h - follows the tunnel's interface, and says its state by itself
 *
 * following.h has the states. It looks when links, addresses or routes change,
 * at a wake, when a handshake may be due or gets too old; idle, at nothing.
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <stdbool.h>

#include "compat.h"
#include "following.h"
#include "os/tunlink.h"
#include "uapi.h"
#include "why.h"

struct daemon;
struct event;

struct follow {
	struct following memory;
	struct tunlink link;		/* as last seen */
	uint32_t program;		/* ifindex of a WireGuard that is one */
	struct wgdevice device;
	struct event *timer;		/* the next look */
	struct event *answer;		/* of a program that is asked */
	int fd;				/* ... while it is, */
	uint64_t until;			/* and until when: boot time, ns */
	struct uapi uapi;
	bool heard;			/* something happened: a look is due */
	bool again;			/* something happened meanwhile */
	struct why problem;		/* with the last look; "" = none */
};

/* tunnel.follow is on, and no front-end has the word. */
bool follow_on(const struct daemon *d);
bool follow_wireguard(const struct follow *f);
/* Could it be about the tunnel? "" is an interface that is gone. */
bool follow_concerns(const struct daemon *d, const char *ifname);
/* Something has happened to it, perhaps. */
void follow_look(struct daemon *d);
/* Another interface, perhaps: what was seen counts for nothing. */
void follow_anew(struct daemon *d);
/* A front-end gives the word back. -EINVAL: tunnel.follow is off. */
NODISCARD int follow_resume(struct daemon *d, struct why *why);
void follow_close(struct daemon *d);

#endif /* FOLLOW_H */
