/* SPDX-License-Identifier: ISC */
/*
 * random.h - the same numbers every time, for oracles
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t state;		/* any seed but 0 */
};

/* xorshift64* (Vigna, 2016). */
static inline uint32_t random_next(struct random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return (uint32_t)(r->state * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

/* 0..n-1 */
static inline uint32_t random_below(struct random *r, size_t n)
{
	return random_next(r) % (uint32_t)n;
}

static inline bool random_percent(struct random *r, unsigned int percent)
{
	return random_below(r, 100) < percent;
}

#endif /* RANDOM_H */
