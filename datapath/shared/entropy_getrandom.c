/* SPDX-License-Identifier: ISC */
/*
 * Linux and FreeBSD.
 */
#include "shared/entropy.h"

#include <sys/random.h>

bool entropy_fill(void *p, size_t size)
{
	return getrandom(p, size, 0) == (ssize_t)size;
}
