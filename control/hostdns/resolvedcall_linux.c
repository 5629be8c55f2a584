/* SPDX-License-Identifier: ISC */
#include "hostdns/resolvedcall.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "hostdns/resolvedbus.h"

static const char address[] = "unix:path=/run/dbus/system_bus_socket";
const char resolvedcall_name[] = "org.freedesktop.resolve1";

static const uint64_t CALL_NS = CLOCK_S, ALL_NS = 3 * CLOCK_S;

struct resolvedbus {
	sd_bus *bus;		/* NULL: not connected */
	char owner[64];		/* of resolve1, as the bus numbers it */
	unsigned int generation;
	uint64_t until;		/* boot time, ns */
};

int resolvedbus_open(struct resolvedbus **b, struct why *why)
{
	*b = calloc(1, sizeof(**b));
	return *b != NULL ? 0 : why_set(why, -ENOMEM, "hostdns: no memory");
}

static void disconnect(struct resolvedbus *b)
{
	sd_bus_close(b->bus);
	b->bus = sd_bus_unref(b->bus);
}

void resolvedbus_close(struct resolvedbus *b)
{
	disconnect(b);
	free(b);
}

unsigned int resolvedbus_generation(const struct resolvedbus *b)
{
	return b->generation;
}

/* us; never 0, which would mean the library's own 25 s. */
static uint64_t left(const struct resolvedbus *b)
{
	uint64_t now = clock_boot(), ns = b->until > now ? b->until - now : 0;

	return (ns < CALL_NS ? ns : CALL_NS) / 1000 + 1;
}

/* --- a call --- */

int resolvedcall_begin(struct resolvedbus *b, struct call *c, const char *to,
		       const char *path, const char *interface,
		       const char *member)
{
	int r;

	*c = (struct call){ 0 };
	r = sd_bus_message_new_method_call(b->bus, &c->m, to, path, interface,
					   member);
	return r < 0 ? r : sd_bus_message_set_auto_start(c->m, 0);
}

void resolvedcall_end(struct call *c)
{
	sd_bus_error_free(&c->error);
	sd_bus_message_unref(c->m);
	sd_bus_message_unref(c->reply);
}

/* The connection is of no use any more, or a reply is still to come. */
static bool is_lost(int r)
{
	return r == -ETIMEDOUT || r == -ENOTCONN || r == -ECONNRESET ||
	       r == -EPIPE || r == -ESHUTDOWN;
}

int resolvedcall_told(struct resolvedbus *b, const struct call *c, int r,
		      const char *what, struct why *why)
{
	const sd_bus_error *e = &c->error;

	if (is_lost(r))
		disconnect(b);
	if (r == -ETIMEDOUT)
		return why_set(why, r, "systemd-resolved: %s: it does not "
			       "answer", what);
	if (sd_bus_error_has_name(e, "org.freedesktop.resolve1.NoSuchLink") ||
	    sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_OBJECT))
		r = -ENODEV;
	if (sd_bus_error_has_name(e, "org.freedesktop.resolve1.LinkBusy"))
		return why_set(why, -EBUSY, "systemd-resolved: %s: %.200s Its "
			       "settings are systemd-networkd's; use datapath "
			       "= bypass, or hostdns = file", what,
			       e->message);
	return why_set(why, r, "systemd-resolved: %s: %.200s", what,
		       e->message != NULL ? e->message : strerror(-r));
}

int resolvedcall_ask(struct resolvedbus *b, struct call *c, int r,
		     const char *what, struct why *why)
{
	if (r >= 0)
		r = sd_bus_call(b->bus, c->m, left(b), &c->error, &c->reply);
	return r >= 0 ? 0 : resolvedcall_told(b, c, r, what, why);
}

/* --- the connection --- */

static int wait_ready(struct resolvedbus *b)
{
	int r;

	while ((r = sd_bus_is_ready(b->bus)) == 0) {
		r = sd_bus_process(b->bus, NULL);
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		if (clock_boot() >= b->until)
			return -ETIMEDOUT;
		r = sd_bus_wait(b->bus, left(b));
		if (r < 0 && r != -EINTR)
			return r;
	}
	return r < 0 ? r : 0;
}

static int reach_bus(struct resolvedbus *b, struct why *why)
{
	int r = sd_bus_new(&b->bus);

	if (r >= 0)
		r = sd_bus_set_address(b->bus, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(b->bus, 1);
	if (r >= 0)
		r = sd_bus_start(b->bus);
	if (r >= 0)
		r = wait_ready(b);
	if (r >= 0)
		return 0;
	disconnect(b);
	return why_set(why, r, "system bus: cannot connect to it: %s",
		       strerror(-r));
}

/* Signals for us; there are a few at the beginning. */
static void drain(struct resolvedbus *b)
{
	for (int i = 0; i < 64 && sd_bus_process(b->bus, NULL) > 0; i++)
		;
}

static int find_owner(struct resolvedbus *b, struct why *why)
{
	struct call c;
	const char *owner;
	int r = resolvedcall_begin(b, &c, "org.freedesktop.DBus",
				   "/org/freedesktop/DBus",
				   "org.freedesktop.DBus", "GetNameOwner");

	if (r >= 0)
		r = sd_bus_message_append(c.m, "s", resolvedcall_name);
	if (r >= 0)
		r = sd_bus_call(b->bus, c.m, left(b), &c.error, &c.reply);
	if (r >= 0)
		r = sd_bus_message_read(c.reply, "s", &owner);
	if (r < 0 && sd_bus_error_has_name(&c.error,
				SD_BUS_ERROR_NAME_HAS_NO_OWNER))
		r = why_set(why, -ESRCH, "systemd-resolved does not run");
	else if (r < 0)
		r = resolvedcall_told(b, &c, r, "look for it", why);
	else if (strcmp(owner, b->owner) != 0) {
		snprintf(b->owner, sizeof(b->owner), "%s", owner);
		b->generation++;
	}
	resolvedcall_end(&c);
	return r < 0 ? r : 0;
}

int resolvedbus_begin(struct resolvedbus *b, struct why *why)
{
	bool known = b->bus != NULL;
	int error;

	b->until = clock_boot() + ALL_NS;
	if (known)
		drain(b);
	error = known ? 0 : reach_bus(b, why);
	if (error == 0)
		error = find_owner(b, why);
	/* The bus may have been started anew since. */
	if (error < 0 && known && b->bus == NULL && error != -ETIMEDOUT) {
		error = reach_bus(b, why);
		if (error == 0)
			error = find_owner(b, why);
	}
	return error;
}
