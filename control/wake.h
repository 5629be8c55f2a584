/* SPDX-License-Identifier: ISC */
/*
 * wake.h - before this machine sleeps, and when it wakes
 *
 * Two tell of it: the clocks (os/wakewatch.h), always and afterwards; and
 * logind (os/logind.h), where there is one, before and afterwards. Each wake
 * counts once, whoever tells it first.
 */
#ifndef WAKE_H
#define WAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "buswatch.h"
#include "compat.h"
#include "why.h"

struct daemon;
struct event;
struct logind;
struct wakewatch;

struct wake {
	struct wakewatch *watch;	/* NULL = none */
	struct event *watch_event;
	struct logind *logind;		/* NULL = not connected */
	struct event *bus_event;
	struct event *retry_event;	/* connect, or ask for the lock */
	struct buswatch bus;		/* while there is none; NetworkManager's, too */
	struct event *late_event;	/* it was about to sleep, and does not */
	unsigned int failures;		/* in a row; of either */
	struct why problem;		/* why sleep does not wait; "" = it does */

	bool asleep;	/* logind said so: the door opens at the wake */
	bool unready;	/* ... but the block was not in place yet */
	bool owed;	/* logind has yet to tell of the wake that was */
	uint64_t at;	/* the last wake: boot time, ns; 0 = none */
	uint64_t slept;	/* ns, as the clocks say */
	uint64_t wakes, sleeps, forged;	/* counted since start */
};

/* What cannot be had is said, and done without. */
void wake_open(struct daemon *d);
void wake_close(struct daemon *d);
/* What could not be blocked before a sleep is tried again. */
void wake_tick(struct daemon *d);

/* The machine is about to sleep: block in place, door shut, and only then it
 * may. */
void wake_prepare(struct daemon *d);
/* Somebody says that it is awake. */
void wake_by_clock(struct daemon *d);
void wake_by_logind(struct daemon *d);
/* The bus may have come. */
void wake_again(struct daemon *d);
/* Does sleep wait for us? */
bool wake_waits(const struct daemon *d);
/* Messages to us in logind's name that are not logind's. */
uint64_t wake_forged(const struct daemon *d);

#endif /* WAKE_H */
