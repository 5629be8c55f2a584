/* SPDX-License-Identifier: ISC */
/*
 * bench_ring [TSV]
 *
 * What does it cost to hand records to the other process and have an answer to
 * each, and what is the best way to wait for it? Rings, records and eventfds
 * as between datapath and control. Back to back; after 20 ms in which nothing
 * happened, which is how the first question behind a wake-up comes; and in
 * bursts that fill the ring, with one wake-up each way.
 *
 * Who spins waits awake for so long and sleeps then, and is woken only when it
 * does. Read the ratios: above 1 is dearer than the first row, both asleep on
 * one CPU (of bursts: above 1 is more). "Always" has both CPUs busy all the
 * time.
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
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/measure.h"
#include "clock.h"
#include "shared/arena.h"

enum {
	ROUNDS = 21,
	IDLE_NS = 20000000,
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
	{ "two CPUs, spin always", 1, UINT64_MAX / 2 },
};

static const struct question {
	const char *bench;
	uint64_t pause;		/* ns, before each */
	unsigned int burst;	/* records */
	unsigned int times;	/* a round */
} questions[] = {
	{ "ring back to back", 0, 1, 200 },
	{ "ring after 20 ms", IDLE_NS, 1, 15 },
	{ "ring bursts", 0, RING_GRANTS, 50 },
};

/* One direction. */
struct lane {
	struct ring_count head, tail;
	_Atomic uint32_t asleep;
	struct grant records[RING_GRANTS];
};

static struct shared {
	struct lane there, back;
	_Atomic uint32_t way;
} *shared;

static int kick_there, kick_back;

static struct ring ring_of(struct lane *l)
{
	struct ring r;

	ring_init(&r, &l->head, &l->tail, l->records, sizeof(l->records[0]),
		  RING_GRANTS);
	return r;
}

static void put(struct ring *r)
{
	struct grant *g = ring_claim(r);

	memset(g, 0, sizeof(*g));
	ring_publish(r);
}

/* Once for all that was put. */
static void wake(struct lane *l, int kick, uint64_t spin)
{
	static const uint64_t one = 1;

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

static void await(struct lane *l, struct ring *r, int kick, uint64_t spin)
{
	uint64_t until = spin == 0 ? 0 : clock_boot() + spin;
	const void *record;

	while (ring_peek(r, &record) == 0)
		if (spin == 0 || clock_boot() > until)
			sleep_on(l, r, kick);
}

static void serve(void)
{
	struct ring there = ring_of(&shared->there);
	struct ring back = ring_of(&shared->back);
	const void *record;

	for (;;) {
		await(&shared->there, &there, kick_there,
		      ways[shared->way].spin);
		while (ring_peek(&there, &record) != 0) {
			ring_release(&there);
			put(&back);
		}
		wake(&shared->back, kick_back, ways[shared->way].spin);
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

/* Until as many have come back, in ns. */
static double hand_over(unsigned int n, uint64_t spin)
{
	struct ring there = ring_of(&shared->there);
	struct ring back = ring_of(&shared->back);
	uint64_t begin = clock_boot();

	for (unsigned int i = 0; i < n; i++)
		put(&there);
	wake(&shared->there, kick_there, spin);
	for (; n > 0; n--) {
		await(&shared->back, &back, kick_back, spin);
		ring_release(&back);
	}
	return (double)(clock_boot() - begin);
}

static void measure_way(struct measure *m, const struct question *q,
			pid_t peer, uint32_t way)
{
	const struct timespec pause = { .tv_nsec = (long)q->pause };

	shared->way = way;
	place(0, ways[way].far < 0 ? -1 : 0);
	place(peer, ways[way].far);
	/* The peer has seen which way. */
	hand_over(1, 0);
	hand_over(1, 0);
	for (unsigned int n = measure_times(q->times, 2); n > 0; n--) {
		double ns;

		if (q->pause != 0)
			nanosleep(&pause, NULL);
		ns = hand_over(q->burst, ways[way].spin);
		measure_add(m, way, q->burst == 1 ? ns / 1e3 :
				    q->burst / ns * 1e6);
	}
}

static void ask(const struct question *q, pid_t peer, FILE *tsv)
{
	struct measure m = {
		.bench = q->bench, .more = q->burst > 1,
		.unit = q->burst > 1 ? "thousand records/s" : "us",
	};

	for (size_t i = 0; i < NITEMS(ways); i++)
		measure_row(&m, ways[i].name);
	for (unsigned int n = measure_times(ROUNDS, 2); n > 0; n--) {
		measure_round(&m);
		for (uint32_t i = 0; i < NITEMS(ways); i++)
			measure_way(&m, q, peer, i);
	}
	measure_print(&m, ways[0].name, stdout, tsv);
	measure_free(&m);
}

int main(int argc, char **argv)
{
	FILE *tsv = measure_tsv(argc > 1 ? argv[1] : NULL);
	pid_t peer;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		errx(77, "skipped: needs two CPUs");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	kick_there = eventfd(0, EFD_CLOEXEC);
	kick_back = eventfd(0, EFD_CLOEXEC);
	if (shared == MAP_FAILED || kick_there < 0 || kick_back < 0)
		err(1, "no shared memory");
	peer = fork();
	if (peer == 0) {
		/* It spins, so it must not be left behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve();
	}
	if (peer < 0)
		err(1, "fork");
	for (size_t i = 0; i < NITEMS(questions); i++)
		ask(&questions[i], peer, tsv);
	kill(peer, SIGKILL);
	waitpid(peer, NULL, 0);
	if (tsv != NULL)
		fclose(tsv);
	return 0;
}
