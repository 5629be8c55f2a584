/* SPDX-License-Identifier: ISC */
/*
 * allow.h - the allow table: which addresses are open, and until when
 *
 * One writer (control), any number of wait-free readers in other processes
 * and, one day, in the kernel: fixed-width members only, no pointers, no
 * bitfields. The table lives in memory that the caller provides and that
 * only the writer can write.
 *
 * Times are nanoseconds of CLOCK_BOOTTIME, so entries expire during sleep.
 */
#ifndef ALLOW_H
#define ALLOW_H

#include <stdalign.h>
#include <stdint.h>

#include "compat.h"
#include "ipaddr.h"
#include "limits.h"

enum { ALLOW_PROBES = 8 };

struct allow_entry {
	uint64_t key_hi, key_lo;	/* the address's octets as they stand */
	uint64_t expiry;		/* boot time, ns; open while now < expiry */
	uint64_t tag;			/* epoch << 32 | version; 0 = being written */
};

struct allow {
	/* Written by control only. */
	alignas(CACHELINE) uint32_t epoch;	/* 0 = shut: nothing is open */
	uint32_t version;		/* fresh for every write of an entry */
	uint64_t seed;			/* of the hash, set once */
	alignas(CACHELINE) struct allow_entry entries[ALLOW_SLOTS];
};

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
 * Any reader, wait-free: a's expiry if it is open at now, else 0. The answer
 * was true at some instant during the call.
 */
uint64_t allow_lookup(const struct allow *t, const struct ipaddr *a,
		      uint64_t now);

#endif /* ALLOW_H */
