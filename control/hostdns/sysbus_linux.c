/* SPDX-License-Identifier: ISC */
#include "hostdns/sysbus.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"

static const char address[] = "unix:path=/run/dbus/system_bus_socket";

static const uint64_t CALL_NS = CLOCK_S, ALL_NS = 3 * CLOCK_S;

void sysbus_init(struct sysbus *b, const struct sysbus_peer *peer)
{
	memset(b, 0, sizeof(*b));
	b->peer = peer;
}

static void disconnect(struct sysbus *b)
{
	sd_bus_close(b->bus);
	b->bus = sd_bus_unref(b->bus);
}

void sysbus_fini(struct sysbus *b)
{
	disconnect(b);
}

/* us; never 0, which would mean the library's own 25 s. */
static uint64_t left(const struct sysbus *b)
{
	uint64_t now = clock_boot(), ns = b->until > now ? b->until - now : 0;

	return (ns < CALL_NS ? ns : CALL_NS) / 1000 + 1;
}

/* --- a call --- */

static int begin(struct sysbus *b, struct call *c, const char *to,
		 const char *path, const char *interface, const char *member)
{
	int r;

	*c = (struct call){ 0 };
	r = sd_bus_message_new_method_call(b->bus, &c->m, to, path, interface,
					   member);
	return r < 0 ? r : sd_bus_message_set_auto_start(c->m, 0);
}

int call_begin(struct sysbus *b, struct call *c, const char *path,
	       const char *interface, const char *member)
{
	return begin(b, c, b->peer->name, path, interface, member);
}

void call_end(struct call *c)
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

int call_told(struct sysbus *b, const struct call *c, int r, const char *what,
	      struct why *why)
{
	const sd_bus_error *e = &c->error;
	int told;

	if (is_lost(r))
		disconnect(b);
	if (r == -ETIMEDOUT)
		return why_set(why, r, "%s: %s: it does not answer",
			       b->peer->title, what);
	told = b->peer->told != NULL ? b->peer->told(e, r, what, why) : 0;
	if (told != 0)
		return told;
	return why_set(why, r, "%s: %s: %.200s", b->peer->title, what,
		       e->message != NULL ? e->message : strerror(-r));
}

int call_ask(struct sysbus *b, struct call *c, int r, const char *what,
	     struct why *why)
{
	if (r >= 0)
		r = sd_bus_call(b->bus, c->m, left(b), &c->error, &c->reply);
	return r >= 0 ? 0 : call_told(b, c, r, what, why);
}

/* --- the connection --- */

static int wait_ready(struct sysbus *b)
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

static int reach_bus(struct sysbus *b, struct why *why)
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
static void drain(struct sysbus *b)
{
	for (int i = 0; i < 64 && sd_bus_process(b->bus, NULL) > 0; i++)
		;
}

static int find_owner(struct sysbus *b, struct why *why)
{
	struct call c;
	const char *owner;
	int r = begin(b, &c, "org.freedesktop.DBus", "/org/freedesktop/DBus",
		      "org.freedesktop.DBus", "GetNameOwner");

	if (r >= 0)
		r = sd_bus_message_append(c.m, "s", b->peer->name);
	if (r >= 0)
		r = sd_bus_call(b->bus, c.m, left(b), &c.error, &c.reply);
	if (r >= 0)
		r = sd_bus_message_read(c.reply, "s", &owner);
	if (r < 0 && sd_bus_error_has_name(&c.error,
				SD_BUS_ERROR_NAME_HAS_NO_OWNER))
		r = why_set(why, -ESRCH, "%s does not run", b->peer->title);
	else if (r < 0)
		r = call_told(b, &c, r, "look for it", why);
	else if (strcmp(owner, b->owner) != 0) {
		snprintf(b->owner, sizeof(b->owner), "%s", owner);
		b->generation++;
	}
	call_end(&c);
	return r < 0 ? r : 0;
}

int sysbus_begin(struct sysbus *b, struct why *why)
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
