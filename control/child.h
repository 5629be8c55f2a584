/* SPDX-License-Identifier: ISC */
/*
 * child.h - one datapath process: started, told, stopped
 */
#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "compat.h"
#include "datapath.h"
#include "shared/arena.h"
#include "why.h"

struct child {
	pid_t pid;		/* 0 = none */
	int channel;		/* EOF when it is gone */
	int kick_control;	/* readable: grants are in the ring */
	int kick_datapath;	/* written: acks, or a new policy */
	int tun;		/* set before a start: handed on; -1 = none */
	struct arena arena;
};

void child_init(struct child *c);

/*
 * Starts this very program as a datapath and waits, at most 5 s, until it is
 * ready to read its first packet or has failed; *report is what it said.
 * table: see arena_create(). -errno with the sentence in *why; nothing is left
 * over then.
 */
NODISCARD int child_start(struct child *c, struct datapath_setup *setup,
			  int table, struct datapath_report *report,
			  struct why *why);

/* Wakes it. */
void child_kick(const struct child *c);

/* Ends it, if it still runs, and frees what was shared with it. */
void child_stop(struct child *c);

#endif /* CHILD_H */
