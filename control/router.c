/* SPDX-License-Identifier: ISC */
#include "router.h"

#include <string.h>

#include "daemon.h"

static bool is_known(const struct gateway *g)
{
	static const uint8_t none[sizeof(g->mac)];

	return memcmp(g->mac, none, sizeof(none)) != 0;
}

void router_forget(struct daemon *d)
{
	for (size_t i = 0; i < NITEMS(d->gateway); i++)
		memset(d->gateway[i].mac, 0, sizeof(d->gateway[i].mac));
}

void router_read(const struct daemon *d, struct gateway *g)
{
	unsigned int ifindex = if_nametoindex(d->uplink);
	struct netpath path;

	if (is_known(g) || ifindex == 0)
		return;
	netinfo_path(&g->addr, ifindex, &path);
	memcpy(g->mac, path.mac, sizeof(g->mac));
}

bool router_another(struct daemon *d, const char *ifname)
{
	bool was_known, same;
	struct neighbour n;
	struct gateway *g;

	netmon_neighbour(d->netmon, &n);
	g = &d->gateway[ipaddr_is_v4(&n.addr)];
	if (strcmp(ifname, d->uplink) != 0 || !ipaddr_equal(&n.addr, &g->addr))
		return false;
	was_known = is_known(g);
	same = memcmp(g->mac, n.mac, sizeof(g->mac)) == 0;
	memcpy(g->mac, n.mac, sizeof(g->mac));
	/* One without any is not known from now on. */
	return was_known && !same && is_known(g);
}
