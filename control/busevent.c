/* SPDX-License-Identifier: ISC */
#include "busevent.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

void busevent_free(struct event **e)
{
	if (*e != NULL)
		event_free(*e);
	*e = NULL;
}

/* until: us, of the monotonic clock; what is over is 0. */
static struct timeval time_left(uint64_t until)
{
	struct timespec ts;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
	if (until <= now)
		return (struct timeval){ 0 };
	return (struct timeval){
		.tv_sec = (time_t)((until - now) / 1000000),
		.tv_usec = (suseconds_t)((until - now) % 1000000),
	};
}

int busevent_wait(struct event **e, struct event_base *base,
		  const struct busevent_want *want, event_callback_fn on,
		  void *context)
{
	struct timeval tv = time_left(want->until);
	short what = 0;

	if (want->poll < 0)
		return want->poll;
	if (want->poll & POLLIN)
		what |= EV_READ;
	if (want->poll & POLLOUT)
		what |= EV_WRITE;
	busevent_free(e);
	*e = event_new(base, want->fd, what, on, context);
	return *e == NULL || event_add(*e, want->until == UINT64_MAX ? NULL :
				       &tv) < 0 ? -ENOMEM : 0;
}
