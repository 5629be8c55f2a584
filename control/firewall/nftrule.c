/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * A batch of NEWRULE messages as in nftmsg.c, each with two expressions:
 *
 *	match		"bpf", revision 1, struct xt_bpf_info_v1 by descriptor
 *	immediate	verdict accept
 *
 * A batch without its end is checked by the kernel as any other, down to the
 * match's own look at the program, and then taken back: so a trial makes
 * table and chains of its own and leaves nothing behind.
 */
#include "firewall/nftrule.h"

#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_bpf.h>
#include <stdbool.h>

enum { STALE_MAX = 1024, REVISION = 1 };

_Static_assert(sizeof(struct xt_bpf_info_v1) == 528, "as the kernel has it");

/* Nobody else's: it never gets into the kernel. */
static const char trial_table[] = "sallyport-trial";

struct batch {
	struct nftlink *link;
	size_t len;
	uint32_t first, last;	/* sequence numbers of what may fail */
};

static struct nlmsghdr *begin(struct batch *b, uint16_t type, uint16_t flags,
			      uint8_t family)
{
	return nftlink_put(b->link, b->len,
			   (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
			   flags, family, 0);
}

static void end(struct batch *b, const struct nlmsghdr *h)
{
	b->last = h->nlmsg_seq;
	b->len += h->nlmsg_len;
}

static void put_fence(struct batch *b, uint16_t type)
{
	const struct nlmsghdr *h = nftlink_put(b->link, b->len, type, 0,
					       AF_UNSPEC,
					       NFNL_SUBSYS_NFTABLES);

	b->len += h->nlmsg_len;
	if (type == NFNL_MSG_BATCH_BEGIN)
		b->first = h->nlmsg_seq;
}

static void put_match(struct nlmsghdr *h, int program)
{
	const struct xt_bpf_info_v1 info = {
		.mode = XT_BPF_MODE_FD_ELF, .fd = program,
	};
	struct nlattr *e = mnl_attr_nest_start(h, NFTA_LIST_ELEM), *data;

	mnl_attr_put_strz(h, NFTA_EXPR_NAME, "match");
	data = mnl_attr_nest_start(h, NFTA_EXPR_DATA);
	mnl_attr_put_strz(h, NFTA_MATCH_NAME, "bpf");
	mnl_attr_put_u32(h, NFTA_MATCH_REV, htobe32(REVISION));
	mnl_attr_put(h, NFTA_MATCH_INFO, sizeof(info), &info);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, e);
}

static void put_accept(struct nlmsghdr *h)
{
	struct nlattr *e = mnl_attr_nest_start(h, NFTA_LIST_ELEM), *in[3];

	mnl_attr_put_strz(h, NFTA_EXPR_NAME, "immediate");
	in[0] = mnl_attr_nest_start(h, NFTA_EXPR_DATA);
	mnl_attr_put_u32(h, NFTA_IMMEDIATE_DREG, htobe32(NFT_REG_VERDICT));
	in[1] = mnl_attr_nest_start(h, NFTA_IMMEDIATE_DATA);
	in[2] = mnl_attr_nest_start(h, NFTA_DATA_VERDICT);
	mnl_attr_put_u32(h, NFTA_VERDICT_CODE, htobe32(NF_ACCEPT));
	for (int i = 2; i >= 0; i--)
		mnl_attr_nest_end(h, in[i]);
	mnl_attr_nest_end(h, e);
}

static void put_rules(struct batch *b, uint8_t family, const char *table,
		      const struct nftrule *r, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint16_t ack = i + 1 == n ? NLM_F_ACK : 0;
		struct nlmsghdr *h = begin(b, NFT_MSG_NEWRULE,
					   NLM_F_CREATE | NLM_F_APPEND | ack,
					   family);
		struct nlattr *list;

		mnl_attr_put_strz(h, NFTA_RULE_TABLE, table);
		mnl_attr_put_strz(h, NFTA_RULE_CHAIN, r[i].chain);
		list = mnl_attr_nest_start(h, NFTA_RULE_EXPRESSIONS);
		put_match(h, r[i].program);
		put_accept(h);
		mnl_attr_nest_end(h, list);
		end(b, h);
	}
}

static void put_trial(struct batch *b, uint8_t family, const struct nftrule *r,
		      unsigned int n)
{
	struct nlmsghdr *h = begin(b, NFT_MSG_NEWTABLE, NLM_F_CREATE, family);

	mnl_attr_put_strz(h, NFTA_TABLE_NAME, trial_table);
	end(b, h);
	for (unsigned int i = 0; i < n; i++) {
		h = begin(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE, family);
		mnl_attr_put_strz(h, NFTA_CHAIN_TABLE, trial_table);
		mnl_attr_put_strz(h, NFTA_CHAIN_NAME, r[i].chain);
		end(b, h);
	}
}

/* 1: goes on; else the end: 0 or -errno. */
static int take(const struct batch *b, const struct nlmsghdr *h,
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

/* The first error, or 0 when the last message is acknowledged. */
static int exchange(const struct batch *b, char detail[static NFTLINK_DETAIL])
{
	uint64_t until = nftlink_deadline();
	int error = nftlink_send(b->link, b->len, until);

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

static int explain(struct why *why, int error, const char *detail)
{
	/* No nft_compat or no xt_bpf; some kernels refuse it in inet. */
	if (error == -ENOENT || error == -EOPNOTSUPP)
		return why_set(why, error, "this kernel's nf_tables does not "
			       "take xt's match bpf (modules nft_compat and "
			       "xt_bpf)");
	return error ? nftlink_explain(why, error, "rule with match bpf",
				       detail) : 0;
}

int nftrule_add(struct nftlink *l, uint8_t family, const char *table,
		const struct nftrule *r, unsigned int n, struct why *why)
{
	char detail[NFTLINK_DETAIL] = "";
	struct batch b = { .link = l };

	put_fence(&b, NFNL_MSG_BATCH_BEGIN);
	put_rules(&b, family, table, r, n);
	put_fence(&b, NFNL_MSG_BATCH_END);
	return explain(why, exchange(&b, detail), detail);
}

int nftrule_try(struct nftlink *l, uint8_t family, const struct nftrule *r,
		unsigned int n, struct why *why)
{
	char detail[NFTLINK_DETAIL] = "";
	struct batch b = { .link = l };

	put_fence(&b, NFNL_MSG_BATCH_BEGIN);
	put_trial(&b, family, r, n);
	put_rules(&b, family, trial_table, r, n);
	return explain(why, exchange(&b, detail), detail);
}
