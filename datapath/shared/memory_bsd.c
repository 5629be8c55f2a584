/* SPDX-License-Identifier: ISC */
/*
 * Shared memory objects without a name. There are no seals as Linux has them:
 * who may only read gets a descriptor that cannot map it writable, and the
 * size is fixed before anybody else has one (memoryobject.h).
 */
#include "shared/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/memoryobject.h"

int memory_map(int fd, size_t size, int prot, void **p)
{
	void *m = mmap(NULL, size, prot, MAP_SHARED, fd, 0);

	if (m == MAP_FAILED)
		return -errno;
	/* A hint: the first touch of a page may still fault. */
	(void)madvise(m, size, MADV_WILLNEED);
	*p = m;
	return 0;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* We write, and *fd can only read. */
int memory_ours(const char *name, size_t size, int *fd, void **p)
{
	struct memoryobject o = { -1, -1 };
	int error = memoryobject_open(name, size, &o);

	if (error == 0)
		error = memory_map(o.writer, size, PROT_READ | PROT_WRITE, p);
	shut(&o.writer);
	if (error < 0)
		shut(&o.reader);
	*fd = o.reader;
	return error;
}

/* We read, and *fd can write. */
int memory_theirs(const char *name, size_t size, int *fd, void **p)
{
	struct memoryobject o = { -1, -1 };
	int error = memoryobject_open(name, size, &o);

	if (error == 0)
		error = memory_map(o.reader, size, PROT_READ, p);
	shut(&o.reader);
	if (error < 0)
		shut(&o.writer);
	*fd = o.writer;
	return error;
}

/* The kernel may count in pages. */
static int check(int fd, size_t size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_size < (off_t)size ? -EPROTO : 0;
}

static int inherit(int fd, size_t size, int prot, void **p)
{
	int error = check(fd, size);

	return error < 0 ? error : memory_map(fd, size, prot, p);
}

int memory_read(int fd, size_t size, void **p)
{
	return inherit(fd, size, PROT_READ, p);
}

/* Who hands it on is control alone; its own descriptor is closed by now. */
int memory_write(int fd, size_t size, void **p)
{
	return inherit(fd, size, PROT_READ | PROT_WRITE, p);
}
