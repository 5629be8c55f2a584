/* SPDX-License-Identifier: ISC */
#include "os/filewatch.h"

#include <string.h>
#include <unistd.h>

bool filewatch_hop(char path[static PATH_MAX])
{
	char to[PATH_MAX], *slash = strrchr(path, '/');
	ssize_t n = readlink(path, to, sizeof(to) - 1);
	size_t keep = slash != NULL ? (size_t)(slash + 1 - path) : 0;

	if (n <= 0)
		return false;
	to[n] = '\0';
	if (to[0] == '/')
		keep = 0;
	if (keep + (size_t)n >= PATH_MAX)
		return false;
	memcpy(path + keep, to, (size_t)n + 1);
	return true;
}
