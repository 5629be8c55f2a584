/* SPDX-License-Identifier: ISC */
#include "os/nmwatch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/busname.h"

#define NAME "org.freedesktop.NetworkManager"
#define PATH "/org/freedesktop/NetworkManager"
#define PROPERTIES "org.freedesktop.DBus.Properties"

struct nmwatch {
	struct busname name;
	struct nmwatch_state state;
};

static int read_number(sd_bus_message *m, uint32_t *n)
{
	return sd_bus_message_read(m, "v", "u", n);
}

static int read_connectivity(sd_bus_message *m, struct nmwatch_state *s)
{
	uint32_t n;
	int r = read_number(m, &n);

	if (r >= 0)
		s->connectivity = n < NMWATCH__N ?
				  (enum nmwatch_connectivity)n :
				  NMWATCH_UNKNOWN;
	return r;
}

static int read_uri(sd_bus_message *m, struct nmwatch_state *s)
{
	const char *text;
	int r = sd_bus_message_read(m, "v", "s", &text);

	if (r >= 0)
		snprintf(s->uri, sizeof(s->uri), "%s",
			 strlen(text) < sizeof(s->uri) ? text : "");
	return r;
}

static int read_property(sd_bus_message *m, const char *name,
			 struct nmwatch_state *s)
{
	if (strcmp(name, "Connectivity") == 0)
		return read_connectivity(m, s);
	if (strcmp(name, "State") == 0)
		return read_number(m, &s->state);
	if (strcmp(name, "ConnectivityCheckUri") == 0)
		return read_uri(m, s);
	return sd_bus_message_skip(m, "v");
}

/* What is not understood ends it; what came before counts. */
static void read_properties(sd_bus_message *m, struct nmwatch_state *s)
{
	const char *name;

	if (sd_bus_message_enter_container(m, 'a', "{sv}") < 0)
		return;
	/* What shrinks: the message. */
	while (sd_bus_message_enter_container(m, 'e', "sv") > 0)
		if (sd_bus_message_read(m, "s", &name) < 0 ||
		    read_property(m, name, s) < 0 ||
		    sd_bus_message_exit_container(m) < 0)
			return;
}

static int on_all(sd_bus_message *m, void *context, sd_bus_error *error)
{
	struct nmwatch *w = context;

	(void)error;
	if (sd_bus_message_get_error(m) == NULL)
		read_properties(m, &w->state);
	return 0;
}

static int on_changed(sd_bus_message *m, void *context, sd_bus_error *error)
{
	struct nmwatch *w = context;
	const char *interface;

	(void)error;
	if (sd_bus_message_read(m, "s", &interface) >= 0 &&
	    strcmp(interface, NAME) == 0) {
		w->state.changes++;
		read_properties(m, &w->state);
	}
	return 0;
}

static void on_owner(void *context)
{
	struct nmwatch *w = context;
	const char *owner = w->name.owner;

	memset(&w->state, 0, sizeof(w->state));
	w->state.there = owner[0] != '\0';
	/* A connection that is broken tells so itself. */
	if (w->state.there)
		(void)sd_bus_call_method_async(w->name.bus, NULL, owner, PATH,
					       PROPERTIES, "GetAll", on_all, w,
					       "s", NAME);
}

int nmwatch_open(struct nmwatch **watch, struct why *why)
{
	struct nmwatch *w = calloc(1, sizeof(*w));
	int error;

	if (w == NULL)
		return why_set(why, -ENOMEM, "system bus: no memory");
	w->name = (struct busname){
		.name = NAME, .path = PATH, .interface = PROPERTIES,
		.member = "PropertiesChanged", .on_signal = on_changed,
		.on_owner = on_owner, .context = w,
	};
	error = busname_open(&w->name, why);
	if (error < 0) {
		free(w);
		return error;
	}
	*watch = w;
	return 0;
}

void nmwatch_close(struct nmwatch *w)
{
	busname_close(&w->name);
	free(w);
}

int nmwatch_fd(const struct nmwatch *w)
{
	return busname_fd(&w->name);
}

int nmwatch_poll(const struct nmwatch *w)
{
	return busname_poll(&w->name);
}

uint64_t nmwatch_until(const struct nmwatch *w)
{
	return busname_until(&w->name);
}

int nmwatch_next(struct nmwatch *w, struct why *why)
{
	return busname_next(&w->name, why);
}

const struct nmwatch_state *nmwatch_state(const struct nmwatch *w)
{
	return &w->state;
}
