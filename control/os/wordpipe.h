/* SPDX-License-Identifier: ISC */
/*
 * wordpipe.h - words from a thread of the system's to the loop
 *
 * Neither end waits. A word arrives whole or, when 4 KiB of them were not
 * read, not at all.
 */
#ifndef WORDPIPE_H
#define WORDPIPE_H

#include <stdbool.h>
#include <stddef.h>

#include "compat.h"

struct wordpipe {
	int read, write;
};

NODISCARD int wordpipe_open(struct wordpipe *p);
void wordpipe_close(struct wordpipe *p);
/* Any thread. */
void wordpipe_tell(const struct wordpipe *p, const void *word, size_t size);
/* False: there is none. */
bool wordpipe_next(const struct wordpipe *p, void *word, size_t size);

#endif /* WORDPIPE_H */
