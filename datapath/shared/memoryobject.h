/* SPDX-License-Identifier: ISC */
/*
 * memoryobject.h - a shared memory object of a fixed size without a name
 */
#ifndef MEMORYOBJECT_H
#define MEMORYOBJECT_H

#include <stddef.h>

#include "compat.h"

struct memoryobject {
	int writer, reader;	/* what is mapped by reader can never be
				 * written by it */
};

/* 0 all over. 0 or -errno; nothing is left over then. */
NODISCARD int memoryobject_open(const char *name, size_t size,
				struct memoryobject *o);

#endif /* MEMORYOBJECT_H */
