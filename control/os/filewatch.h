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

#include <stdbool.h>

#include "compat.h"
#include "why.h"

struct filewatch;

/* The file need not exist, but its directory. */
NODISCARD int filewatch_open(struct filewatch **watch, const char *path,
			     struct why *why);
void filewatch_close(struct filewatch *w);
/* Readable: look. */
int filewatch_fd(const struct filewatch *w);
/* Has anything happened to it since the last look? */
bool filewatch_look(struct filewatch *w);

#endif /* FILEWATCH_H */
