/* SPDX-License-Identifier: ISC */
/*
 * wakewatch.h - has this machine slept?
 *
 * The proof is that the boot clock has run ahead of the monotonic one, which
 * stands still during sleep. The descriptor only says when to look: it is
 * readable when somebody has set the wall clock, as the kernel does at every
 * resume and NTP now and then. A sleep during which the kernel keeps its
 * clocks going, or that of a virtual machine's host, is not seen.
 */
#ifndef WAKEWATCH_H
#define WAKEWATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "why.h"

/* ns; one after the other, so that before <= when boot was read <= after. */
struct wakewatch_clocks {
	uint64_t before;	/* monotonic */
	uint64_t boot;
	uint64_t after;		/* monotonic */
};

/* What tests put in place of this machine's clocks. */
typedef void wakewatch_read(void *context, struct wakewatch_clocks *now);

struct wakewatch;

/* read = NULL: this machine's clocks. */
NODISCARD int wakewatch_open(struct wakewatch **watch, wakewatch_read *read,
			     void *context, struct why *why);
void wakewatch_close(struct wakewatch *w);
/* Readable: look. */
int wakewatch_fd(const struct wakewatch *w);
/* How long it has slept since the last look, ns; 0 = not at all. Each sleep
 * is told once. */
uint64_t wakewatch_look(struct wakewatch *w);

#endif /* WAKEWATCH_H */
