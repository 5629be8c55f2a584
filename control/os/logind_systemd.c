/* SPDX-License-Identifier: ISC */
/*
 * The bus's own rules let everybody send signals to everybody, whatever the
 * receiver has asked for. So the owner of logind's name is asked of the bus
 * itself (its sender cannot be forged), and calls go to that owner.
 */
#include "os/logind.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define NAME "org.freedesktop.login1"
#define PATH "/org/freedesktop/login1"
#define MANAGER "org.freedesktop.login1.Manager"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define BUS "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"

enum { OWNER_MAX = 256 };	/* the bus's bound for names */

struct logind {
	sd_bus *bus;
	char owner[OWNER_MAX];		/* of logind's name; "" = nobody */
	sd_bus_slot *call;		/* that asks for it; NULL = none */
	sd_bus_slot *asked;		/* ... whether it sleeps */
	int lock;			/* -1 = none */
	uint64_t forged;
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

	if (l->owner[0] == '\0' || l->lock >= 0 || l->call != NULL)
		return;
	n = sd_bus_call_method_async(l->bus, &l->call, l->owner, PATH, MANAGER,
				     "Inhibit", on_lock, l, "ssss", "sleep",
				     "sallyport", "the door is shut first",
				     "delay");
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
	if (sd_bus_call_method_async(l->bus, &l->asked, l->owner, PATH,
				     PROPERTIES, "Get", on_preparing, l, "ss",
				     MANAGER, "PreparingForSleep") < 0)
		l->asked = NULL;
}

/* --- who is logind --- */

static void owned_by(struct logind *l, const char *owner)
{
	if (strcmp(owner, l->owner) == 0)
		return;
	unlock(l);
	snprintf(l->owner, sizeof(l->owner), "%s", owner);
	if (owner[0] == '\0') {
		l->event = LOGIND_ABSENT;
		why_set(&l->why, 0, "the system bus has no logind");
	} else {
		logind_hold(l);
		ask_whether(l);
	}
}

static bool from(sd_bus_message *m, const char *who)
{
	const char *sender = sd_bus_message_get_sender(m);

	return sender != NULL && strcmp(sender, who) == 0;
}

static int on_owner(sd_bus_message *m, void *context, sd_bus_error *error)
{
	struct logind *l = context;
	const char *owner = "";

	(void)error;
	if (sd_bus_message_get_error(m) == NULL &&
	    sd_bus_message_read(m, "s", &owner) < 0)
		owner = "";
	if (owner[0] == '\0') {
		l->event = LOGIND_ABSENT;
		why_set(&l->why, 0, "the system bus has no logind");
	}
	owned_by(l, owner);
	return 0;
}

static int on_owner_changed(sd_bus_message *m, void *context,
			    sd_bus_error *error)
{
	const char *name, *before, *after;
	struct logind *l = context;

	(void)error;
	if (!from(m, BUS)) {
		l->forged++;
		return 0;
	}
	if (sd_bus_message_read(m, "sss", &name, &before, &after) >= 0 &&
	    strcmp(name, NAME) == 0)
		owned_by(l, after);
	return 0;
}

/* Sees every message first; 1 = no further. */
static int filter(sd_bus_message *m, void *context, sd_bus_error *error)
{
	struct logind *l = context;

	(void)error;
	if (!sd_bus_message_is_signal(m, MANAGER, "PrepareForSleep") ||
	    (l->owner[0] != '\0' && from(m, l->owner)))
		return 0;
	l->forged++;
	return 1;
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

/* --- the bus --- */

/* Queued until the connection stands. */
static int ask(struct logind *l)
{
	int n = sd_bus_add_filter(l->bus, NULL, filter, l);

	if (n >= 0)
		n = sd_bus_add_match_async(l->bus, NULL, "type='signal',sender='"
			BUS "',path='" BUS_PATH "',interface='" BUS
			"',member='NameOwnerChanged',arg0='" NAME "'",
			on_owner_changed, NULL, l);
	if (n >= 0)
		n = sd_bus_add_match_async(l->bus, NULL, "type='signal',sender='"
			NAME "',path='" PATH "',interface='" MANAGER
			"',member='PrepareForSleep'", on_sleep, NULL, l);
	if (n >= 0)
		n = sd_bus_call_method_async(l->bus, NULL, BUS, BUS_PATH, BUS,
					     "GetNameOwner", on_owner, l, "s",
					     NAME);
	return n < 0 ? n : 0;
}

int logind_open(struct logind **logind, struct why *why)
{
	struct logind *l = calloc(1, sizeof(*l));
	int error;

	if (l == NULL)
		return why_set(why, -ENOMEM, "system bus: no memory");
	l->lock = -1;
	error = sd_bus_open_system_with_description(&l->bus, "sallyport");
	if (error >= 0)
		error = ask(l);
	if (error < 0) {
		logind_close(l);
		return why_set(why, error, "system bus: %s", strerror(-error));
	}
	*logind = l;
	return 0;
}

void logind_close(struct logind *l)
{
	unlock(l);
	sd_bus_slot_unref(l->asked);
	/* Without a flush, which would wait. */
	sd_bus_close_unref(l->bus);
	free(l);
}

int logind_fd(struct logind *l)
{
	return sd_bus_get_fd(l->bus);
}

int logind_poll(struct logind *l)
{
	return sd_bus_get_events(l->bus);
}

uint64_t logind_until(struct logind *l)
{
	uint64_t until = UINT64_MAX;

	return sd_bus_get_timeout(l->bus, &until) < 0 ? 0 : until;
}

int logind_next(struct logind *l, enum logind_event *event, struct why *why)
{
	int n;

	l->event = LOGIND_NOTHING;
	n = sd_bus_process(l->bus, NULL);
	if (n >= 0 && sd_bus_is_open(l->bus) <= 0)
		n = -ECONNRESET;
	if (n < 0)
		return why_set(why, n, "system bus: %s", strerror(-n));
	*event = l->event;
	if (l->event == LOGIND_REFUSED || l->event == LOGIND_ABSENT)
		*why = l->why;
	return n > 0;
}

uint64_t logind_forged(const struct logind *l)
{
	return l->forged;
}
