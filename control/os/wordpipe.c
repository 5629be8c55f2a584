/* SPDX-License-Identifier: ISC */
#include "os/wordpipe.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int prepare(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	       fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

int wordpipe_open(struct wordpipe *p)
{
	int ends[2], error;

	if (pipe(ends) < 0)	/* macOS has no pipe2() */
		return -errno;
	*p = (struct wordpipe){ ends[0], ends[1] };
	error = prepare(p->read);
	if (error == 0)
		error = prepare(p->write);
	if (error != 0)
		wordpipe_close(p);
	return error;
}

void wordpipe_close(struct wordpipe *p)
{
	close(p->read);
	close(p->write);
}

void wordpipe_tell(const struct wordpipe *p, const void *word, size_t size)
{
	/* Up to PIPE_BUF octets all or nothing (pipe(7)). */
	(void)!write(p->write, word, size);
}

bool wordpipe_next(const struct wordpipe *p, void *word, size_t size)
{
	return read(p->read, word, size) == (ssize_t)size;
}
