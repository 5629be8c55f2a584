/* SPDX-License-Identifier: ISC */
#include "shared/memoryobject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NAME_MAX_HERE = 32 };	/* PSHMNAMLEN is 31 */

/*
 * A name is needed for a moment, to open it a second time. Root's, for root
 * alone, drawn at random: one that is there already is an error. Its size can
 * be set once (pshm_truncate() of xnu).
 */
int memoryobject_open(const char *name, size_t size, struct memoryobject *o)
{
	struct memoryobject made = { -1, -1 };
	char path[NAME_MAX_HERE];
	int error = 0;

	snprintf(path, sizeof(path), "/%.12s.%08x", name, arc4random());
	made.writer = shm_open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (made.writer < 0)
		return -errno;
	made.reader = shm_open(path, O_RDONLY, 0);
	if (made.reader < 0 || ftruncate(made.writer, (off_t)size) < 0 ||
	    fcntl(made.writer, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(made.reader, F_SETFD, FD_CLOEXEC) < 0)
		error = -errno;
	shm_unlink(path);
	if (error == 0) {
		*o = made;
		return 0;
	}
	if (made.reader >= 0)
		close(made.reader);
	close(made.writer);
	return error;
}
