/* SPDX-License-Identifier: ISC */
/*
 * memory.h - memory that two processes share, and one of them writes
 *
 * Files without a name. The process that makes one and the one that inherits
 * its descriptor map it, and it is sealed, in the order that arena.c draws.
 * Pages are there from the start: the hot paths fault on none. All return
 * -errno; what was opened on the way is the caller's to close.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>

#include "compat.h"

/* Made here, 0 all over. Nobody but this process can map it writable. */
NODISCARD int memory_ours(const char *name, size_t size, int *fd, void **p);
/* Made here for the other process to write; our view can only be read. */
NODISCARD int memory_theirs(const char *name, size_t size, int *fd, void **p);

/* What was inherited is what this very build makes. */
NODISCARD int memory_read(int fd, size_t size, void **p);
/* Nobody can map it writable from here on. */
NODISCARD int memory_write(int fd, size_t size, void **p);

/* Whatever it is; prot as of mmap(2). */
NODISCARD int memory_map(int fd, size_t size, int prot, void **p);

#endif /* MEMORY_H */
