/* SPDX-License-Identifier: ISC */
/*
 * One producer, one consumer, a ring of 8 whose counts wrap; about two
 * seconds, or as long as the wrap takes. Each record carries its number in
 * every word. For TSan.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "shared/ring.h"

enum { COUNT = 8, WORDS = 16, RECORDS = 2000 };	/* RECORDS: past the wrap */

#define START (UINT32_MAX - 1000)

struct record {
	uint32_t words[WORDS];
};

static struct ring_count head = { START }, tail = { START };
static struct record records[COUNT];
static atomic_bool stop;

static struct ring handle(void)
{
	struct ring r;

	ring_init(&r, &head, &tail, records, sizeof(records[0]), COUNT);
	return r;
}

static void *produce(void *sum)
{
	struct ring r = handle();
	uint32_t n = 0;

	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		struct record *rec = ring_claim(&r);

		if (rec == NULL) {
			sched_yield();
			continue;
		}
		for (int i = 0; i < WORDS; i++)
			rec->words[i] = n;
		ring_publish(&r);
		n++;
	}
	*(uint32_t *)sum = n;
	return NULL;
}

static void check(const struct record *rec, uint32_t n)
{
	for (int i = 0; i < WORDS; i++)
		if (rec->words[i] != n) {
			fprintf(stderr, "stress_ring: %u in word %d of %u\n",
				rec->words[i], i, n);
			exit(1);
		}
}

static uint32_t drain(struct ring *r, uint32_t n)
{
	const void *rec;
	int got;

	while ((got = ring_peek(r, &rec)) == 1) {
		check(rec, n++);
		ring_release(r);
	}
	if (got < 0) {
		fprintf(stderr, "stress_ring: peek: %d\n", got);
		exit(1);
	}
	return n;
}

static bool later_than(const struct timespec *start, time_t seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - start->tv_sec >= seconds;
}

int main(void)
{
	struct ring r = handle();
	struct timespec start;
	uint32_t produced, n = 0;
	pthread_t t;

	clock_gettime(CLOCK_MONOTONIC, &start);
	if (pthread_create(&t, NULL, produce, &produced) != 0)
		return 1;
	while (!later_than(&start, 2) || n <= RECORDS) {
		n = drain(&r, n);
		sched_yield();
	}
	atomic_store_explicit(&stop, true, memory_order_relaxed);
	pthread_join(t, NULL);
	n = drain(&r, n);
	printf("stress_ring: %u records\n", n);
	return n == produced ? 0 : 1;
}
