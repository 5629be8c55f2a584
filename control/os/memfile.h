/* SPDX-License-Identifier: ISC */
/*
 * memfile.h - a file without a name, for another program to read or write
 */
#ifndef MEMFILE_H
#define MEMFILE_H

#include <stddef.h>

#include "compat.h"

/* Empty, or of so many NULs: then it does not grow. A descriptor or -errno. */
NODISCARD int memfile_open(size_t fixed);

#endif /* MEMFILE_H */
