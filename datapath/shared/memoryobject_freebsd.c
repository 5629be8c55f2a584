/* SPDX-License-Identifier: ISC */
#include "shared/memoryobject.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/capsicum.h>
#include <sys/mman.h>
#include <unistd.h>

/* A copy that may be mapped to read, and asked for its size: no more. */
static int reader_of(int fd)
{
	cap_rights_t rights;
	int error, reader = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (reader < 0)
		return -errno;
	cap_rights_init(&rights, CAP_MMAP_R, CAP_FSTAT);
	if (cap_rights_limit(reader, &rights) == 0)
		return reader;
	error = -errno;
	close(reader);
	return error;
}

/* SHM_ANON with seals: since FreeBSD 13. */
int memoryobject_open(const char *name, size_t size, struct memoryobject *o)
{
	int writer = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int reader;

	if (writer < 0)
		return -errno;
	if (ftruncate(writer, (off_t)size) < 0 ||
	    fcntl(writer, F_ADD_SEALS,
		  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		reader = -errno;
	else
		reader = reader_of(writer);
	if (reader < 0) {
		close(writer);
		return reader;
	}
	*o = (struct memoryobject){ writer, reader };
	return 0;
}
