/* SPDX-License-Identifier: ISC */
#include "os/swapname.h"

#include <errno.h>

int swapname(int dir, const char *one, const char *other)
{
	(void)dir;
	(void)one;
	(void)other;
	return -EOPNOTSUPP;
}
