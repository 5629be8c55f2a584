/* SPDX-License-Identifier: ISC */
/*
 * tripwire.h - has anybody but control changed the firewall?
 *
 * The kernel queues an announcement of each new ruleset generation before
 * whoever made the change gets an answer. A look at the queue, without
 * waiting, thus tells whether what control has verified is still what stands.
 *
 * The socket is opened as root and goes on working without privileges.
 */
#ifndef TRIPWIRE_H
#define TRIPWIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"

struct tripwire {
	int fd;			/* -1: no firewall that could change */
	uint32_t portid;	/* of control's netlink socket */
	bool foreign;		/* somebody else made a change ... */
	uint32_t seen;		/* ... and this generation was the last */
	uint8_t unsure;		/* announcements were lost: see tripwire_linux.c */
	uint64_t at;		/* verified, when unsure was last lowered */
};

/* As root. 0 or a negative errno; *t is untouched on failure. */
NODISCARD int tripwire_open(struct tripwire *t, uint32_t portid);
void tripwire_close(struct tripwire *t);

/*
 * Reads what is queued, without waiting. True if the generation that control
 * has verified covers all that others have done. verified (struct
 * arena_control) must be loaded before the call.
 */
bool tripwire_quiet(struct tripwire *t, uint64_t verified);

#endif /* TRIPWIRE_H */
