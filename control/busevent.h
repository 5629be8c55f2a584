/* SPDX-License-Identifier: ISC */
/*
 * busevent.h - a connection to the bus, in the loop
 */
#ifndef BUSEVENT_H
#define BUSEVENT_H

#include <event2/event.h>
#include <stdint.h>

#include "compat.h"

/* What it wants to be waited for, as os/busname.h has it. */
struct busevent_want {
	int fd, poll;
	uint64_t until;
};

/* In place of *e, which may be NULL: once, as it changes with each message.
 * -errno: *e is NULL or as it was, and nothing is waited for. */
NODISCARD int busevent_wait(struct event **e, struct event_base *base,
			    const struct busevent_want *want,
			    event_callback_fn on, void *context);
void busevent_free(struct event **e);

#endif /* BUSEVENT_H */
