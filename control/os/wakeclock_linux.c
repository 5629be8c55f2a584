/* SPDX-License-Identifier: ISC */
#include "os/wakeclock.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000 };

/* Nothing sleeps for less; the two clocks never drift apart otherwise. */
const int64_t wakeclock_shortest = 1000000;

static uint64_t now(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

void wakeclock_read(void *context, struct wakewatch_clocks *c)
{
	(void)context;
	c->before = now(CLOCK_MONOTONIC);
	c->boot = now(CLOCK_BOOTTIME);
	c->after = now(CLOCK_MONOTONIC);
}

/* A timer that never expires, but is cancelled when the clock is set. */
static int arm(int fd)
{
	const struct itimerspec never = {
		.it_value.tv_sec = INT64_MAX / NS_PER_S,	/* the kernel's last */
	};
	const int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;

	return timerfd_settime(fd, flags, &never, NULL) < 0 ? -errno : 0;
}

int wakeclock_open(void)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	int error = fd < 0 ? -errno : arm(fd);

	if (fd >= 0 && error < 0)
		close(fd);
	return error < 0 ? error : fd;
}

void wakeclock_looked(int fd)
{
	uint64_t expired;

	/* ECANCELED: it is armed no more. */
	if (read(fd, &expired, sizeof(expired)) >= 0 || errno != EAGAIN)
		(void)arm(fd);
}
