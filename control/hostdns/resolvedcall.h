/* SPDX-License-Identifier: ISC */
/*
 * resolvedcall.h - one call on the system bus, within resolvedbus.h's bounds
 */
#ifndef RESOLVEDCALL_H
#define RESOLVEDCALL_H

#include <systemd/sd-bus.h>

#include "compat.h"
#include "why.h"

struct resolvedbus;

extern const char resolvedcall_name[];	/* of resolved on the bus */

/* From its making to its end. */
struct call {
	sd_bus_message *m, *reply;
	sd_bus_error error;
};

/* What they return is the library's: negative is an error. */
int resolvedcall_begin(struct resolvedbus *b, struct call *c, const char *to,
		       const char *path, const char *interface,
		       const char *member);
/* Always, also after a begin that failed. */
void resolvedcall_end(struct call *c);

/* Sends it and waits; r: of making the message. 0 or -errno. */
NODISCARD int resolvedcall_ask(struct resolvedbus *b, struct call *c, int r,
			       const char *what, struct why *why);
/* r with the sentence about it; -ENODEV: no such link any more. */
int resolvedcall_told(struct resolvedbus *b, const struct call *c, int r,
		      const char *what, struct why *why);

#endif /* RESOLVEDCALL_H */
