/* SPDX-License-Identifier: ISC */
/*
 * spawn.h - this very program once more, as one of its sandboxed processes
 */
#ifndef SPAWN_H
#define SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#include "compat.h"

/* Moves *fd clear of the numbers that a child wants, so that no dup2() in the
 * child overwrites what another one still needs. */
NODISCARD int spawn_raise(int *fd);

/* A descriptor, and the number it has in the child. */
struct spawn_fd {
	int ours, theirs;
};

/* Started with one option, no environment and these descriptors. */
NODISCARD int spawn_self(pid_t *pid, const char *option,
			 const struct spawn_fd *fds, size_t n);
/* Killed, if it still runs, and waited for; 0 = there is none. */
void spawn_end(pid_t pid);

/* Closed and -1. */
void spawn_close(int *fd);

#endif /* SPAWN_H */
