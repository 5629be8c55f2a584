/* SPDX-License-Identifier: ISC */
/*
 * change.h - what front-ends change: the tunnel's state, the switches
 */
#ifndef CHANGE_H
#define CHANGE_H

#include <stdbool.h>

#include "compat.h"
#include "tunnel.h"
#include "why.h"

struct daemon;

/*
 * Makes the machine fit the tunnel state `to` and the settings as they are
 * now. -errno if the rules of a state without door cannot be loaded: what was
 * loaded before is still in force then, with its door shut.
 */
NODISCARD int daemon_settle(struct daemon *d, const struct tunnel *to,
			    struct why *why);
/* For the control socket. 0, or -errno with the sentence and the step. */
int daemon_set_netcheck(struct daemon *d, bool on, const char **step,
			struct why *why);
int daemon_set_lockdown(struct daemon *d, bool on, const char **step,
			struct why *why);
int daemon_set_lan(struct daemon *d, bool on, const char **step,
		   struct why *why);
int daemon_set_state(struct daemon *d, const struct tunnel *to,
		     const char **step, struct why *why);
/* Fails the state over to error(cause), which keeps the block. */
void daemon_fail(struct daemon *d, enum tunnel_cause cause);

#endif /* CHANGE_H */
