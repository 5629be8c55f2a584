/* SPDX-License-Identifier: ISC */
/*
 * door = hash: stores in one process, connections in another.
 *
 *   live_hashrace N
 *
 * N rounds: one process stores an address, another connects to it the instant
 * it hears of that. Each fourth is tried before as well; each 64th ends an
 * epoch, and is tried afterwards as well.
 *
 * missed:  stored, and not open
 * early:   open before it was stored
 * late:    open after its epoch
 * silent:  nobody answered
 */
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "hash.h"

enum { PER_EPOCH = 64 };	/* so few that every window has room */

/* ---- the race; both processes spin, each on a CPU of its own */

struct race {
	_Atomic unsigned int ready, stored;
	unsigned int missed, early, late, silent;
};

static void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	/* With a single CPU there is no race to be had. */
	(void)!sched_setaffinity(0, sizeof(set), &set);
}

static void await(_Atomic unsigned int *word, unsigned int value)
{
	for (unsigned int i = 1; atomic_load(word) != value; i++)
		if (i % 4096 == 0)
			sched_yield();
}

static bool before_store(unsigned int n) { return n % 4 == 0; }
static bool ends_epoch(unsigned int n) { return n % PER_EPOCH == 0; }

static void count(struct race *r, unsigned int *wrong, enum asker_is is,
		  enum asker_is want)
{
	if (is == ASKER_SILENT)
		r->silent++;
	else if (is != want)
		(*wrong)++;
}

static void connector(struct race *r, unsigned int rounds)
{
	pin(1);
	for (unsigned int n = 1; n <= rounds; n++) {
		bool v4 = n / 4 % 2;

		if (before_store(n))
			count(r, &r->early, try_once(n, v4), ASKER_SHUT);
		atomic_store(&r->ready, 2 * n);
		await(&r->stored, 2 * n);
		count(r, &r->missed, try_once(n, v4), ASKER_OPEN);
		atomic_store(&r->ready, 2 * n + 1);
		await(&r->stored, 2 * n + 1);
		if (ends_epoch(n))
			count(r, &r->late, try_once(n, v4), ASKER_SHUT);
	}
}

static void storer(struct race *r, unsigned int rounds)
{
	uint32_t epoch = 1;

	pin(0);
	for (unsigned int n = 1; n <= rounds; n++) {
		await(&r->ready, 2 * n);
		store(n, n / 4 % 2, LONG_S * CLOCK_S);
		atomic_store(&r->stored, 2 * n);
		await(&r->ready, 2 * n + 1);
		if (ends_epoch(n))
			allow_set_epoch(arena.allow, ++epoch);
		atomic_store(&r->stored, 2 * n + 1);
	}
}

static int run(unsigned int rounds)
{
	struct race *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	open_door();
	pid = r == MAP_FAILED ? -1 : fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		/* It spins, so it must not be left behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		connector(r, rounds);
		_exit(0);
	}
	storer(r, rounds);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		errx(1, "the client died");
	close_door();
	printf("rounds %u missed %u early %u late %u silent %u\n", rounds,
	       r->missed, r->early, r->late, r->silent);
	return r->missed + r->early + r->late + r->silent != 0;
}

int main(int argc, char **argv)
{
	if (argc != 2 || atoi(argv[1]) < 1)
		errx(2, "usage: live_hashrace N");
	return run((unsigned int)atoi(argv[1]));
}
