/* SPDX-License-Identifier: ISC */
/*
 * buswatch.h - is there a system bus now?
 *
 * Whoever finds none waits for its socket to appear, and need not try again
 * and again.
 */
#ifndef BUSWATCH_H
#define BUSWATCH_H

#include <stdbool.h>

struct daemon;
struct event;
struct filewatch;

struct buswatch {
	struct filewatch *watch;	/* NULL = none */
	struct event *event;
};

/* What cannot be had is done without. */
void buswatch_open(struct daemon *d);
void buswatch_close(struct daemon *d);
/* Who could not connect for this reason will be called when that changes. */
bool buswatch_tells(const struct daemon *d, int error);

#endif /* BUSWATCH_H */
