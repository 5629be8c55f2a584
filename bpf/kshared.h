/* SPDX-License-Identifier: ISC */
/*
 * kshared.h - what the kernel's programs and we both see: the allow table
 *
 * Fixed-width members, no pointers, no bitfields; it compiles for the kernel
 * as well. Who writes what and in which order is in datapath/shared/allow.c,
 * which door.bpf.c follows word by word.
 */
#ifndef KSHARED_H
#define KSHARED_H

#include <stdalign.h>
#include <stdint.h>

#include "compat.h"
#include "limits.h"

/* Behind the last slot's window there is one entry that stays a gap. */
enum { ALLOW_PROBES = 8, ALLOW_ENTRIES = ALLOW_SLOTS + ALLOW_PROBES };

struct allow_entry {
	uint64_t key_hi, key_lo;	/* the address's octets as they stand */
	uint64_t expiry;		/* boot time, ns; open while now < expiry */
	uint64_t tag;			/* epoch << 32 | version; 0: being written */
};

struct allow {
	/* Written by control only. */
	alignas(CACHELINE) uint32_t epoch;	/* 0 = shut: nothing is open */
	alignas(8) uint64_t seed;		/* of the hash, set once */
	alignas(CACHELINE) struct allow_entry entries[ALLOW_ENTRIES];
};

_Static_assert(sizeof(struct allow_entry) == 32, "four in a line");
_Static_assert(__builtin_offsetof(struct allow, entries) == CACHELINE,
	       "one header line");
_Static_assert(__builtin_offsetof(struct allow, seed) == 8, "beside it");
_Static_assert(sizeof(struct allow) == CACHELINE + 32 * ALLOW_ENTRIES,
	       "the same size for both");
_Static_assert((ALLOW_SLOTS & (ALLOW_SLOTS - 1)) == 0, "a power of two");

/*
 * The uppermost bits of a product depend on all bits of its factors, so they
 * are taken. The factors are those of MurmurHash3's finalizer.
 */
static inline uint64_t allow_hash(uint64_t seed, uint64_t hi, uint64_t lo)
{
	uint64_t hash = (hi ^ seed) * 0xff51afd7ed558ccdu +
			(lo ^ seed) * 0xc4ceb9fe1a85ec53u;

	return (hash ^ hash >> 32) * 0xff51afd7ed558ccdu;
}

/* The first entry of a key's window. */
static inline uint32_t allow_home(uint64_t seed, uint64_t hi, uint64_t lo)
{
	return (uint32_t)(allow_hash(seed, hi, lo) >>
			  (64 - __builtin_ctz(ALLOW_SLOTS)));
}

#endif /* KSHARED_H */
