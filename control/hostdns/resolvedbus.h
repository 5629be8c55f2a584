/* SPDX-License-Identifier: ISC */
/*
 * resolvedbus.h - systemd-resolved, over the system bus
 *
 * A call waits 1 s at most, and all calls since resolvedbus_begin() 3 s. Nobody
 * is started by the bus for our sake. What was lost is connected to again by
 * the next begin.
 */
#ifndef RESOLVEDBUS_H
#define RESOLVEDBUS_H

#include <jansson.h>

#include "compat.h"
#include "why.h"

struct resolvedbus;

/* -EOPNOTSUPP where this is not built in. Does not connect yet. */
NODISCARD int resolvedbus_open(struct resolvedbus **b, struct why *why);
void resolvedbus_close(struct resolvedbus *b);

/* Is it there? To be called before the others. */
NODISCARD int resolvedbus_begin(struct resolvedbus *b, struct why *why);
/* Which resolved this is, counted since the opening; 0: none yet. */
unsigned int resolvedbus_generation(const struct resolvedbus *b);

/* A new reference: a list as resolvedlink.h has it, checked. */
NODISCARD int resolvedbus_links(struct resolvedbus *b, json_t **links,
				struct why *why);

/* Sets what link has under key; -ENODEV if there is no such link any more. */
NODISCARD int resolvedbus_set(struct resolvedbus *b, const json_t *link,
			      const char *key, struct why *why);

/* What it remembers of answers and of servers was learnt elsewhere. */
NODISCARD int resolvedbus_flush(struct resolvedbus *b, struct why *why);

#endif /* RESOLVEDBUS_H */
