/* SPDX-License-Identifier: ISC */
/*
 * bench_noise
 *
 * How quiet is this machine? The same arithmetic again and again, about a
 * millisecond each time: what differs is others' doing. One line, times in us.
 */
#include <stdint.h>
#include <stdio.h>

#include "bench/measure.h"
#include "clock.h"

enum { SPINS = 1000, STEPS = 1000000 };

/* Each step waits for the one before it; the constants are Knuth's MMIX. */
static uint64_t spin(uint64_t x)
{
	for (int i = 0; i < STEPS; i++)
		x = x * 6364136223846793005u + 1442695040888963407u;
	return x;
}

int main(void)
{
	static struct measure m = { .bench = "noise", .unit = "us" };
	size_t row = measure_row(&m, "spin");
	struct measure_summary s;
	uint64_t x = 1;

	for (unsigned int i = 0; i < measure_times(SPINS, 20); i++) {
		uint64_t begin = clock_boot();

		x = spin(x);
		measure_add(&m, row, (double)(clock_boot() - begin) / 1e3);
	}
	s = measure_summary(&m, row, "spin");
	printf("spin p50 %.0f us, p99 %.0f, max %.0f, spread %.1f%%%s\n", s.p50,
	       s.p99, s.max, 100 * s.spread, x == 0 ? "." : "");
	measure_free(&m);
	return 0;
}
