/* SPDX-License-Identifier: ISC */
/*
 * pfclaim.h - what we hold of pf, and give back: that it is on, and our calls
 * in the main ruleset
 *
 * It is written down in the run directory before it counts, so that a daemon
 * that comes back after a crash neither holds it twice nor for ever.
 */
#ifndef PFCLAIM_H
#define PFCLAIM_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "firewall/pfsys.h"
#include "why.h"

struct pfclaim {
	char dir[PATH_MAX];
	uint64_t token;		/* macOS; 0 = none */
	bool started;		/* FreeBSD: it was off before */
	bool lost;		/* ... and was off again since it was held */
	bool hooked, scrubbed;	/* the calls are ours, not an administrator's */
};

/* What a daemon before us held; nothing, if it cannot be read. */
void pfclaim_open(struct pfclaim *c, const char *dir);
NODISCARD int pfclaim_save(const struct pfclaim *c, struct why *why);

/* pf is on, and stays on under others. */
NODISCARD int pfclaim_hold(struct pfclaim *c, const struct pfdev *dev,
			   struct why *why);
/* 1: it was on all the time; 0: somebody has switched it off. -errno. */
NODISCARD int pfclaim_held(struct pfclaim *c, const struct pfdev *dev);
/* others: pf has rules that are not ours, so that it is not ours to stop. */
NODISCARD int pfclaim_release(struct pfclaim *c, const struct pfdev *dev,
			      bool others, struct why *why);

#endif /* PFCLAIM_H */
