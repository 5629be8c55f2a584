/* SPDX-License-Identifier: ISC */
/*
 * Shared memory cannot be read or written as a file here, so it is a file that
 * has lost its name. It can grow: who writes to it is a program of the
 * system's, and is given some seconds.
 */
#include "os/memfile.h"

#include <errno.h>
#include <fcntl.h>
#include <paths.h>
#include <stdlib.h>
#include <unistd.h>

int memfile_open(size_t fixed)
{
	char path[] = _PATH_VARTMP "sallyport.XXXXXXXX";
	int fd = mkostemp(path, O_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	if (unlink(path) == 0 && ftruncate(fd, (off_t)fixed) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}
