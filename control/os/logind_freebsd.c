/* SPDX-License-Identifier: ISC */
/*
 * devd's socket, which everybody may read. It tells of a sleep when the
 * programs of /etc/rc.suspend are started, and nobody is waited for: there is
 * no lock. Its messages come from the kernel, so there is nothing to forge.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/devd.h"
#include "os/logind.h"

static const char path[] = "/var/run/devd.seqpacket.pipe";

struct logind {
	int fd;
};

static int connect_to(int fd)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	memcpy(sa.sun_path, path, sizeof(path));
	return connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0 ?
	       -errno : 0;
}

int logind_open(struct logind **logind, struct why *why)
{
	struct logind *l = calloc(1, sizeof(*l));
	int error = 0;

	if (l == NULL)
		return why_set(why, -ENOMEM, "devd: no memory");
	l->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       0);
	error = l->fd < 0 ? -errno : connect_to(l->fd);
	if (error == 0) {
		*logind = l;
		return 0;
	}
	if (l->fd >= 0)
		close(l->fd);
	free(l);
	/* No bus is to be waited for: it is tried again. */
	return why_set(why, error == -ENOENT ? -ECONNREFUSED : error,
		       "devd: %s: %s", path, strerror(-error));
}

void logind_close(struct logind *l)
{
	close(l->fd);
	free(l);
}

int logind_fd(struct logind *l)
{
	return l->fd;
}

int logind_poll(struct logind *l)
{
	(void)l;
	return POLLIN;
}

uint64_t logind_until(struct logind *l)
{
	(void)l;
	return UINT64_MAX;
}

int logind_next(struct logind *l, enum logind_event *event, struct why *why)
{
	char text[DEVD_MESSAGE];
	ssize_t n = recv(l->fd, text, sizeof(text), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return why_set(why, -ECONNRESET, "devd: it is gone");
	switch (devd_read(text, (size_t)n)) {
	case DEVD_SLEEP:
		*event = LOGIND_SLEEP;
		break;
	case DEVD_WAKE:
		*event = LOGIND_WAKE;
		break;
	default:
		*event = LOGIND_NOTHING;
		break;
	}
	return 1;
}

void logind_hold(struct logind *l)
{
	(void)l;
}

void logind_release(struct logind *l)
{
	(void)l;
}

bool logind_holds(const struct logind *l)
{
	(void)l;
	return false;
}

uint64_t logind_forged(const struct logind *l)
{
	(void)l;
	return 0;
}
