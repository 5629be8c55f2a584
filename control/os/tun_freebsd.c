/* SPDX-License-Identifier: ISC */
/*
 * /dev/tun makes a new interface for who opens it. From FreeBSD 15 on, it
 * goes with the last descriptor; before, it stays, and one of our name that a
 * dead daemon has left must be destroyed by hand.
 */
#include "os/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_tun.h>
#include <netinet/in.h>
#include <netinet6/in6_var.h>
#include <netinet6/nd6.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sockio.h>
#include <time.h>
#include <unistd.h>

enum {
	/* A datapath whose parent was killed may hold its device yet. */
	TRIES = 40, PAUSE_MS = 25,
};

/* Packets behind their address family; one other end; no group is joined. */
static int shape(int fd)
{
	int on = 1, mode = IFF_POINTOPOINT;

	if (ioctl(fd, TUNSIFHEAD, &on) < 0 ||
	    ioctl(fd, TUNSIFMODE, &mode) < 0)
		return -errno;
#ifdef TUNSTRANSIENT
	if (ioctl(fd, TUNSTRANSIENT, &on) < 0 && errno != ENOTTY)
		return -errno;
#endif
	return 0;
}

/* Nobody is there to be asked whether an address is his: an address can be
 * used at once. That it is said of the address alone does not count here. */
static int ask_nobody(const char *name)
{
	struct in6_ndireq r;
	int s = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = 0;

	/* A kernel without IPv6. */
	if (s < 0)
		return 0;
	memset(&r, 0, sizeof(r));
	snprintf(r.ifname, sizeof(r.ifname), "%s", name);
	if (ioctl(s, SIOCGIFINFO_IN6, &r) < 0)
		error = -errno;
	r.ndi.flags |= ND6_IFF_NO_DAD;
	if (error == 0 && ioctl(s, SIOCSIFINFO_FLAGS, &r) < 0)
		error = -errno;
	close(s);
	return error;
}

static int name_it(int s, struct ifreq *ifr, const char *name)
{
	static const struct timespec pause = {
		.tv_nsec = PAUSE_MS * 1000000L,
	};
	char new[IFNAMSIZ];
	int error = 0;

	snprintf(new, sizeof(new), "%s", name);
	ifr->ifr_data = new;
	for (int i = 0; i < TRIES; i++) {
		error = ioctl(s, SIOCSIFNAME, ifr) < 0 ? -errno : 0;
		if (error != -EEXIST)
			break;
		nanosleep(&pause, NULL);
	}
	return error;
}

/* On failure, fd is closed, and what it has made is gone: it cannot go before,
 * and does not always go by itself. */
static int prepare(int fd, const char *name)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int error = s < 0 ? -errno : shape(fd);
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	if (error == 0 && ioctl(fd, TUNGIFNAME, &ifr) < 0)
		error = -errno;
	if (error == 0)
		error = ask_nobody(ifr.ifr_name);
	if (error == 0)
		error = name_it(s, &ifr, name);
	if (error != 0)
		close(fd);
	if (error != 0 && ifr.ifr_name[0] != '\0')
		(void)ioctl(s, SIOCIFDESTROY, &ifr);
	if (s >= 0)
		close(s);
	return error;
}

int tun_open(const char *name, int *fd, struct why *why)
{
	int new = open("/dev/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int error;

	if (new < 0)
		return why_set(why, -errno, "/dev/tun: %s; is there a module "
			       "if_tuntap?", strerror(errno));
	error = prepare(new, name);
	if (error == 0) {
		*fd = new;
		return 0;
	}
	if (error == -EEXIST)
		return why_set(why, -EBUSY, "an interface %s is there already; "
			       "if a daemon that died has left it: ifconfig %s "
			       "destroy", name, name);
	return why_set(why, error, "%s: no TUN device: %s", name,
		       strerror(-error));
}
