/* SPDX-License-Identifier: ISC */
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>

#include "os/netinfo.h"
#include "os/rtnetlink.h"

enum { MOST = 256 };	/* of one look; the rest at the next */

struct waiting {
	unsigned int n;
	struct {
		struct ndmsg m;
		uint16_t len;
		uint8_t addr[16];
	} at[MOST];
};

static int on_neighbour(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *table[RTNETLINK_ATTRS] = { NULL };
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	struct waiting *w = data;
	uint16_t len;

	mnl_attr_parse(h, sizeof(*m), rtnetlink_keep, table);
	if (m->ndm_state != NUD_INCOMPLETE || table[NDA_DST] == NULL ||
	    w->n == MOST)
		return MNL_CB_OK;
	len = mnl_attr_get_payload_len(table[NDA_DST]);
	if (len > sizeof(w->at[0].addr))
		return MNL_CB_OK;
	w->at[w->n].m = *m;
	w->at[w->n].len = len;
	memcpy(w->at[w->n++].addr, mnl_attr_get_payload(table[NDA_DST]), len);
	return MNL_CB_OK;
}

static void forget(const struct ndmsg *of, const uint8_t *addr, uint16_t len)
{
	alignas(struct nlmsghdr) char buf[RTNETLINK_MSG];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct ndmsg *m;

	h->nlmsg_type = RTM_DELNEIGH;
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->ndm_family = of->ndm_family;
	m->ndm_ifindex = of->ndm_ifindex;
	mnl_attr_put(h, NDA_DST, len, addr);
	/* Gone or found meanwhile: as well. */
	(void)!rtnetlink_do(h);
}

unsigned int neighdrop(void)
{
	alignas(struct nlmsghdr) char buf[RTNETLINK_MSG];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct waiting w = { .n = 0 };

	h->nlmsg_type = RTM_GETNEIGH;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(h, sizeof(struct ndmsg));
	(void)!rtnetlink_ask(h, on_neighbour, &w);
	for (unsigned int i = 0; i < w.n; i++)
		forget(&w.at[i].m, w.at[i].addr, w.at[i].len);
	return w.n;
}
