/* SPDX-License-Identifier: ISC */
/*
 * filewatch.h - has somebody changed one of these files?
 *
 * By their folders, so that a file may come, go, be written or replaced by
 * rename; of a symlink, and of what it leads to, likewise. A file that is
 * still being written has not changed yet.
 */
#ifndef FILEWATCH_H
#define FILEWATCH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "compat.h"
#include "why.h"

struct filewatch;

NODISCARD int filewatch_open(struct filewatch **w, struct why *why);
void filewatch_close(struct filewatch *w);
/* Readable: ask. */
int filewatch_fd(const struct filewatch *w);

/*
 * From now on these, and no others: absolute paths, or what is in a folder
 * where the last character is a slash. To be called before they are read, and
 * each time, as symlinks may lead elsewhere by then. w may be NULL.
 */
void filewatch_follow(struct filewatch *w, const char *const *paths,
		      size_t n);

/* Since it was asked last? Perhaps not: the answer may err to yes. */
bool filewatch_changed(struct filewatch *w);
/* False: for a folder's other files it does, and for one that is still being
 * written. */
extern const bool filewatch_exact;

/* What the symlink at path leads to, in its place; false: it is none. */
bool filewatch_hop(char path[static PATH_MAX]);

#endif /* FILEWATCH_H */
