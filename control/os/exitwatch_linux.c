/* SPDX-License-Identifier: ISC */
#include "os/exitwatch.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"

int exitwatch(pid_t pid, unsigned int wait_ms)
{
	uint64_t until = clock_boot() + wait_ms * CLOCK_MS, now;
	struct pollfd p = {
		.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN,
	};
	int n;

	if (p.fd < 0)
		return -errno;
	/* What shrinks: the time left. */
	do {
		now = clock_boot();
		n = poll(&p, 1, now < until ?
			 (int)((until - now) / CLOCK_MS) + 1 : 0);
	} while (n < 0 && errno == EINTR && now < until);
	close(p.fd);
	return n == 1 ? 0 : -ETIMEDOUT;
}
