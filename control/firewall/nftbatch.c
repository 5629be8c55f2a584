/* SPDX-License-Identifier: ISC */
#include "firewall/nftbatch.h"

#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

enum { STALE_MAX = 1024 };

static void put_fence(struct nftbatch *b, uint16_t type)
{
	const struct nlmsghdr *h = nftlink_put(b->link, b->len, type, 0,
					       AF_UNSPEC,
					       NFNL_SUBSYS_NFTABLES);

	b->len += h->nlmsg_len;
	if (type == NFNL_MSG_BATCH_BEGIN)
		b->first = h->nlmsg_seq;
}

void nftbatch_begin(struct nftbatch *b, struct nftlink *l)
{
	*b = (struct nftbatch){ .link = l };
	put_fence(b, NFNL_MSG_BATCH_BEGIN);
}

struct nlmsghdr *nftbatch_put(struct nftbatch *b, uint16_t type,
			      uint16_t flags, uint8_t family)
{
	return nftlink_put(b->link, b->len,
			   (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
			   flags, family, 0);
}

void nftbatch_add(struct nftbatch *b, struct nlmsghdr *h)
{
	b->tail = h;
	b->last = h->nlmsg_seq;
	b->len += h->nlmsg_len;
}

void nftbatch_verdict(struct nlmsghdr *h, int verdict, const char *chain)
{
	struct nlattr *e = mnl_attr_nest_start(h, NFTA_LIST_ELEM), *in[3];

	mnl_attr_put_strz(h, NFTA_EXPR_NAME, "immediate");
	in[0] = mnl_attr_nest_start(h, NFTA_EXPR_DATA);
	mnl_attr_put_u32(h, NFTA_IMMEDIATE_DREG, htobe32(NFT_REG_VERDICT));
	in[1] = mnl_attr_nest_start(h, NFTA_IMMEDIATE_DATA);
	in[2] = mnl_attr_nest_start(h, NFTA_DATA_VERDICT);
	mnl_attr_put_u32(h, NFTA_VERDICT_CODE, htobe32((uint32_t)verdict));
	if (chain != NULL)
		mnl_attr_put_strz(h, NFTA_VERDICT_CHAIN, chain);
	for (int i = 2; i >= 0; i--)
		mnl_attr_nest_end(h, in[i]);
	mnl_attr_nest_end(h, e);
}

/* 1: goes on; else the end: 0 or -errno. */
static int take(const struct nftbatch *b, const struct nlmsghdr *h,
		char detail[static NFTLINK_DETAIL])
{
	uint32_t at = h->nlmsg_seq - b->first;
	int error;

	if (h->nlmsg_type != NLMSG_ERROR || h->nlmsg_pid != b->link->port ||
	    at > b->last - b->first ||
	    mnl_nlmsg_get_payload_len(h) < sizeof(struct nlmsgerr))
		return 1;
	error = ((const struct nlmsgerr *)mnl_nlmsg_get_payload(h))->error;
	if (error != 0) {
		nftlink_detail(h, detail);
		return error < 0 ? error : -EPROTO;
	}
	return h->nlmsg_seq == b->last ? 0 : 1;
}

int nftbatch_run(struct nftbatch *b, bool commit,
		 char detail[static NFTLINK_DETAIL])
{
	uint64_t until = nftlink_deadline();
	int error;

	b->tail->nlmsg_flags |= NLM_F_ACK;
	if (commit)
		put_fence(b, NFNL_MSG_BATCH_END);
	error = nftlink_send(b->link, b->len, until);
	if (error)
		return error;
	for (unsigned int i = 0; i < STALE_MAX; i++) {
		int len = nftlink_recv(b->link, until);
		const struct nlmsghdr *h = (const void *)b->link->in;

		if (len < 0)
			return len;
		/* What shrinks: len. */
		for (; mnl_nlmsg_ok(h, len); h = mnl_nlmsg_next(h, &len)) {
			error = take(b, h, detail);
			if (error <= 0)
				return error;
		}
	}
	return -ETIMEDOUT;
}
