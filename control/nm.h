/* SPDX-License-Identifier: ISC */
/*
 * nm.h - what NetworkManager makes of the network, told and noted
 *
 * Its own check, whose names are the door's: how that ends is the last event
 * of a reconnect. Nothing of ours depends on it.
 */
#ifndef NM_H
#define NM_H

#include <stdint.h>

#include "compat.h"
#include "os/nmwatch.h"

struct daemon;
struct event;

struct nm {
	struct nmwatch *watch;		/* NULL = not connected */
	struct event *event;
	struct nmwatch_state state;	/* as last told to subscribers */
	unsigned int failures;		/* to connect, in a row */
	uint64_t due;			/* boot time, ns: no attempt before */
};

/* What cannot be had is done without. */
void nm_open(struct daemon *d);
void nm_close(struct daemon *d);
/* The next attempt: boot time, ns; UINT64_MAX = none without a bus. */
uint64_t nm_due(const struct daemon *d);
void nm_tick(struct daemon *d);
/* The bus may have come. */
void nm_again(struct daemon *d);
/* It has told something anew. */
void nm_told(struct daemon *d, const struct nmwatch_state *now);

const char *nm_connectivity(const struct nmwatch_state *s);

#endif /* NM_H */
