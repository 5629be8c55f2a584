/* SPDX-License-Identifier: ISC */
#include "os/netinfo.h"

#include <string.h>

bool netinfo_onlink(const struct netinfo *n, const struct ipaddr *server,
		    char ifname[static IF_NAMESIZE])
{
	int best = -1;

	for (int i = 0; i < n->n_onlink; i++)
		if (ipnet_has(&n->onlink[i].net, server) && (best < 0 ||
		    n->onlink[i].net.bits > n->onlink[best].net.bits))
			best = i;
	if (best >= 0)
		memcpy(ifname, n->onlink[best].ifname, IF_NAMESIZE);
	return best >= 0;
}

void netinfo_mask(struct ipnet *net)
{
	for (unsigned int i = 0; i < sizeof(net->addr.b); i++) {
		unsigned int kept = net->bits > i * 8 ? net->bits - i * 8 : 0;

		if (kept < 8)
			net->addr.b[i] &= (uint8_t)(0xff00 >> kept);
	}
}
