/* SPDX-License-Identifier: ISC */
/*
 * One writer, two readers on the allow table; about two seconds. All addresses
 * share one window, so entries change hands all the time, and the versions
 * wrap. Expiries are unique to (address, epoch), so that a reader can tell:
 *
 *  - an expiry that belongs to another address: torn entry;
 *  - one of an epoch older than the one that was seen before the look-up:
 *    an address of an older epoch read as open;
 *  - one of an epoch that was not yet: read from the future;
 *  - an address that is never removed and sits in a quiet window must be
 *    open whenever the epoch stood still. For TSan.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "shared/allow.h"

enum { READERS = 2, CROWD = 12, TURNS = 400, SEED = 7, NOW = 1 };

static struct allow table, probe;
static struct ipaddr crowd[CROWD];	/* of one window */
static struct ipaddr steady;		/* alone in another */
static atomic_bool stop;
static _Atomic uint32_t epoch_set;	/* stored after the table's epoch */
static _Atomic uint32_t steady_in;	/* the epoch steady was opened in */

static void fail(const char *what, uint64_t expiry)
{
	fprintf(stderr, "stress_allow: %s: %llx\n", what,
		(unsigned long long)expiry);
	exit(1);
}

/* Bits 63..32 epoch, 31..16 who, 15..0 anything. */
static uint64_t expiry_of(uint32_t epoch, uint32_t who, uint32_t any)
{
	return (uint64_t)epoch << 32 | (uint64_t)(who + 1) << 16 |
	       (any & 0xffff);
}

static struct ipaddr nth(uint32_t n)
{
	uint8_t b[4] = { 198, (uint8_t)(n >> 16), (uint8_t)(n >> 8),
			 (uint8_t)n };

	return ipaddr_v4(b);
}

static size_t home(const struct ipaddr *a)
{
	size_t i = 0;

	allow_init(&probe, SEED);
	allow_set_epoch(&probe, 1);
	if (allow_insert(&probe, a, 1, 0) != 0)
		abort();
	while (probe.entries[i].tag == 0)
		i++;
	return i;
}

static void choose_addresses(void)
{
	int n = 0;

	for (uint32_t i = 0; n < CROWD; i++) {
		struct ipaddr a = nth(i);
		size_t at = home(&a);

		if (at == 0)
			crowd[n++] = a;
		else if (at == ALLOW_SLOTS / 2)
			steady = a;
	}
}

/* Returns 1 if the address was open. */
static uint32_t read_crowd(uint32_t who)
{
	uint32_t before = atomic_load_explicit(&epoch_set,
					       memory_order_acquire);
	uint64_t expiry = allow_lookup(&table, &crowd[who], NOW);
	uint32_t after;

	if (expiry == 0)
		return 0;
	if ((expiry >> 16 & 0xffff) != who + 1)
		fail("expiry of another address", expiry);
	if ((int32_t)((uint32_t)(expiry >> 32) - before) < 0)
		fail("open from an older epoch", expiry);
	after = __atomic_load_n(&table.epoch, __ATOMIC_ACQUIRE);
	if (after != 0 && (int32_t)(after - (uint32_t)(expiry >> 32)) < 0)
		fail("from an epoch that was not yet", expiry);
	return 1;
}

static void read_steady(void)
{
	uint32_t in = atomic_load_explicit(&steady_in, memory_order_acquire);
	uint64_t expiry = allow_lookup(&table, &steady, NOW);
	uint32_t after = __atomic_load_n(&table.epoch, __ATOMIC_ACQUIRE);

	if (in == 0 || after != in)
		return;
	if (expiry >> 32 != in)
		fail("steady address read as closed", expiry);
}

static void *read_all(void *hits)
{
	uint32_t n = 0, rounds = 0;

	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		for (uint32_t who = 0; who < CROWD; who++)
			n += read_crowd(who);
		read_steady();
		if (++rounds % 64 == 0)
			sched_yield();
	}
	*(uint32_t *)hits = n;
	return NULL;
}

static void insert(const struct ipaddr *a, uint64_t expiry)
{
	/* A full window is part of the game. */
	if (allow_insert(&table, a, expiry, NOW) == -EINVAL)
		fail("insert", expiry);
}

/*
 * One epoch. The window holds ALLOW_PROBES addresses at any time; each turn
 * one is removed or expires and another takes its entry, and a third one's
 * expiry is moved.
 */
static void churn(uint32_t epoch)
{
	allow_set_epoch(&table, epoch);
	atomic_store_explicit(&epoch_set, epoch, memory_order_release);
	insert(&steady, expiry_of(epoch, CROWD, 0));
	atomic_store_explicit(&steady_in, epoch, memory_order_release);
	for (uint32_t i = 0; i < TURNS; i++) {
		uint32_t out = i % CROWD, in = (i + ALLOW_PROBES) % CROWD,
			 stay = (i + 3) % CROWD;

		if (i % 2 == 0)
			allow_remove(&table, &crowd[out]);
		else
			insert(&crowd[out], NOW);	/* has expired */
		insert(&crowd[in], expiry_of(epoch, in, i));
		insert(&crowd[stay], expiry_of(epoch, stay, i));
		insert(&steady, expiry_of(epoch, CROWD, i));
	}
	atomic_store_explicit(&steady_in, 0, memory_order_relaxed);
	if (epoch % 8 == 0)
		allow_set_epoch(&table, 0);
}

static bool later_than(const struct timespec *start, time_t seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - start->tv_sec >= seconds;
}

int main(void)
{
	pthread_t t[READERS];
	uint32_t hits[READERS], epoch = 0;
	struct timespec start;

	choose_addresses();
	allow_init(&table, SEED);
	for (size_t i = 0; i < ALLOW_ENTRIES; i++)
		table.entries[i].tag = UINT32_MAX - 1000;
	for (int i = 0; i < READERS; i++)
		if (pthread_create(&t[i], NULL, read_all, &hits[i]) != 0)
			return 1;
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (!later_than(&start, 2))
		churn(++epoch);
	atomic_store_explicit(&stop, true, memory_order_relaxed);
	for (int i = 0; i < READERS; i++)
		pthread_join(t[i], NULL);
	printf("stress_allow: %u epochs, %u and %u hits\n", epoch, hits[0],
	       hits[1]);
	return epoch > 10 && hits[0] > 1000 && hits[1] > 1000 ? 0 : 1;
}
