/* SPDX-License-Identifier: ISC */
/*
 * priv.h - from root to nobody: what the datapath gives up before it reads
 * its first packet
 */
#ifndef PRIV_H
#define PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "compat.h"

/* Closes what came along by mistake: all descriptors from first on. */
NODISCARD int priv_close_from(unsigned int first);

/* Dies with its parent, also when the parent was killed meanwhile. */
NODISCARD int priv_follow_parent(pid_t parent);

enum priv_ends {
	PRIV_SOCKETS,		/* the kernel chooses their ports */
	PRIV_PORTS,		/* it does not: policy_upstream's from */
	PRIV_WIRE,		/* beside it, frames: wire.h */
};

/*
 * Gives up, in this order: the file system (chroot to the empty directory
 * root), core dumps, the user, all groups but gid, all capabilities, the
 * right to gain any of it again, and every system call the loop does not
 * need: one outside the list kills the process. No way back. What is needed
 * depends on the ends. On failure *what names the step.
 */
NODISCARD int priv_drop(uid_t uid, gid_t gid, const char *root,
			enum priv_ends ends, const char **what);

/* The same with fewer system calls: for who only reads a capture's ring. */
NODISCARD int priv_drop_watcher(uid_t uid, gid_t gid, const char *root,
				const char **what);
/* ... and prints what it finds. It outlives its parent. */
NODISCARD int priv_drop_auditor(uid_t uid, gid_t gid, const char *root,
				const char **what);

#endif /* PRIV_H */
