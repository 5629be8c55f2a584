/* SPDX-License-Identifier: ISC */
#include "latency.h"

#include <stdlib.h>
#include <string.h>

void latency_init(struct latency *l)
{
	l->n = l->min = l->max = 0;
	memset(l->bucket, 0, sizeof(l->bucket));
}

/* Exact below 64; above, by the power of two and the six bits behind it. */
static unsigned int bucket_of(uint64_t ns)
{
	unsigned int power;

	if (ns < LATENCY_FINE)
		return (unsigned int)ns;
	power = 63u - (unsigned int)__builtin_clzll(ns);
	return (power - 5) * LATENCY_FINE +
	       (unsigned int)(ns >> (power - 6)) % LATENCY_FINE;
}

/* The smallest duration in a bucket. */
static uint64_t floor_of(unsigned int bucket)
{
	unsigned int power = bucket / LATENCY_FINE + 5;

	if (bucket < LATENCY_FINE)
		return bucket;
	return (uint64_t)(LATENCY_FINE + bucket % LATENCY_FINE) << (power - 6);
}

void latency_add(struct latency *l, uint64_t ns)
{
	if (l->n == 0 || ns < l->min)
		l->min = ns;
	if (ns > l->max)
		l->max = ns;
	if (l->n < LATENCY_EXACT)
		l->exact[l->n] = ns;
	l->n++;
	l->bucket[bucket_of(ns)]++;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The smallest duration of the bucket that holds the one of this rank. */
static uint64_t in_buckets(const struct latency *l, uint64_t rank)
{
	unsigned int i = 0;
	uint64_t ns;

	for (uint64_t seen = l->bucket[0]; seen < rank; seen += l->bucket[i])
		i++;
	ns = floor_of(i);
	return ns < l->min ? l->min : ns > l->max ? l->max : ns;
}

uint64_t latency_percentile(struct latency *l, unsigned int percent)
{
	/* The rank is rounded up, as in the nearest-rank method. */
	uint64_t rank = (l->n / 100) * percent +
			(l->n % 100 * percent + 99) / 100;

	if (l->n == 0)
		return 0;
	if (rank == 0)
		return l->min;
	if (l->n > LATENCY_EXACT)
		return in_buckets(l, rank);
	qsort(l->exact, l->n, sizeof(l->exact[0]), compare);
	return l->exact[rank - 1];
}
