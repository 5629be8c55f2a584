/* SPDX-License-Identifier: ISC */
/*
 * Built without libsystemd: sleep is seen by the clock alone.
 */
#include <errno.h>

#include "os/logind.h"

int logind_open(struct logind **l, struct why *why)
{
	(void)l;
	return why_set(why, -ENOTSUP, "built without libsystemd");
}

void logind_close(struct logind *l)
{
	(void)l;
}

int logind_fd(struct logind *l)
{
	(void)l;
	return -1;
}

int logind_poll(struct logind *l)
{
	(void)l;
	return 0;
}

uint64_t logind_until(struct logind *l)
{
	(void)l;
	return UINT64_MAX;
}

int logind_next(struct logind *l, enum logind_event *event, struct why *why)
{
	(void)l;
	(void)event;
	return why_set(why, -ENOTSUP, "built without libsystemd");
}

void logind_hold(struct logind *l)
{
	(void)l;
}

void logind_release(struct logind *l)
{
	(void)l;
}

bool logind_holds(const struct logind *l)
{
	(void)l;
	return false;
}

uint64_t logind_forged(const struct logind *l)
{
	(void)l;
	return 0;
}
