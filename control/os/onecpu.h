/* SPDX-License-Identifier: ISC */
/*
 * onecpu.h - this process and its peer on one CPU for a while
 *
 * A record that is handed over costs a wake-up, and one across CPUs is many
 * times dearer than one on the same (bench/ring.c). Waiting for it awake
 * would be quicker still across CPUs, but takes both.
 */
#ifndef ONECPU_H
#define ONECPU_H

#include <stdbool.h>
#include <sys/types.h>

enum { ONECPU_WORDS = 16 };	/* 1024 CPUs, as many as the C library has */

struct onecpu {
	bool on;
	unsigned long was[ONECPU_WORDS];	/* where both might run */
};

/* Both are where this process is now. Not possible: as before. */
void onecpu_begin(struct onecpu *o, pid_t peer);
/* Processes that were started meanwhile have it from us: any number. */
void onecpu_end(struct onecpu *o, const pid_t *pids, unsigned int n);

#endif /* ONECPU_H */
