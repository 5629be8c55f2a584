/* SPDX-License-Identifier: ISC */
#include "os/wakewatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000 };

/* Nothing sleeps for less; the two clocks never drift apart otherwise. */
static const int64_t SHORTEST_NS = 1000000;

struct wakewatch {
	int fd;
	wakewatch_read *read;
	void *context;
	int64_t most;	/* boot - monotonic can have been, at the last look */
};

static uint64_t now(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void read_clocks(void *context, struct wakewatch_clocks *c)
{
	(void)context;
	c->before = now(CLOCK_MONOTONIC);
	c->boot = now(CLOCK_BOOTTIME);
	c->after = now(CLOCK_MONOTONIC);
}

/* A timer that never expires, but is cancelled when the clock is set. */
static int arm(const struct wakewatch *w)
{
	const struct itimerspec never = {
		.it_value.tv_sec = INT64_MAX / NS_PER_S,	/* the kernel's last */
	};
	const int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;

	return timerfd_settime(w->fd, flags, &never, NULL) < 0 ? -errno : 0;
}

int wakewatch_open(struct wakewatch **watch, wakewatch_read *read_them,
		   void *context, struct why *why)
{
	struct wakewatch *w = calloc(1, sizeof(*w));
	int error = 0;

	if (w == NULL)
		return why_set(why, -ENOMEM, "clock: no memory");
	w->read = read_them == NULL ? read_clocks : read_them;
	w->context = context;
	w->fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	error = w->fd < 0 ? -errno : arm(w);
	if (error < 0) {
		wakewatch_close(w);
		return why_set(why, error, "clock: no timer: %s",
			       strerror(-error));
	}
	w->most = INT64_MAX;
	(void)wakewatch_look(w);
	*watch = w;
	return 0;
}

void wakewatch_close(struct wakewatch *w)
{
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}

int wakewatch_fd(const struct wakewatch *w)
{
	return w->fd;
}

/* Bounds of boot - monotonic: a pause between two readings is no sleep. */
static int64_t least(const struct wakewatch_clocks *c)
{
	return (int64_t)(c->boot - c->after);
}

static int64_t most(const struct wakewatch_clocks *c)
{
	return (int64_t)(c->boot - c->before);
}

uint64_t wakewatch_look(struct wakewatch *w)
{
	struct wakewatch_clocks c;
	uint64_t expired;
	int64_t slept;

	/* ECANCELED: it is armed no more. */
	if (read(w->fd, &expired, sizeof(expired)) >= 0 || errno != EAGAIN)
		(void)arm(w);
	w->read(w->context, &c);
	slept = least(&c) < w->most ? 0 : least(&c) - w->most;
	if (slept >= SHORTEST_NS || most(&c) < w->most)
		w->most = most(&c);
	return slept < SHORTEST_NS ? 0 : (uint64_t)slept;
}
