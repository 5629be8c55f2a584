/* SPDX-License-Identifier: ISC */
/*
 * latency.h - percentiles of durations, in bounded memory
 *
 * The first thousands are kept as they are. With more, durations count in
 * buckets, 64 to a power of two, so that a percentile is right to 1.6 %; the
 * smallest and the largest are exact.
 */
#ifndef LATENCY_H
#define LATENCY_H

#include <stdint.h>

enum { LATENCY_FINE = 64, LATENCY_BUCKETS = LATENCY_FINE * 60 };
enum { LATENCY_EXACT = 4096 };

struct latency {
	uint64_t n, min, max;		/* ns */
	uint64_t bucket[LATENCY_BUCKETS];
	uint64_t exact[LATENCY_EXACT];
};

void latency_init(struct latency *l);
void latency_add(struct latency *l, uint64_t ns);
/* percent: 0..100. 0 if nothing was added. */
uint64_t latency_percentile(struct latency *l, unsigned int percent);

#endif /* LATENCY_H */
