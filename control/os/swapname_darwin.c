/* SPDX-License-Identifier: ISC */
#include "os/swapname.h"

#include <errno.h>
#include <stdio.h>

/* ENOTSUP on file systems that are not Apple's. */
int swapname(int dir, const char *one, const char *other)
{
	return renameatx_np(dir, one, dir, other, RENAME_SWAP) != 0 ? -errno :
								      0;
}
