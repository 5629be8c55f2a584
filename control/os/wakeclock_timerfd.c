/* SPDX-License-Identifier: ISC */
/* Linux, and FreeBSD since 14. */
#include "os/wakeclock.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "os/wakeclockids.h"

enum { NS_PER_S = 1000000000, YEAR_S = 31536000 };

static uint64_t now(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

void wakeclock_read(void *context, struct wakewatch_clocks *c)
{
	(void)context;
	c->before = now(wakeclock_awake);
	c->boot = now(wakeclock_always);
	c->after = now(wakeclock_awake);
}

/* Nobody waits for its end, but it is cancelled when the clock is set. FreeBSD
 * counts in 32 bits of seconds. */
static int arm(int fd)
{
	const struct itimerspec far = { .it_value.tv_sec = time(NULL) + YEAR_S };
	const int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;

	return timerfd_settime(fd, flags, &far, NULL) < 0 ? -errno : 0;
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
