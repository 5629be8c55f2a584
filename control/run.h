/* SPDX-License-Identifier: ISC */
/*
 * run.h - a program of the system's, run to its end
 *
 * Without a shell, with an environment of our own and in a process group of
 * its own. What it reads and says are files in memory of a fixed size:
 * neither side can wait for the other, whatever is said how fast.
 */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "compat.h"
#include "why.h"

enum {
	RUN_SAID = 65536,	/* octets it may say; more are refused to it */
	RUN_LINE = 256,
};

struct run {
	const char *path;
	const char *const *args;	/* its name first, NULL last */
	const char *input;
	size_t len;
	unsigned int wait_ms;		/* then it is killed, all its group */
	bool output;			/* stdout counts as said, too */
	char *text;			/* all that it said, a NUL behind it */
	size_t size;			/* ... cut to this; 0: not wanted */
};

struct run_end {
	int status;			/* of wait(2) */
	char line[RUN_LINE];		/* the first that it said, or what
					   stands for it */
};

/* Where in the system's folders it is; NULL if it is nowhere. */
const char *run_find(const char *name, char path[static RUN_LINE]);

/* Blocks. -ETIMEDOUT: it was killed, and how far it came is not known. */
NODISCARD int run(const struct run *r, struct run_end *end, struct why *why);

#endif /* RUN_H */
