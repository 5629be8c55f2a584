/* SPDX-License-Identifier: ISC */
/*
 * One publisher, two readers, a sequence that wraps; about two seconds. Every
 * octet of the n-th policy is n: a copy with two values in it is torn. Each
 * reader must see the sequence move forward only. For TSan.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shared/policy.h"

enum { READERS = 2 };

#define START (UINT32_MAX - 101)	/* even: nothing is being written */

static struct policy_cell cell = { .seq = START };
static atomic_bool stop;

static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "stress_policy: %s\n", what);
	exit(1);
}

/* The octet that all of p is made of. */
static uint8_t octet_of(const struct policy *p)
{
	const uint8_t *b = (const uint8_t *)p;

	expect(memcmp(b, b + 1, sizeof(*p) - 1) == 0, "torn copy");
	return b[0];
}

static void *read_all(void *count)
{
	uint32_t seen = START, fetched = 0;
	struct policy p;

	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		uint32_t before = seen;

		if (!policy_fetch(&cell, &seen, &p)) {
			sched_yield();
			continue;
		}
		expect(seen - before < UINT32_MAX / 2, "sequence went back");
		expect(octet_of(&p) == (uint8_t)((seen - START) / 2),
		       "another publication than seen says");
		fetched++;
	}
	*(uint32_t *)count = fetched;
	return NULL;
}

static bool later_than(const struct timespec *start, time_t seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - start->tv_sec >= seconds;
}

static uint32_t publish_for(time_t seconds)
{
	struct timespec start;
	struct policy p;
	uint32_t n = 0;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (!later_than(&start, seconds)) {
		memset(&p, (uint8_t)++n, sizeof(p));
		policy_publish(&cell, &p);
		/* Bursts, so that readers are overtaken, and pauses. */
		if (n % 8 == 0)
			sched_yield();
	}
	return n;
}

int main(void)
{
	pthread_t t[READERS];
	uint32_t fetched[READERS], published;

	for (int i = 0; i < READERS; i++)
		if (pthread_create(&t[i], NULL, read_all, &fetched[i]) != 0)
			return 1;
	published = publish_for(2);
	atomic_store_explicit(&stop, true, memory_order_relaxed);
	for (int i = 0; i < READERS; i++)
		pthread_join(t[i], NULL);
	printf("stress_policy: %u published, %u and %u fetched\n", published,
	       fetched[0], fetched[1]);
	return published > 200 && fetched[0] > 0 && fetched[1] > 0 ? 0 : 1;
}
