/* SPDX-License-Identifier: ISC */
#include "router.h"

#include <string.h>

#include "daemon.h"

static bool is_known(const struct daemon *d)
{
	static const uint8_t none[sizeof(d->gateway_mac)];

	return memcmp(d->gateway_mac, none, sizeof(none)) != 0;
}

void router_forget(struct daemon *d)
{
	memset(d->gateway_mac, 0, sizeof(d->gateway_mac));
}

void router_read(struct daemon *d)
{
	unsigned int ifindex = if_nametoindex(d->uplink);
	struct netpath path;

	if (is_known(d) || ifindex == 0)
		return;
	netinfo_path(&d->gateway, ifindex, &path);
	memcpy(d->gateway_mac, path.mac, sizeof(d->gateway_mac));
}

bool router_another(struct daemon *d, const char *ifname)
{
	bool was_known = is_known(d), same;
	struct neighbour n;

	netmon_neighbour(d->netmon, &n);
	if (strcmp(ifname, d->uplink) != 0 ||
	    !ipaddr_equal(&n.addr, &d->gateway))
		return false;
	same = memcmp(d->gateway_mac, n.mac, sizeof(n.mac)) == 0;
	memcpy(d->gateway_mac, n.mac, sizeof(n.mac));
	/* One without any is not known from now on. */
	return was_known && !same && is_known(d);
}
