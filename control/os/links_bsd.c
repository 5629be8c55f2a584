/* SPDX-License-Identifier: ISC */
#include "os/links.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

/* Names of drivers; an interface has a number behind it. */
static const char *const ignored[] = {
	"lo", "pflog", "pfsync", "enc", "usbus", "disc", "edsc",
	/* their ports or lower links are seen themselves */
	"bridge", "bond", "lagg", "vlan", "feth", "epair",
	/* tunnels, sealed or not: the outer packets are seen */
	"utun", "tun", "tap", "wg", "ipsec", "ppp", "gif", "gre", "stf",
	"vxlan", "ng", "ovpn",
};

static bool is(const char *driver, const char *kind)
{
	return strcmp(driver, kind) == 0;
}

bool links_leave(const char *kind, unsigned int type, bool port)
{
	(void)type;
	(void)port;
	for (size_t i = 0; i < NITEMS(ignored); i++)
		if (is(ignored[i], kind))
			return false;
	return true;
}

int links_ignored(uint32_t *ifindex, unsigned int max)
{
	struct if_nameindex *all = if_nameindex();
	unsigned int n = 0;

	if (all == NULL)
		return -errno;
	for (const struct if_nameindex *i = all; i->if_index != 0; i++) {
		char kind[IF_NAMESIZE] = "";
		size_t len = strcspn(i->if_name, "0123456789");

		memcpy(kind, i->if_name, len < IF_NAMESIZE ? len : 0);
		if (!links_leave(kind, 0, false) && n < max)
			ifindex[n++] = i->if_index;
	}
	if_freenameindex(all);
	return (int)n;
}
