/* SPDX-License-Identifier: ISC */
#include "os/selfexe.h"

#include <limits.h>
#include <mach-o/dyld.h>
#include <stddef.h>
#include <stdint.h>

/* By name. One that was replaced by another build is refused by the records'
 * sizes, or by the arena's. */
const char *selfexe(void)
{
	static char path[PATH_MAX];
	uint32_t size = sizeof(path);

	return _NSGetExecutablePath(path, &size) == 0 ? path : NULL;
}
