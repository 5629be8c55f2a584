/* SPDX-License-Identifier: ISC */
/*
 * netcheck.h - the steps that open and shut the door
 */
#ifndef NETCHECK_H
#define NETCHECK_H

#include <stdint.h>

#include "compat.h"
#include "steps.h"
#include "why.h"

struct daemon;

extern const struct step netcheck_steps[];
enum { NETCHECK_FIREWALL, NETCHECK_LISTEN, NETCHECK_READ, NETCHECK_POINT,
       NETCHECK__N };
/* The datapath's alone: while not blocking it is all there is to do. */
NODISCARD int netcheck_listen(struct daemon *d, const struct step **failed,
			      struct why *why);
/* Runs them all; on success the door is open. */
NODISCARD int netcheck_enter(struct daemon *d, const char *reason,
			     const struct step **failed, struct why *why);
/* Host DNS back, addresses closed; the rules are the caller's to load. What
 * fails is said, and does not keep the rest from being done. */
void netcheck_leave(struct daemon *d, const char *reason);
/* For the switch: the same and rules without a door, or nothing of it. */
NODISCARD int netcheck_exit(struct daemon *d, const struct step **failed,
			    struct why *why);
/* Nothing that was opened stays open; the door's steps are not undone. */
void netcheck_shut(struct daemon *d, const char *reason);
/* A new episode in the same state: everything learnt is closed. */
void netcheck_restart(struct daemon *d, const char *reason, uint64_t since);
/* Does nobody tell when somebody else points the host elsewhere? */
bool netcheck_restless(const struct daemon *d);
/* Does the host still ask us? */
void netcheck_look(struct daemon *d);
/* Takes over the times that the datapath has noted. */
void netcheck_marks(struct daemon *d);

#endif /* NETCHECK_H */
