/* SPDX-License-Identifier: ISC */
#include "os/linkevent.h"

#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sockio.h>
#include <unistd.h>

#include "shared/socket.h"

/* net/if_media.h, which cross headers leave out. */
enum { STATUS_KNOWN = 1, STATUS_ACTIVE = 2 };
#ifdef IFM_AVALID
_Static_assert(STATUS_KNOWN == IFM_AVALID && STATUS_ACTIVE == IFM_ACTIVE,
	       "net/if_media.h");
#endif

static bool has_carrier(int fd, const char *name)
{
	struct ifmediareq media = { 0 };

	memcpy(media.ifm_name, name, strnlen(name, IF_NAMESIZE - 1));
	return ioctl(fd, SIOCGIFMEDIA, &media) < 0 ||
	       (media.ifm_status & STATUS_KNOWN) == 0 ||
	       (media.ifm_status & STATUS_ACTIVE) != 0;
}

bool linkevent_up(unsigned int ifindex)
{
	struct ifreq r = { 0 };
	int fd = socket_open(AF_INET, SOCK_DGRAM);
	bool up;

	if (fd < 0)
		return false;
	up = if_indextoname(ifindex, r.ifr_name) != NULL &&
	     ioctl(fd, SIOCGIFFLAGS, &r) == 0 && (r.ifr_flags & IFF_UP) != 0 &&
	     (r.ifr_flags & IFF_RUNNING) != 0 && has_carrier(fd, r.ifr_name);
	close(fd);
	return up;
}
