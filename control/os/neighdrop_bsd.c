/* SPDX-License-Identifier: ISC */
#include "os/routemsg_bsd.h"

#include <net/if_dl.h>

#include "os/netinfo.h"

enum { MOST = 256 };	/* of one look; the rest at the next */

#ifndef RTF_LLINFO
#define RTF_LLINFO RTF_LLDATA
#endif

struct waiting {
	unsigned int n;
	struct routemsg_order at[MOST];
};

/* Without a hardware address it is still looked for. */
static void on_neighbour(const struct routemsg *m, void *data)
{
	struct routemsg_addresses a;
	struct waiting *w = data;
	struct routemsg_order *o = &w->at[w->n];
	const struct sockaddr_dl *dl;

	if (w->n == MOST || m->len < sizeof(*m->h) ||
	    !routemsg_addresses(m, sizeof(*m->h), m->h->rtm_addrs, &a) ||
	    !routemsg_address(a.at[RTAX_DST], &o->dst))
		return;
	dl = (const void *)a.at[RTAX_GATEWAY];
	if (dl == NULL || dl->sdl_family != AF_LINK || dl->sdl_alen != 0)
		return;
	o->type = RTM_DELETE;
	o->flags = RTF_LLINFO;
	o->ifindex = m->h->rtm_index;
	o->link = true;
	w->n++;
}

unsigned int neighdrop(void)
{
	struct waiting w = { .n = 0 };

	(void)!routemsg_dump(AF_INET, NET_RT_FLAGS, RTF_LLINFO, on_neighbour,
			     &w);
	(void)!routemsg_dump(AF_INET6, NET_RT_FLAGS, RTF_LLINFO, on_neighbour,
			     &w);
	/* Gone or found meanwhile: as well. */
	for (unsigned int i = 0; i < w.n; i++)
		(void)!routemsg_ask(&w.at[i], NULL, NULL);
	return w.n;
}
