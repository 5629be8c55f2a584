/* SPDX-License-Identifier: ISC */
/*
 * bench_allow [TSV]
 * bench_allow count hit|miss	one look-up of each key and table, for callgrind
 *
 * What does it cost to ask whether an address is open? Our table against a
 * flat one that one process has for itself, and against tables that several
 * may read while one writes. Keys are random; of those that are asked for,
 * all are in the table (hit) or none is (miss), and each question waits for
 * the answer to the one before. Under the writer half of the keys are for
 * ever replaced by others, those that are not asked for, at one and the same
 * pace in every table: left alone, each would write as fast as it can, which
 * is 20 times faster in one than in the other.
 *
 * Read the ratios: to the flat table, and the last lines, to itself.
 */
#include <err.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/measure.h"
#include "bench/tables.h"
#include "clock.h"
#include "limits.h"

enum {
	ROUNDS = 31,
	ASKED = 1 << 15,	/* questions in a sample */
	PAUSE = 64,		/* ... between which a reader holds nothing */
	NOW = 1,
	PACE_NS = 5000,		/* between two writes */
	OUT = 2,		/* keys out at a time */
};

static struct ipaddr all[TABLES_MAX], asked[ASKED];
static size_t n_in, n_all;

/* ---- keys: a number's bits turned over, so no two are the same */

static uint64_t scatter(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static uint32_t scatter32(uint32_t x)
{
	x = (x ^ x >> 16) * 0x85ebca6bu;
	x = (x ^ x >> 13) * 0xc2b2ae35u;
	return x ^ x >> 16;
}

static struct ipaddr key(bool v4, uint32_t i)
{
	uint64_t half[2] = { scatter(i), scatter(i + ((uint64_t)1 << 32)) };
	uint32_t word = scatter32(i);
	uint8_t octets[16];

	if (v4) {
		memcpy(octets, &word, sizeof(word));
		return ipaddr_v4(octets);
	}
	memcpy(octets, half, sizeof(half));
	octets[0] = 0x20;
	return ipaddr_v6(octets);
}

/* n are in the table, half as many may come; asked for is what stays. */
static void choose(bool v4, bool hit, size_t n)
{
	uint32_t next = 1;

	n_in = n;
	n_all = n + n / 2;
	tables_start();
	for (size_t i = 0; i < n_all; next++) {
		all[i] = key(v4, next);
		if (i >= n || tables_takes(&all[i]))
			i++;
	}
	for (uint32_t i = 0; i < ASKED; i++)
		asked[i] = hit ? all[scatter(i) % (n / 2)] :
				 key(v4, next + i);
}

/* ---- the reader */

static double read_all(const struct table *t, bool hit)
{
	size_t found = 0, at = 0;
	uint64_t begin;

	if (t->begin != NULL)
		t->begin();
	begin = clock_boot();
	for (size_t n = 1; n <= ASKED; n++) {
		uint64_t expiry = t->find(&asked[at], NOW);

		found += expiry != 0;
		/* Never set; but the next question cannot know. */
		at += 1 + (expiry >> 63);
		if (n % PAUSE == 0 && t->pause != NULL)
			t->pause();
	}
	begin = clock_boot() - begin;
	if (t->end != NULL)
		t->end();
	if (found != (hit ? ASKED : 0))
		errx(1, "%s: %zu of %d found", t->name, found, ASKED);
	return (double)begin / ASKED;
}

/* ---- the writer, on the other CPU */

static struct {
	_Atomic(const struct table *) wanted, served;
	atomic_bool over;
	uint64_t writes, ns;	/* of the last one served */
} writer;

/* The k-th write: what may go is a ring of n_in keys, half of it in. */
static void write_one(const struct table *t, uint64_t k)
{
	size_t half = n_in / 2, ring = n_all - half;

	if (k % 2 == 0)
		t->drop(half + k / 2 % ring);
	else
		t->put(half + (k / 2 + half) % ring);
}

static void write_until_told(const struct table *t)
{
	uint64_t start = clock_boot(), due = start, k = 0;

	atomic_store(&writer.served, t);
	while (atomic_load(&writer.wanted) == t) {
		uint64_t now = clock_boot();

		if (now < due)
			continue;
		due = now > due + PACE_NS ? now : due + PACE_NS;
		write_one(t, k++);
	}
	writer.writes = k;
	writer.ns = clock_boot() - start;
}

static void *write_all(void *unused)
{
	cpu_set_t second;

	CPU_ZERO(&second);
	CPU_SET(1, &second);
	(void)sched_setaffinity(0, sizeof(second), &second);
	tables_join();
	while (!atomic_load(&writer.over)) {
		const struct table *t = atomic_load(&writer.wanted);

		if (t != NULL)
			write_until_told(t);
		atomic_store(&writer.served, NULL);
	}
	tables_leave();
	return unused;
}

static double read_beside(const struct table *t, bool hit)
{
	double ns;

	t->open(all, n_in, n_all);
	atomic_store(&writer.wanted, t);
	while (atomic_load(&writer.served) != t)
		;
	ns = read_all(t, hit);
	atomic_store(&writer.wanted, NULL);
	while (atomic_load(&writer.served) != NULL)
		;
	return ns;
}
