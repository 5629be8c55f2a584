/* SPDX-License-Identifier: ISC */
#include "os/logind.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/busname.h"

#define PATH "/org/freedesktop/login1"
#define MANAGER "org.freedesktop.login1.Manager"
#define PROPERTIES "org.freedesktop.DBus.Properties"

struct logind {
	struct busname name;
	sd_bus_slot *call;		/* that asks for the lock; NULL = none */
	sd_bus_slot *asked;		/* ... whether it sleeps */
	int lock;			/* -1 = none */
	/* of the message at hand */
	enum logind_event event;
	struct why why;
};

/* --- the lock --- */

static void unlock(struct logind *l)
{
	if (l->lock >= 0)
		close(l->lock);
	l->lock = -1;
	l->call = sd_bus_slot_unref(l->call);
}

static void refused(struct logind *l, const char *what)
{
	l->event = LOGIND_REFUSED;
	why_set(&l->why, 0, "no inhibitor lock: %.200s", what);
}

static int on_lock(sd_bus_message *m, void *context, sd_bus_error *error)
{
	const sd_bus_error *e = sd_bus_message_get_error(m);
	struct logind *l = context;
	int fd = -1;

	(void)error;
	l->call = sd_bus_slot_unref(l->call);
	if (e != NULL) {
		refused(l, e->message != NULL ? e->message : e->name);
		return 0;
	}
	/* The message's own: it goes with it. */
	if (sd_bus_message_read(m, "h", &fd) < 0 || fd < 0) {
		refused(l, "logind's answer has none");
		return 0;
	}
	l->lock = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (l->lock < 0)
		refused(l, strerror(errno));
	else
		l->event = LOGIND_HELD;
	return 0;
}

void logind_hold(struct logind *l)
{
	int n;

	if (l->name.owner[0] == '\0' || l->lock >= 0 || l->call != NULL)
		return;
	n = sd_bus_call_method_async(l->name.bus, &l->call, l->name.owner,
				     PATH, MANAGER, "Inhibit", on_lock, l,
				     "ssss", "sleep", "sallyport",
				     "the door is shut first", "delay");
	/* A connection that is broken tells so itself. */
	if (n < 0)
		l->call = NULL;
}

void logind_release(struct logind *l)
{
	unlock(l);
}

bool logind_holds(const struct logind *l)
{
	return l->lock >= 0;
}

/* --- what was told before we listened --- */

static int on_preparing(sd_bus_message *m, void *context, sd_bus_error *error)
{
	struct logind *l = context;
	int sleeps;

	(void)error;
	l->asked = sd_bus_slot_unref(l->asked);
	/* One that does not know says it by a signal. */
	if (sd_bus_message_get_error(m) == NULL &&
	    sd_bus_message_read(m, "v", "b", &sleeps) >= 0)
		l->event = sleeps ? LOGIND_SLEEP : LOGIND_AWAKE;
	return 0;
}

static void ask_whether(struct logind *l)
{
	l->asked = sd_bus_slot_unref(l->asked);
	/* A connection that is broken tells so itself. */
	if (sd_bus_call_method_async(l->name.bus, &l->asked, l->name.owner,
				     PATH, PROPERTIES, "Get", on_preparing, l, "ss",
				     MANAGER, "PreparingForSleep") < 0)
		l->asked = NULL;
}

/* --- logind itself --- */

static void on_owner(void *context)
{
	struct logind *l = context;

	unlock(l);
	if (l->name.owner[0] != '\0') {
		logind_hold(l);
		ask_whether(l);
		return;
	}
	l->event = LOGIND_ABSENT;
	why_set(&l->why, 0, "the system bus has no logind");
}

static int on_sleep(sd_bus_message *m, void *context, sd_bus_error *error)
{
	struct logind *l = context;
	int sleeps;

	(void)error;
	if (sd_bus_message_read(m, "b", &sleeps) >= 0)
		l->event = sleeps ? LOGIND_SLEEP : LOGIND_WAKE;
	return 0;
}

int logind_open(struct logind **logind, struct why *why)
{
	struct logind *l = calloc(1, sizeof(*l));
	int error;

	if (l == NULL)
		return why_set(why, -ENOMEM, "system bus: no memory");
	l->lock = -1;
	l->name = (struct busname){
		.name = "org.freedesktop.login1", .path = PATH,
		.interface = MANAGER, .member = "PrepareForSleep",
		.on_signal = on_sleep, .on_owner = on_owner, .context = l,
	};
	error = busname_open(&l->name, why);
	if (error < 0) {
		logind_close(l);
		return error;
	}
	*logind = l;
	return 0;
}

void logind_close(struct logind *l)
{
	unlock(l);
	sd_bus_slot_unref(l->asked);
	busname_close(&l->name);
	free(l);
}

int logind_fd(struct logind *l)
{
	return busname_fd(&l->name);
}

int logind_poll(struct logind *l)
{
	return busname_poll(&l->name);
}

uint64_t logind_until(struct logind *l)
{
	return busname_until(&l->name);
}

int logind_next(struct logind *l, enum logind_event *event, struct why *why)
{
	int n;

	l->event = LOGIND_NOTHING;
	n = busname_next(&l->name, why);
	if (n < 0)
		return n;
	*event = l->event;
	if (l->event == LOGIND_REFUSED || l->event == LOGIND_ABSENT)
		*why = l->why;
	return n;
}

uint64_t logind_forged(const struct logind *l)
{
	return l->name.forged;
}
