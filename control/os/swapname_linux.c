/* SPDX-License-Identifier: ISC */
#include "os/swapname.h"

#include <errno.h>
#include <stdio.h>

int swapname(int dir, const char *one, const char *other)
{
	return renameat2(dir, one, dir, other, RENAME_EXCHANGE) != 0 ? -errno :
								       0;
}
