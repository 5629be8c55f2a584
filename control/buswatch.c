/* SPDX-License-Identifier: ISC */
#include "buswatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "busevent.h"
#include "daemon.h"
#include "os/filewatch.h"

/* As libsystemd has it; addresses of other kinds have no file. */
static const char *bus_socket(void)
{
	static const char kind[] = "unix:path=";
	const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");

	if (address == NULL)
		return "/run/dbus/system_bus_socket";
	return strncmp(address, kind, strlen(kind)) == 0 &&
	       strpbrk(address, ",;%") == NULL ? address + strlen(kind) : NULL;
}

static void on_change(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;
	const char *path = bus_socket();

	(void)fd;
	(void)what;
	if (!filewatch_changed(d->wake.bus.watch))
		return;
	/* Its folder may be there by now. */
	filewatch_follow(d->wake.bus.watch, &path, 1);
	wake_again(d);
	nm_again(d);
}

void buswatch_open(struct daemon *d)
{
	const char *path = bus_socket();
	struct why why;

	if (path == NULL || filewatch_open(&d->wake.bus.watch, &why) < 0)
		return;
	filewatch_follow(d->wake.bus.watch, &path, 1);
	d->wake.bus.event = event_new(d->base, filewatch_fd(d->wake.bus.watch),
				 EV_READ | EV_PERSIST, on_change, d);
	if (d->wake.bus.event == NULL || event_add(d->wake.bus.event, NULL) < 0)
		buswatch_close(d);
}

void buswatch_close(struct daemon *d)
{
	busevent_free(&d->wake.bus.event);
	filewatch_close(d->wake.bus.watch);
	d->wake.bus.watch = NULL;
}

bool buswatch_tells(const struct daemon *d, int error)
{
	return error == -ENOENT && d->wake.bus.watch != NULL;
}
