/* SPDX-License-Identifier: ISC */
/*
 * door.h - the door of a dry run
 *
 * Grants go through the same ring and the same control/answer.c as in the
 * daemon, but both sides of the arena are this process, and the firewall is
 * the one that only remembers (fw_memory). What it is told is kept for
 * people. Time is clock_dry.
 */
#ifndef DOOR_H
#define DOOR_H

#include <stdint.h>

#include "answer.h"
#include "compat.h"
#include "conf.h"
#include "firewall/fw.h"
#include "shared/arena.h"
#include "why.h"

/* What the firewall was told since door_grant() was called. */
struct door_told {
	unsigned int n;
	struct fw_element element[ALLOW_PER_NAME];
};

struct door {
	struct policy policy;
	struct arena arena;
	struct ring grants, acks;	/* the datapath's side */
	struct answer answer;
	struct fw_ruleset ruleset;
	struct door_told told;
	uint32_t id;			/* of the last grant */
};

/* One at a time. The policy is that of a machine that is blocked; own
 * addresses and nets are for the caller to add before door_restart(). */
NODISCARD int door_open(struct door *d, const struct conf *c, struct why *why);
void door_close(struct door *d);

/* Everything is shut, and a new episode begins. */
void door_restart(struct door *d);

/*
 * Opens all addresses of g for its lifetime, or none: 0 or -errno. Id, epoch
 * and deadline of *g are set here.
 */
NODISCARD int door_grant(struct door *d, struct grant *g);

#endif /* DOOR_H */
