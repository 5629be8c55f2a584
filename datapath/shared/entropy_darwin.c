/* SPDX-License-Identifier: ISC */
#include "shared/entropy.h"

#include <stdlib.h>

/* Seeded by the kernel, and anew in a child; it cannot fail. */
bool entropy_fill(void *p, size_t size)
{
	arc4random_buf(p, size);
	return true;
}
