/* SPDX-License-Identifier: ISC */
#include "os/busname.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BUS "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"

static void owned_by(struct busname *n, const char *owner)
{
	bool same = n->asked && strcmp(owner, n->owner) == 0;

	n->asked = true;
	if (same)
		return;
	snprintf(n->owner, sizeof(n->owner), "%s", owner);
	n->on_owner(n->context);
}

static bool from(sd_bus_message *m, const char *who)
{
	const char *sender = sd_bus_message_get_sender(m);

	return sender != NULL && strcmp(sender, who) == 0;
}

static int on_answer(sd_bus_message *m, void *context, sd_bus_error *error)
{
	const char *owner = "";

	(void)error;
	if (sd_bus_message_get_error(m) == NULL &&
	    sd_bus_message_read(m, "s", &owner) < 0)
		owner = "";
	owned_by(context, owner);
	return 0;
}

static int on_change(sd_bus_message *m, void *context, sd_bus_error *error)
{
	const char *name, *before, *after;
	struct busname *n = context;

	(void)error;
	if (!from(m, BUS)) {
		n->forged++;
		return 0;
	}
	if (sd_bus_message_read(m, "sss", &name, &before, &after) >= 0 &&
	    strcmp(name, n->name) == 0)
		owned_by(n, after);
	return 0;
}

/* Sees every message first; 1 = no further. */
static int filter(sd_bus_message *m, void *context, sd_bus_error *error)
{
	struct busname *n = context;

	(void)error;
	if (!sd_bus_message_is_signal(m, n->interface, n->member) ||
	    (n->owner[0] != '\0' && from(m, n->owner)))
		return 0;
	n->forged++;
	return 1;
}

/* Queued until the connection stands. */
static int ask(struct busname *n)
{
	char owners[512], signals[512];
	int r = sd_bus_add_filter(n->bus, NULL, filter, n);

	snprintf(owners, sizeof(owners), "type='signal',sender='" BUS "',path='"
		 BUS_PATH "',interface='" BUS "',member='NameOwnerChanged',"
		 "arg0='%s'", n->name);
	snprintf(signals, sizeof(signals), "type='signal',sender='%s',"
		 "path='%s',interface='%s',member='%s'", n->name, n->path,
		 n->interface, n->member);
	if (r >= 0)
		r = sd_bus_add_match_async(n->bus, NULL, owners, on_change,
					   NULL, n);
	if (r >= 0)
		r = sd_bus_add_match_async(n->bus, NULL, signals, n->on_signal,
					   NULL, n->context);
	if (r >= 0)
		r = sd_bus_call_method_async(n->bus, NULL, BUS, BUS_PATH, BUS,
					     "GetNameOwner", on_answer, n, "s",
					     n->name);
	return r < 0 ? r : 0;
}

int busname_open(struct busname *n, struct why *why)
{
	int r = sd_bus_open_system_with_description(&n->bus, "sallyport");

	if (r >= 0)
		r = ask(n);
	if (r >= 0)
		return 0;
	busname_close(n);
	return why_set(why, r, "system bus: %s", strerror(-r));
}

void busname_close(struct busname *n)
{
	n->bus = sd_bus_close_unref(n->bus);
}

int busname_fd(const struct busname *n)
{
	return sd_bus_get_fd(n->bus);
}

int busname_poll(const struct busname *n)
{
	return sd_bus_get_events(n->bus);
}

uint64_t busname_until(const struct busname *n)
{
	uint64_t until = UINT64_MAX;

	return sd_bus_get_timeout(n->bus, &until) < 0 ? 0 : until;
}

int busname_next(struct busname *n, struct why *why)
{
	int r = sd_bus_process(n->bus, NULL);

	if (r >= 0 && sd_bus_is_open(n->bus) <= 0)
		r = -ECONNRESET;
	if (r < 0)
		return why_set(why, r, "system bus: %s", strerror(-r));
	return r > 0;
}
