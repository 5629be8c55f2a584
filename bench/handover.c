/* SPDX-License-Identifier: ISC */
/*
 * What does it cost to hand a record to the other process and have an answer,
 * and what is the best way to wait for it? Rings and eventfds as between
 * datapath and control; the rows take turns. A row's value is the median round
 * trip of a round. Who spins waits awake for so long and sleeps then, and is
 * woken only when it does. Read the ratios: above 1 is dearer than the first
 * row, both asleep on one CPU. Records come 100 us apart, so the last row has
 * both CPUs busy all the time.
 *
 *   bench_handover [TSV]
 */
#include <err.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "measure.h"
#include "shared/arena.h"

enum {
	RECORDS = 64, TRIPS = 200, ROUNDS = 41,
	PAUSE_NS = 100000,
};

static const struct way {
	const char *name;
	int far;		/* the other's CPU: 0, 1, or -1 = anywhere */
	uint64_t spin;		/* ns */
} ways[] = {
	{ "one CPU, asleep", 0, 0 },
	{ "two CPUs, asleep", 1, 0 },
	{ "anywhere, asleep", -1, 0 },
	{ "one CPU, spin 50 us", 0, 50000 },
	{ "two CPUs, spin 50 us", 1, 50000 },
	{ "two CPUs, spin 1 ms", 1, 1000000 },
};

/* One direction. */
struct lane {
	struct ring_count head, tail;
	_Atomic uint32_t asleep;
	unsigned char records[RECORDS * sizeof(struct grant)];
};

static struct shared {
	struct lane there, back;
	_Atomic uint32_t way;
} *shared;

static int kick_there, kick_back;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static struct ring ring_of(struct lane *l)
{
	struct ring r;

	ring_init(&r, &l->head, &l->tail, l->records, sizeof(struct grant),
		  RECORDS);
	return r;
}

static void put(struct lane *l, struct ring *r, int kick, uint64_t spin)
{
	static const uint64_t one = 1;
	struct grant *g = ring_claim(r);

	memset(g, 0, sizeof(*g));
	ring_publish(r);
	atomic_thread_fence(memory_order_seq_cst);
	if (spin == 0 || atomic_load_explicit(&l->asleep, memory_order_relaxed))
		(void)!write(kick, &one, sizeof(one));
}

static void sleep_on(struct lane *l, struct ring *r, int kick)
{
	const void *record;
	uint64_t n;

	atomic_store_explicit(&l->asleep, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (ring_peek(r, &record) == 0)
		(void)!read(kick, &n, sizeof(n));
	atomic_store_explicit(&l->asleep, 0, memory_order_relaxed);
}

static void take(struct lane *l, struct ring *r, int kick, uint64_t spin)
{
	uint64_t until = spin == 0 ? 0 : now() + spin;
	const void *record;

	while (ring_peek(r, &record) == 0)
		if (spin == 0 || now() > until)
			sleep_on(l, r, kick);
	ring_release(r);
}

static void serve(void)
{
	struct ring there = ring_of(&shared->there);
	struct ring back = ring_of(&shared->back);

	for (;;) {
		take(&shared->there, &there, kick_there,
		     ways[shared->way].spin);
		put(&shared->back, &back, kick_back, ways[shared->way].spin);
	}
}

static void place(pid_t pid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int i = 0; i < 2; i++)
		if (cpu < 0 || cpu == i)
			CPU_SET((size_t)i, &set);
	if (sched_setaffinity(pid, sizeof(set), &set) < 0)
		err(1, "sched_setaffinity");
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double round_trips(pid_t peer, uint32_t way)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	struct ring there = ring_of(&shared->there);
	struct ring back = ring_of(&shared->back);
	uint64_t spin = ways[way].spin;
	double us[TRIPS];

	shared->way = way;
	place(0, ways[way].far < 0 ? -1 : 0);
	place(peer, ways[way].far);
	for (int i = 0; i < TRIPS; i++) {
		uint64_t start;

		/* As questions come: not one upon the other. */
		nanosleep(&pause, NULL);
		start = now();
		put(&shared->there, &there, kick_there, spin);
		take(&shared->back, &back, kick_back, spin);
		us[i] = (double)(now() - start) / 1e3;
	}
	qsort(us, TRIPS, sizeof(us[0]), by_value);
	return us[TRIPS / 2];
}

int main(int argc, char **argv)
{
	struct measure m = { .bench = "handover", .unit = "us" };
	unsigned int rounds = measure_times(ROUNDS, 3);
	FILE *tsv = measure_tsv(argc > 1 ? argv[1] : NULL);
	pid_t peer;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		errx(77, "skipped: needs two CPUs");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	kick_there = eventfd(0, EFD_CLOEXEC);
	kick_back = eventfd(0, EFD_CLOEXEC);
	if (shared == MAP_FAILED || kick_there < 0 || kick_back < 0)
		err(1, "no shared memory");
	peer = fork();
	if (peer == 0)
		serve();
	if (peer < 0)
		err(1, "fork");
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		measure_row(&m, ways[i].name);
	for (unsigned int round = 0; round < rounds; round++)
		for (uint32_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
			measure_add(&m, i, round_trips(peer, i));
	measure_print(&m, ways[0].name, stdout, tsv);
	kill(peer, SIGKILL);
	waitpid(peer, NULL, 0);
	if (tsv != NULL)
		fclose(tsv);
}
