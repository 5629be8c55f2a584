/* SPDX-License-Identifier: ISC */
/*
 * IOKit's power notifications, which come on a dispatch queue and go through a
 * pipe to the loop. The system waits up to 30 s for each of those who listen;
 * so the lock of logind.h is there from the beginning, and releasing it is the
 * answer to the message of the sleep at hand.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <poll.h>

#include "os/frameworks_darwin.h"
#include "os/iopower.h"
#include "os/logind.h"
#include "os/wordpipe.h"

struct message {
	uint32_t type;
	intptr_t id;		/* of what is to be allowed */
};

struct logind {
	const struct frameworks *f;
	struct wordpipe told;
	dispatch_queue_t queue;
	io_connect_t root;
	IONotificationPortRef port;
	io_object_t notifier;
	struct iopower power;
	bool introduced;	/* LOGIND_HELD is told */
	bool asked;		/* the system waits for our word on `id` */
	intptr_t id;
};

static void on_power(void *context, io_service_t service, uint32_t type,
		     void *argument)
{
	const struct logind *l = context;
	const struct message m = { .type = type, .id = (intptr_t)argument };

	(void)service;
	wordpipe_tell(&l->told, &m, sizeof(m));
}

int logind_open(struct logind **logind, struct why *why)
{
	struct logind *l = calloc(1, sizeof(*l));
	int error;

	if (l == NULL)
		return why_set(why, -ENOMEM, "IOKit: no memory");
	l->f = frameworks_load(why);
	error = l->f == NULL ? -ENOTSUP : wordpipe_open(&l->told);
	if (error != 0) {
		free(l);
		return error == -ENOTSUP ? error :
		       why_set(why, error, "IOKit: no pipe: %s",
			       strerror(-error));
	}
	l->root = l->f->IORegisterForSystemPower(l, &l->port, on_power,
						 &l->notifier);
	if (l->root == MACH_PORT_NULL) {
		wordpipe_close(&l->told);
		free(l);
		return why_set(why, -ECONNREFUSED, "IOKit tells nothing of "
			       "sleep");
	}
	l->queue = dispatch_queue_create("sallyport.power", NULL);
	l->f->IONotificationPortSetDispatchQueue(l->port, l->queue);
	*logind = l;
	return 0;
}

static void nothing(void *context)
{
	(void)context;
}

void logind_close(struct logind *l)
{
	logind_release(l);
	l->f->IODeregisterForSystemPower(&l->notifier);
	l->f->IONotificationPortDestroy(l->port);
	l->f->IOServiceClose(l->root);
	/* Behind this no callback runs any more. */
	dispatch_sync_f(l->queue, NULL, nothing);
	dispatch_release(l->queue);
	wordpipe_close(&l->told);
	free(l);
}

int logind_fd(struct logind *l)
{
	return l->told.read;
}

int logind_poll(struct logind *l)
{
	(void)l;
	return POLLIN;
}

uint64_t logind_until(struct logind *l)
{
	(void)l;
	return UINT64_MAX;
}

static enum logind_event hear(struct logind *l, const struct message *m)
{
	switch (iopower_read(&l->power, m->type)) {
	case IOPOWER_MAY:
		l->f->IOAllowPowerChange(l->root, m->id);
		return LOGIND_NOTHING;
	case IOPOWER_SLEEP:
		l->asked = true;
		l->id = m->id;
		return LOGIND_SLEEP;
	case IOPOWER_WAKE:
		l->asked = false;
		return LOGIND_WAKE;
	default:
		return LOGIND_NOTHING;
	}
}

int logind_next(struct logind *l, enum logind_event *event, struct why *why)
{
	struct message m;

	(void)why;
	if (!l->introduced) {
		l->introduced = true;
		*event = LOGIND_HELD;
		return 1;
	}
	if (!wordpipe_next(&l->told, &m, sizeof(m)))
		return 0;
	*event = hear(l, &m);
	return 1;
}

void logind_hold(struct logind *l)
{
	(void)l;	/* every sleep waits for us */
}

void logind_release(struct logind *l)
{
	if (l->asked)
		l->f->IOAllowPowerChange(l->root, l->id);
	l->asked = false;
}

bool logind_holds(const struct logind *l)
{
	return l->introduced;
}

uint64_t logind_forged(const struct logind *l)
{
	(void)l;
	return 0;	/* the kernel's own words */
}
