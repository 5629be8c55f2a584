/* SPDX-License-Identifier: ISC */
/*
 * busname.h - signals of one program on the system bus, without waiting
 *
 * The bus's own rules let everybody send signals to everybody, whatever the
 * receiver has asked for. So the owner of the program's name is asked of the
 * bus itself (its sender cannot be forged), only what that owner sends is
 * believed, and calls go to it.
 */
#ifndef BUSNAME_H
#define BUSNAME_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "compat.h"
#include "why.h"

enum { BUSNAME_OWNER = 256 };		/* the bus's bound for names */

struct busname {
	/* The caller's to set. */
	const char *name, *path;
	const char *interface, *member;	/* of the signal */
	sd_bus_message_handler_t on_signal;
	void (*on_owner)(void *context);	/* another one, or none */
	void *context;

	sd_bus *bus;
	char owner[BUSNAME_OWNER];	/* of the name; "" = nobody */
	bool asked;			/* the bus has told who that is */
	uint64_t forged;		/* signals that are another's */
};

/* Connects to the system bus. */
NODISCARD int busname_open(struct busname *n, struct why *why);
/* Without a flush, which would wait. */
void busname_close(struct busname *n);

/* What to wait for: poll's events, and a time of the monotonic clock in us,
 * UINT64_MAX for none. Changes with every call. */
int busname_fd(const struct busname *n);
int busname_poll(const struct busname *n);
uint64_t busname_until(const struct busname *n);

/* One message: 1, 0 when there is none, or -errno: the bus is gone, close. */
NODISCARD int busname_next(struct busname *n, struct why *why);

#endif /* BUSNAME_H */
