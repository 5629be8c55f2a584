/* SPDX-License-Identifier: ISC */
#include <sys/types.h>

#include "os/selfexe.h"

#include <limits.h>
#include <stddef.h>
#include <sys/sysctl.h>

/* By name, as the kernel has it now. */
const char *selfexe(void)
{
	static const int mib[] = { CTL_KERN, KERN_PROC, KERN_PROC_PATHNAME, -1 };
	static char path[PATH_MAX];
	size_t size = sizeof(path);

	return sysctl(mib, sizeof(mib) / sizeof(mib[0]), path, &size, NULL,
		      0) == 0 ? path : NULL;
}
