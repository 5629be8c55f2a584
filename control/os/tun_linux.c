/* SPDX-License-Identifier: ISC */
#include "os/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
	/* A datapath whose parent was killed may hold its device yet. */
	TRIES = 40, PAUSE_MS = 25,
};

/* 0, or -errno. */
static int attach(int fd, const char *name)
{
	static const struct timespec pause = {
		.tv_nsec = PAUSE_MS * 1000000L,
	};
	struct ifreq ifr = { 0 };
	int error = 0;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	for (int i = 0; i < TRIES; i++) {
		ifr.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL);
		error = ioctl(fd, TUNSETIFF, &ifr) < 0 ? -errno : 0;
		if (error != -EBUSY && error != -EINVAL)
			break;
		nanosleep(&pause, NULL);
	}
	return error;
}

int tun_open(const char *name, int *fd, struct why *why)
{
	int new = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int error;

	if (new < 0)
		return why_set(why, -errno, "/dev/net/tun: %s; is there a "
			       "module tun?", strerror(errno));
	error = attach(new, name);
	if (error == 0) {
		*fd = new;
		return 0;
	}
	close(new);
	/* EINVAL: of that name, and no TUN. */
	if (error == -EBUSY || error == -EINVAL)
		return why_set(why, -EBUSY, "an interface %s is there already, "
			       "and not ours; remove or rename it", name);
	return why_set(why, error, "%s: no TUN device: %s", name,
		       strerror(-error));
}
