/* SPDX-License-Identifier: ISC */
#include "os/linkevent.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/kevabi_darwin.h"

enum { EVENT_MAX = 1024 };

static int prepare(int fd)
{
	struct kevabi_request links = {
		KEVABI_VENDOR_APPLE, KEVABI_CLASS_NETWORK, KEVABI_SUBCLASS_DL,
	};

	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	       fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
	       ioctl(fd, KEVABI_SET_FILTER, &links) < 0 ? -errno : 0;
}

int linkevent_open(void)
{
	int fd = socket(KEVABI_FAMILY, SOCK_RAW, KEVABI_PROTOCOL);
	int error = fd < 0 ? -errno : prepare(fd);

	if (fd >= 0 && error < 0)
		close(fd);
	return error < 0 ? error : fd;
}

/* Whatever it is: the link is looked at. */
int linkevent_next(int fd, unsigned int *ifindex)
{
	char name[KEVABI_NAME + 12];
	uint8_t buf[EVENT_MAX];
	struct kevabi_network e;
	ssize_t n = recv(fd, buf, sizeof(buf), 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	*ifindex = 0;
	if ((size_t)n >= KEVABI_HEADER + sizeof(e)) {
		memcpy(&e, buf + KEVABI_HEADER, sizeof(e));
		snprintf(name, sizeof(name), "%.*s%u", KEVABI_NAME, e.name,
			 e.unit);
		*ifindex = if_nametoindex(name);
	}
	return 1;
}
