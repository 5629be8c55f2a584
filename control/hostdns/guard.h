/* SPDX-License-Identifier: ISC */
/*
 * guard.h - how often somebody else may be set right
 *
 * A fight with one who sets the host's DNS back each time is not ours to win:
 * a few times at once, then a few times a minute; in between it is told.
 */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>

#include "pace.h"

struct guard {
	struct pace pace;
};

/* True: now, and it is counted. */
bool guard_may(struct guard *g);

#endif /* GUARD_H */
