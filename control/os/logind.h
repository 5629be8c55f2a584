/* SPDX-License-Identifier: ISC */
/*
 * logind.h - what systemd-logind (or elogind) says of sleep, over D-Bus
 *
 * An inhibitor lock of kind "delay" makes the machine wait before it sleeps,
 * until it is released or logind's patience ends (5 s by default). It is
 * taken when logind is found and to be taken again after each wake. One that is
 * found is asked whether the machine is about to sleep already.
 *
 * Nothing here waits. Every message of the bus is somebody else's: only the
 * connection that owns logind's name is believed, the rest is counted.
 */
#ifndef LOGIND_H
#define LOGIND_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "why.h"

struct logind;

enum logind_event {
	LOGIND_NOTHING,
	LOGIND_HELD,		/* the lock is ours: sleep waits for us */
	LOGIND_REFUSED,		/* no lock; why says what logind said */
	LOGIND_ABSENT,		/* the bus has no logind (any more) */
	LOGIND_SLEEP,		/* the machine is about to sleep */
	LOGIND_WAKE,
	LOGIND_AWAKE,		/* it is not about to, says a logind just found */
};

/* Connects to the system bus. -ENOTSUP: built without. */
NODISCARD int logind_open(struct logind **l, struct why *why);
void logind_close(struct logind *l);

/* What to wait for: poll's events, and a time of the monotonic clock in us,
 * UINT64_MAX for none. Changes with every call. */
int logind_fd(struct logind *l);
int logind_poll(struct logind *l);
uint64_t logind_until(struct logind *l);

/*
 * One message: 1 and what it was, 0 when there is none, or -errno: the bus is
 * gone, close.
 */
NODISCARD int logind_next(struct logind *l, enum logind_event *event,
			  struct why *why);

/* Asks for the lock, unless it is there or asked for. */
void logind_hold(struct logind *l);
void logind_release(struct logind *l);
bool logind_holds(const struct logind *l);
/* Messages that somebody else than logind sent in its name. */
uint64_t logind_forged(const struct logind *l);

#endif /* LOGIND_H */
