/* SPDX-License-Identifier: ISC */
/*
 * bench_allow [TSV]
 * bench_allow count hit|miss	one look-up of each key and table, for callgrind
 *
 * What does it cost to ask whether an address is open? Our table against a
 * flat one that one process has for itself, and against tables that several
 * may read while one writes. Keys are random; of those that are asked for,
 * all are in the table (hit) or none is (miss), and the question behind a hit
 * waits for its answer. Under the writer half of the keys are for
 * ever replaced by others, those that are not asked for, at one and the same
 * pace in every table: left alone, each would write as fast as it can, which
 * is 20 times faster in one than in the other.
 *
 * Read the ratios: to the flat table, and the last lines, to itself.
 */
#include <err.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/measure.h"
#include "bench/process.h"
#include "bench/tables.h"
#include "clock.h"
#include "limits.h"

enum {
	ROUNDS = 121,
	SAMPLE = 1 << 12,	/* questions */
	ASKED = 1 << 15,	/* ... of which there are so many, in turn */
	PAUSE = 64,		/* ... between which a reader holds nothing */
	NOW = 1,
	PACE_NS = 5000,		/* between two writes */
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

/* This thread's: what else runs takes its caches away, and no time. */
static uint64_t processor_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * CLOCK_S + (uint64_t)ts.tv_nsec;
}

/* How many of a sample, the one that begins at `at`, are in it. */
static unsigned int ask(const struct table *t, size_t at)
{
	unsigned int found = 0;

	for (size_t n = 1; n <= SAMPLE; n++) {
		uint64_t expiry = t->find(&asked[at++], NOW);

		if (expiry != 0) {
			/* A branch, as a caller has: not to be folded. */
			__asm__("" : "+r"(expiry));
			found++;
			/* Never set; but the next question cannot know. */
			at += expiry >> 63;
		}
		if (n % PAUSE == 0 && t->pause != NULL)
			t->pause();
	}
	return found;
}

/* ns a question. */
static double read_sample(const struct table *t, bool hit, unsigned int sample)
{
	unsigned int found;
	uint64_t begin;

	if (t->begin != NULL)
		t->begin();
	begin = processor_time();
	found = ask(t, (size_t)sample % (ASKED / SAMPLE) * SAMPLE);
	begin = processor_time() - begin;
	if (t->end != NULL)
		t->end();
	if (found != (hit ? SAMPLE : 0))
		errx(1, "%s: %u of %d found", t->name, found, SAMPLE);
	return (double)begin / SAMPLE;
}

/* ---- the writer, on the other CPU */

static struct {
	/* Which table main wants to be written to, and which one is. */
	_Atomic(const struct table *) wanted, served;
	atomic_bool over;
	uint64_t k[TABLES_N];	/* writes to each */
	uint64_t ns[TABLES_N];	/* ... and how long that took */
} writer;

/* The k-th: half of the keys are a ring, half of which is in the table. */
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
	uint64_t start = clock_boot(), due = start, now;

	if (t->begin != NULL)
		t->begin();
	atomic_store(&writer.served, t);
	while (atomic_load(&writer.wanted) == t) {
		now = clock_boot();
		if (now < due)
			continue;
		due = now > due + PACE_NS ? now : due + PACE_NS;
		write_one(t, writer.k[t - tables]++);
	}
	writer.ns[t - tables] += clock_boot() - start;
	if (t->end != NULL)
		t->end();
}

static void *write_all(void *unused)
{
	process_stay_on(1);
	tables_join();
	while (!atomic_load(&writer.over)) {
		const struct table *t = atomic_load(&writer.wanted);

		if (t != NULL && t->put != NULL)
			write_until_told(t);
		atomic_store(&writer.served, NULL);
	}
	tables_leave();
	return unused;
}

static void order(const struct table *t)
{
	atomic_store(&writer.wanted, t);
	while (atomic_load(&writer.served) != t)
		;
}

static double read_beside(const struct table *t, bool hit,
			  unsigned int sample)
{
	double ns;

	order(t);
	ns = read_sample(t, hit, sample);
	order(NULL);
	return ns;
}

/* ---- cells */

static double median(const struct measure *m, size_t row)
{
	return measure_percentile(&m->row[row], 50);
}

static void print_writer(const struct measure *m, size_t i)
{
	double seconds = (double)writer.ns[i] / CLOCK_S;

	printf("%-28s %.2f of itself alone, %.0f thousand writes/s\n",
	       m->row[TABLES_N + i - 1].name,
	       median(m, TABLES_N + i - 1) / median(m, i),
	       (double)writer.k[i] / seconds / 1000);
}

static void measure_cell(bool v4, bool hit, size_t n, FILE *tsv)
{
	static struct measure m;
	static char beside[TABLES_N][32];
	char bench[64];

	snprintf(bench, sizeof(bench), "allow %s %s %zu", v4 ? "v4" : "v6",
		 hit ? "hit" : "miss", n);
	m = (struct measure){ .bench = bench, .unit = "ns" };
	memset(writer.k, 0, sizeof(writer.k));
	memset(writer.ns, 0, sizeof(writer.ns));
	choose(v4, hit, n);
	for (size_t i = 0; i < TABLES_N; i++) {
		tables[i].open(all, n_in, n_all);
		measure_row(&m, tables[i].name);
	}
	for (size_t i = 1; i < TABLES_N; i++) {
		snprintf(beside[i], sizeof(beside[i]), "%s, writer",
			 tables[i].name);
		measure_row(&m, beside[i]);
	}
	for (unsigned int left = measure_times(ROUNDS, 2); left > 0; left--) {
		measure_round(&m);
		for (size_t i = 0; i < TABLES_N; i++)
			measure_add(&m, i, read_sample(&tables[i], hit, left));
		for (size_t i = 1; i < TABLES_N; i++)
			measure_add(&m, TABLES_N + i - 1,
				    read_beside(&tables[i], hit, left));
	}
	measure_print(&m, tables[0].name, stdout, tsv);
	for (size_t i = 1; i < TABLES_N; i++)
		print_writer(&m, i);
	measure_free(&m);
}

static void each_cell(FILE *tsv)
{
	static const size_t small[] = { 16, 1000 }, large[] = { 100000 };
	bool is_large = ALLOW_SLOTS > 2 * TABLES_MAX / 3;
	const size_t *n = is_large ? large : small;

	for (size_t i = 0; i < (is_large ? NITEMS(large) : NITEMS(small)); i++)
		for (int what = 0; what < 4; what++)
			measure_cell(what < 2, what % 2 == 0, n[i], tsv);
}

/* As many of each family. */
static void count(bool hit)
{
	for (int v4 = 0; v4 < 2; v4++) {
		choose(v4, hit, 1000);
		for (size_t i = 0; i < TABLES_N; i++) {
			tables[i].open(all, n_in, n_all);
			(void)read_sample(&tables[i], hit, 0);
		}
	}
	printf("look-ups %d\n", 2 * SAMPLE);
}

int main(int argc, char **argv)
{
	bool counts = argc == 3 && strcmp(argv[1], "count") == 0;
	FILE *tsv = measure_tsv(argc == 2 ? argv[1] : NULL);
	pthread_t thread;

	tables_join();
	if (counts) {
		count(strcmp(argv[2], "hit") == 0);
		return 0;
	}
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		errx(77, "skipped: needs two CPUs");
	if (pthread_create(&thread, NULL, write_all, NULL) != 0)
		errx(1, "no thread");
	process_stay_on(0);
	each_cell(tsv);
	atomic_store(&writer.over, true);
	pthread_join(thread, NULL);
	if (tsv != NULL)
		fclose(tsv);
	return 0;
}
