/* SPDX-License-Identifier: ISC */
/*
 * allow.h - the allow table: which addresses are open, and until when
 *
 * One writer (control), any number of wait-free readers in other processes
 * and in the kernel, for which bpf/kshared.h has the layout. The table lives
 * in memory that the caller provides and that only the writer can write.
 *
 * Times are nanoseconds of CLOCK_BOOTTIME, so entries expire during sleep.
 */
#ifndef ALLOW_H
#define ALLOW_H

#include <stdint.h>

#include "bpf/kshared.h"
#include "compat.h"
#include "ipaddr.h"

/* Control: an empty, shut table. seed is random. */
void allow_init(struct allow *t, uint64_t seed);

/*
 * Control: all that is in the table is closed from here on, and what is
 * inserted next belongs to epoch. 0 shuts. Epochs only grow.
 */
void allow_set_epoch(struct allow *t, uint32_t epoch);

/*
 * Control: opens a until expiry, or moves its expiry (either way).
 * -ENOSPC when the window of ALLOW_PROBES is full of live entries: nothing is
 * evicted. -EINVAL while shut.
 */
NODISCARD int allow_insert(struct allow *t, const struct ipaddr *a,
			   uint64_t expiry, uint64_t now);

/* Control: closes a, if it is there. */
void allow_remove(struct allow *t, const struct ipaddr *a);

/*
 * Control: what is open at now, at most max addresses of it; how many. Also
 * what somebody else has written into the table.
 */
unsigned int allow_list(const struct allow *t, uint64_t now, struct ipaddr *a,
			unsigned int max);

/*
 * Any reader, wait-free: a's expiry if it is open at now, else 0. The answer
 * was true at some instant during the call.
 */
uint64_t allow_lookup(const struct allow *t, const struct ipaddr *a,
		      uint64_t now);

#endif /* ALLOW_H */
