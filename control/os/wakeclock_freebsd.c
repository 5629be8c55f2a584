/* SPDX-License-Identifier: ISC */
/*
 * Nothing becomes readable here because somebody has woken: it is looked each
 * second.
 */
#include "os/wakeclock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/event.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)
enum { LOOK_MS = 1000 };

/* At a resume only the wall clock is set anew. Who sets it by hand, by more
 * than this, is taken for a sleeper: all is closed once too often. */
const int64_t wakeclock_shortest = 2 * NS_PER_S;

static uint64_t now(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

void wakeclock_read(void *context, struct wakewatch_clocks *c)
{
	(void)context;
	c->before = now(CLOCK_UPTIME);
	c->boot = now(CLOCK_REALTIME);
	c->after = now(CLOCK_UPTIME);
}

int wakeclock_open(void)
{
	int fd = kqueue(), error;
	struct kevent ev;

	if (fd < 0)
		return -errno;
	EV_SET(&ev, 0, EVFILT_TIMER, EV_ADD, 0, LOOK_MS, NULL);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
	    kevent(fd, &ev, 1, NULL, 0, NULL) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

void wakeclock_looked(int fd)
{
	static const struct timespec at_once;
	struct kevent ev;

	(void)kevent(fd, NULL, 0, &ev, 1, &at_once);
}
