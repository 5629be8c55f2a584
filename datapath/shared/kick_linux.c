/* SPDX-License-Identifier: ISC */
#include "shared/kick.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Both ends are the same file. */
int kick_open(int *taker, int *giver)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int error, other = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (other >= 0) {
		*taker = fd;
		*giver = other;
		return 0;
	}
	error = -errno;
	if (fd >= 0)
		close(fd);
	return error;
}

void kick_give(int giver)
{
	static const uint64_t one = 1;

	(void)!write(giver, &one, sizeof(one));
}

void kick_take(int taker)
{
	uint64_t n;

	(void)!read(taker, &n, sizeof(n));
}

/* Each write is told, whatever was read. */
void kick_told(int taker)
{
	(void)taker;
}
