/* SPDX-License-Identifier: ISC */
/*
 * Linux, and FreeBSD since 13.
 */
#include "os/memfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int memfile_open(size_t fixed)
{
	unsigned int flags = fixed > 0 ? MFD_CLOEXEC | MFD_ALLOW_SEALING :
					 MFD_CLOEXEC;
	int fd = memfd_create("run", flags), error;

	if (fd < 0)
		return -errno;
	if (fixed == 0 ||
	    (ftruncate(fd, (off_t)fixed) == 0 &&
	     fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) == 0))
		return fd;
	error = -errno;
	close(fd);
	return error;
}
