/* SPDX-License-Identifier: ISC */
#include "poller.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/event.h>
#include <sys/time.h>
#include <unistd.h>

enum { BATCH = 64 };

_Static_assert(sizeof(void *) >= sizeof(uint64_t), "room for a token");

int poller_open(struct poller *p)
{
	int fd = kqueue(), error;

	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
		error = -errno;
		close(fd);
		return error;
	}
	p->fd = fd;
	return 0;
}

static int control(struct poller *p, int fd, short filter, unsigned short flags,
		   uint64_t token)
{
	struct kevent ev;

	EV_SET(&ev, (uintptr_t)fd, filter, flags, 0, 0,
	       (void *)(uintptr_t)token);
	return kevent(p->fd, &ev, 1, NULL, 0, NULL) < 0 ? -errno : 0;
}

int poller_add(struct poller *p, int fd, uint64_t token)
{
	return control(p, fd, EVFILT_READ, EV_ADD, token);
}

/* A kick is read by who is told of it (kick_told()). */
int poller_add_kick(struct poller *p, int fd, uint64_t token)
{
	return poller_add(p, fd, token);
}

int poller_mod(struct poller *p, int fd, uint64_t token, bool write)
{
	int error = poller_add(p, fd, token);

	if (error < 0)
		return error;
	error = control(p, fd, EVFILT_WRITE, write ? EV_ADD : EV_DELETE, token);
	return error == -ENOENT && !write ? 0 : error;
}

int poller_wait(struct poller *p, uint64_t *tokens, int max, int timeout_ms)
{
	const struct timespec at_most = {
		timeout_ms / 1000, timeout_ms % 1000 * 1000000L,
	};
	struct kevent ev[BATCH];
	int n = kevent(p->fd, NULL, 0, ev, max < BATCH ? max : BATCH,
		       timeout_ms < 0 ? NULL : &at_most);

	for (int i = 0; i < n; i++)
		tokens[i] = (uint64_t)(uintptr_t)ev[i].udata;
	return n < 0 ? 0 : n;
}
