/* SPDX-License-Identifier: ISC */
#include "os/wakewatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/wakeclock.h"

struct wakewatch {
	int fd;
	wakewatch_read *read;
	void *context;
	int64_t most;	/* boot - monotonic can have been, at the last look */
};

int wakewatch_open(struct wakewatch **watch, wakewatch_read *read_them,
		   void *context, struct why *why)
{
	struct wakewatch *w = calloc(1, sizeof(*w));
	int error;

	if (w == NULL)
		return why_set(why, -ENOMEM, "clock: no memory");
	w->read = read_them == NULL ? wakeclock_read : read_them;
	w->context = context;
	w->fd = wakeclock_open();
	if (w->fd < 0) {
		error = w->fd;
		free(w);
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
	int64_t slept;

	wakeclock_looked(w->fd);
	w->read(w->context, &c);
	slept = least(&c) < w->most ? 0 : least(&c) - w->most;
	if (slept >= wakeclock_shortest || most(&c) < w->most)
		w->most = most(&c);
	return slept < wakeclock_shortest ? 0 : (uint64_t)slept;
}
