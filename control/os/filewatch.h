/* SPDX-License-Identifier: ISC */
/*
 * filewatch.h - tells when somebody changes a file
 *
 * Whatever way: in place, by rename, and where it is a symlink, what that
 * leads to. A target stays watched when a file has taken the symlink's place:
 * it may come back.
 */
#ifndef FILEWATCH_H
#define FILEWATCH_H

#include "compat.h"
#include "why.h"

struct filewatch;

enum filewatch_change {
	FILEWATCH_WRITTEN = 1,	/* in place: the writer may not be through */
	FILEWATCH_REPLACED = 2,	/* by another file, whole */
};

/* The file need not exist, but its directory. */
NODISCARD int filewatch_open(struct filewatch **watch, const char *path,
			     struct why *why);
void filewatch_close(struct filewatch *w);
/* Readable: look. */
int filewatch_fd(const struct filewatch *w);
/* What has happened since the last look; 0 = nothing to it. */
unsigned int filewatch_look(struct filewatch *w);

#endif /* FILEWATCH_H */
