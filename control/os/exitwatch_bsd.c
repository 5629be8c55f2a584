/* SPDX-License-Identifier: ISC */
#include "os/exitwatch.h"

#include <errno.h>
#include <stdint.h>
#include <sys/event.h>
#include <sys/time.h>
#include <unistd.h>

#include "clock.h"

/* 1: it has ended; 0: it has not, so far; -errno. */
static int wait_once(int queue, uint64_t left)
{
	const struct timespec at_most = {
		(time_t)(left / CLOCK_S), (long)(left % CLOCK_S),
	};
	struct kevent ev;
	int n = kevent(queue, NULL, 0, &ev, 1, &at_most);

	return n < 0 && errno != EINTR ? -errno : n > 0;
}

static int wait_until(int queue, uint64_t until)
{
	uint64_t now;
	int result;

	/* What shrinks: the time left. */
	do {
		now = clock_boot();
		result = wait_once(queue, now < until ? until - now : 0);
	} while (result == 0 && now < until);
	return result > 0 ? 0 : result < 0 ? result : -ETIMEDOUT;
}

int exitwatch(pid_t pid, unsigned int wait_ms)
{
	uint64_t until = clock_boot() + wait_ms * CLOCK_MS;
	int queue = kqueue(), error;
	struct kevent ev;

	if (queue < 0)
		return -errno;
	EV_SET(&ev, (uintptr_t)pid, EVFILT_PROC, EV_ADD | EV_ONESHOT, NOTE_EXIT,
	       0, NULL);
	if (kevent(queue, &ev, 1, NULL, 0, NULL) == 0)
		error = wait_until(queue, until);
	else	/* ESRCH: it is a zombie already, as it is our child */
		error = errno == ESRCH ? 0 : -errno;
	close(queue);
	return error;
}
