/* SPDX-License-Identifier: ISC */
/*
 * A utun: a socket to a kernel control of that name, which makes the interface
 * when it is connected and takes it away when it is closed. Its unit is one
 * more than the number in the interface's name.
 */
#include "os/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/kern_control.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#if __has_include(<sys/sys_domain.h>)
#include <sys/sys_domain.h>
#endif
#if __has_include(<net/if_utun.h>)
#include <net/if_utun.h>
#endif

/* xnu: sys_domain.h, if_utun.h; not in every set of cross headers. */
enum {
	CONTROL_PROTOCOL = 2,	/* SYSPROTO_CONTROL */
	CONTROL_ADDRESS = 2,	/* AF_SYS_CONTROL */
	OPTION_NAME = 2,	/* UTUN_OPT_IFNAME */
};
#define CONTROL "com.apple.net.utun_control"

#ifdef SYSPROTO_CONTROL
_Static_assert(SYSPROTO_CONTROL == CONTROL_PROTOCOL &&
	       AF_SYS_CONTROL == CONTROL_ADDRESS, "xnu, sys_domain.h");
#endif
#ifdef UTUN_OPT_IFNAME
_Static_assert(UTUN_OPT_IFNAME == OPTION_NAME, "xnu, if_utun.h");
#endif
_Static_assert(CTLIOCGINFO == 0xc0644e03, "xnu, kern_control.h");
_Static_assert(sizeof(struct sockaddr_ctl) == 32, "xnu, kern_control.h");

enum {
	/* A datapath whose parent was killed may hold its device yet. */
	TRIES = 40, PAUSE_MS = 25,
};

static int join(int fd, unsigned int unit)
{
	static const struct timespec pause = {
		.tv_nsec = PAUSE_MS * 1000000L,
	};
	struct ctl_info info = { .ctl_name = CONTROL };
	struct sockaddr_ctl sa = {
		.sc_len = sizeof(sa), .sc_family = AF_SYSTEM,
		.ss_sysaddr = CONTROL_ADDRESS, .sc_unit = unit,
	};
	int error = 0;

	if (ioctl(fd, CTLIOCGINFO, &info) < 0)
		return -errno;
	sa.sc_id = info.ctl_id;
	for (int i = 0; i < TRIES; i++) {
		error = connect(fd, (const struct sockaddr *)&sa,
				sizeof(sa)) < 0 ? -errno : 0;
		if (error != -EBUSY)
			break;
		nanosleep(&pause, NULL);
	}
	return error;
}

/* Is it called what it was to be called? */
static int check_name(int fd, const char *name)
{
	char got[IF_NAMESIZE] = "";
	socklen_t len = sizeof(got) - 1;

	if (getsockopt(fd, CONTROL_PROTOCOL, OPTION_NAME, got, &len) < 0)
		return -errno;
	return strcmp(got, name) == 0 ? 0 : -EBUSY;
}

static int prepare(int fd, const char *name)
{
	unsigned int number;
	int error;

	if (sscanf(name, "utun%u", &number) != 1)
		return -EINVAL;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	error = join(fd, number + 1);
	return error == 0 ? check_name(fd, name) : error;
}

int tun_open(const char *name, int *fd, struct why *why)
{
	int new = socket(PF_SYSTEM, SOCK_DGRAM, CONTROL_PROTOCOL);
	int error = new < 0 ? -errno : prepare(new, name);

	if (error == 0) {
		*fd = new;
		return 0;
	}
	if (new >= 0)
		close(new);
	if (error == -EBUSY)
		return why_set(why, error, "an interface %s is there already, "
			       "and not ours", name);
	return why_set(why, error, "%s: no utun: %s", name, strerror(-error));
}
