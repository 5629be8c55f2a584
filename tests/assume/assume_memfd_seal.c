/* SPDX-License-Identifier: ISC */
/*
 * Assumed by datapath/shared/arena.c (Linux 5.1): F_SEAL_FUTURE_WRITE leaves
 * the writable mapping that exists and refuses every other way to write; a
 * mapping by a read-only descriptor can never be made writable, also if it
 * is older than the seal; a sealed file cannot be cut under its readers.
 *
 * 0 = holds, 1 = does not, 77 = cannot run here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIZE = 65536 };

static int failures;

static void claim(bool holds, const char *what)
{
	printf("%s: %s\n", holds ? "holds" : "FAILS", what);
	failures += !holds;
}

static bool refused(int result, int error)
{
	return result == -1 && errno == error;
}

static char *map(int fd, int prot)
{
	return mmap(NULL, SIZE, prot, MAP_SHARED, fd, 0);
}

static int reopen(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void after_the_seal(int fd, char *writer, char *early)
{
	char *late = map(fd, PROT_READ);
	const int rw = PROT_READ | PROT_WRITE;

	claim(late != MAP_FAILED, "a reading mapping can still be had");
	strcpy(writer, "kept");
	claim(late != MAP_FAILED && strcmp(late, "kept") == 0,
	      "the old mapping still writes, and readers see it");
	claim(refused(mprotect(late, SIZE, rw), EACCES),
	      "mprotect() refuses a mapping made after the seal");
	claim(refused(mprotect(early, SIZE, rw), EACCES),
	      "mprotect() refuses one made before, by a reader's descriptor");
	claim(map(fd, rw) == MAP_FAILED && errno == EPERM,
	      "no second writable mapping");
	claim(refused((int)pwrite(fd, "x", 1, 0), EPERM), "no write()");
	claim(refused(ftruncate(fd, 0), EPERM), "no shrinking");
	claim(refused(ftruncate(fd, 2 * SIZE), EPERM), "no growing");
	claim(refused(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				0, SIZE), EPERM), "no holes");
	claim(refused(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM),
	      "no more seals after F_SEAL_SEAL");
}

int main(void)
{
	int fd = memfd_create("assume", MFD_CLOEXEC | MFD_ALLOW_SEALING), ro;
	char *writer, *early;

	if (fd < 0 || ftruncate(fd, SIZE) < 0 || (ro = reopen(fd)) < 0) {
		perror("memory file");
		return 77;
	}
	writer = map(fd, PROT_READ | PROT_WRITE);
	early = map(ro, PROT_READ);
	if (writer == MAP_FAILED || early == MAP_FAILED) {
		perror("mmap");
		return 77;
	}
	claim(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0,
	      "size is sealed first");
	claim(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) == 0,
	      "F_SEAL_FUTURE_WRITE can be added while a writer has it mapped");
	after_the_seal(fd, writer, early);
	return failures == 0 ? 0 : 1;
}
