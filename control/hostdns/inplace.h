/* SPDX-License-Identifier: ISC */
/*
 * inplace.h - changing a file that cannot be replaced by rename
 *
 * A bind-mounted file, or one in a directory that takes no other: its octets
 * are changed where they are, and what they were is kept in another
 * directory. See inplace.c for why a crash does no harm.
 *
 * Each: 0 or -errno.
 */
#ifndef INPLACE_H
#define INPLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "compat.h"

struct inplace {
	const char *path;	/* the file; symlinks are followed */
	const char *dir;	/* of the copy */
};

/* Of a rename that failed: the directory, or the file as a mount point, cannot
 * take part in one. */
bool inplace_needed(int error);

/* Keeps a copy unless there is one, then changes the file. */
NODISCARD int inplace_write(const struct inplace *p, const char *text,
			    size_t len);

/* Octets, mode, owner and times are what they were; the copy is gone. */
NODISCARD int inplace_restore(const struct inplace *p);

/* Has a write or a restore been cut short? Then the file must be restored. */
bool inplace_torn(const struct inplace *p);

/* The copy's octets; how many, or -errno. */
ssize_t inplace_original(const struct inplace *p, char *text, size_t size);

/* The file is somebody else's now: forgets the copy, and what is stale. */
NODISCARD int inplace_drop(const struct inplace *p);

#endif /* INPLACE_H */
