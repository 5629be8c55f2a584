/* SPDX-License-Identifier: ISC */
#include "shared/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Linux 6.3; sysctl vm.memfd_noexec = 2 refuses files without it. */
enum { NOEXEC_SEAL = 0x0008 };

enum {
	SEALS_SIZE = F_SEAL_SHRINK | F_SEAL_GROW,
	SEALS_OURS = SEALS_SIZE | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL,
	SEALS_THEIRS = F_SEAL_FUTURE_WRITE | F_SEAL_SEAL,
};

/* The one place that knows where shared memory comes from: an fd. */
static int create(const char *name, size_t size)
{
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create(name, flags | NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

int memory_map(int fd, size_t size, int prot, void **p)
{
	void *m = mmap(NULL, size, prot, MAP_SHARED | MAP_POPULATE, fd, 0);

	if (m == MAP_FAILED)
		return -errno;
	*p = m;
	return 0;
}

/* Maps fd so that not even mprotect() can make it writable. */
static int map_reader(int fd, size_t size, void **p)
{
	char path[32];
	int ro, error;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY | O_CLOEXEC);
	if (ro < 0)
		return -errno;
	error = memory_map(ro, size, PROT_READ, p);
	close(ro);
	return error;
}

static int seal(int fd, int seals)
{
	return fcntl(fd, F_ADD_SEALS, seals) < 0 ? -errno : 0;
}

int memory_ours(const char *name, size_t size, int *fd, void **p)
{
	int error;

	*fd = create(name, size);
	if (*fd < 0)
		return *fd;
	error = memory_map(*fd, size, PROT_READ | PROT_WRITE, p);
	return error < 0 ? error : seal(*fd, SEALS_OURS);
}

int memory_theirs(const char *name, size_t size, int *fd, void **p)
{
	int error;

	*fd = create(name, size);
	if (*fd < 0)
		return *fd;
	error = map_reader(*fd, size, p);
	return error < 0 ? error : seal(*fd, SEALS_SIZE);
}

static int check(int fd, size_t size, int seals)
{
	struct stat st;
	int have = fcntl(fd, F_GET_SEALS);

	if (have < 0 || fstat(fd, &st) < 0)
		return -errno;
	if ((have & seals) != seals || st.st_size != (off_t)size)
		return -EPROTO;
	return 0;
}

int memory_read(int fd, size_t size, void **p)
{
	int error = check(fd, size, SEALS_OURS);

	return error < 0 ? error : memory_map(fd, size, PROT_READ, p);
}

int memory_write(int fd, size_t size, void **p)
{
	int error = check(fd, size, SEALS_SIZE);

	if (error == 0)
		error = memory_map(fd, size, PROT_READ | PROT_WRITE, p);
	return error < 0 ? error : seal(fd, SEALS_THEIRS);
}
