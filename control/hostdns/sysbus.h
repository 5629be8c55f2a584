/* SPDX-License-Identifier: ISC */
/*
 * sysbus.h - calls on the system bus, of one program there, within bounds
 *
 * A call waits 1 s at most, and all calls since sysbus_begin() 3 s. Nobody is
 * started by the bus for our sake. What was lost is connected to again by the
 * next begin.
 */
#ifndef SYSBUS_H
#define SYSBUS_H

#include <stdint.h>
#include <systemd/sd-bus.h>

#include "compat.h"
#include "why.h"

struct sysbus_peer {
	const char *name;	/* on the bus */
	const char *title;	/* for people */
	/* About an error of its own: r with the sentence, or 0. May be NULL. */
	int (*told)(const sd_bus_error *e, int r, const char *what,
		    struct why *why);
};

struct sysbus {
	const struct sysbus_peer *peer;
	sd_bus *bus;		/* NULL: not connected */
	char owner[64];		/* of the name, as the bus numbers it */
	unsigned int generation;
	uint64_t until;		/* boot time, ns */
};

/* Does not connect yet. */
void sysbus_init(struct sysbus *b, const struct sysbus_peer *peer);
void sysbus_fini(struct sysbus *b);
/* Is it there? To be called before the calls. -ESRCH: it does not run. */
NODISCARD int sysbus_begin(struct sysbus *b, struct why *why);

/* From its making to its end. */
struct call {
	sd_bus_message *m, *reply;
	sd_bus_error error;
};

/* What they return is the library's: negative is an error. */
int call_begin(struct sysbus *b, struct call *c, const char *path,
	       const char *interface, const char *member);
/* Always, also after a begin that failed. */
void call_end(struct call *c);

/* Sends it and waits; r: of making the message. 0 or -errno. */
NODISCARD int call_ask(struct sysbus *b, struct call *c, int r,
		       const char *what, struct why *why);
/* r with the sentence about it, or what the peer makes of it. */
int call_told(struct sysbus *b, const struct call *c, int r, const char *what,
	      struct why *why);

#endif /* SYSBUS_H */
