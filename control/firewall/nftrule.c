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
#include <linux/netfilter/xt_bpf.h>
#include <stdbool.h>

#include "firewall/nftbatch.h"

enum { REVISION = 1 };

_Static_assert(sizeof(struct xt_bpf_info_v1) == 528, "as the kernel has it");

/* Nobody else's: it never gets into the kernel. */
static const char trial_table[] = "sallyport-trial";

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

static void put_rules(struct nftbatch *b, uint8_t family, const char *table,
		      const struct nftrule *r, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct nlmsghdr *h = nftbatch_put(b, NFT_MSG_NEWRULE,
						  NLM_F_CREATE | NLM_F_APPEND,
						  family);
		struct nlattr *list;

		mnl_attr_put_strz(h, NFTA_RULE_TABLE, table);
		mnl_attr_put_strz(h, NFTA_RULE_CHAIN, r[i].chain);
		list = mnl_attr_nest_start(h, NFTA_RULE_EXPRESSIONS);
		put_match(h, r[i].program);
		nftbatch_verdict(h, NF_ACCEPT, NULL);
		mnl_attr_nest_end(h, list);
		nftbatch_add(b, h);
	}
}

static void put_trial(struct nftbatch *b, uint8_t family,
		      const struct nftrule *r, unsigned int n)
{
	struct nlmsghdr *h = nftbatch_put(b, NFT_MSG_NEWTABLE, NLM_F_CREATE,
					  family);

	mnl_attr_put_strz(h, NFTA_TABLE_NAME, trial_table);
	nftbatch_add(b, h);
	for (unsigned int i = 0; i < n; i++) {
		h = nftbatch_put(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE, family);
		mnl_attr_put_strz(h, NFTA_CHAIN_TABLE, trial_table);
		mnl_attr_put_strz(h, NFTA_CHAIN_NAME, r[i].chain);
		nftbatch_add(b, h);
	}
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
	struct nftbatch b;

	nftbatch_begin(&b, l);
	put_rules(&b, family, table, r, n);
	return explain(why, nftbatch_run(&b, true, detail), detail);
}

int nftrule_try(struct nftlink *l, uint8_t family, const struct nftrule *r,
		unsigned int n, struct why *why)
{
	char detail[NFTLINK_DETAIL] = "";
	struct nftbatch b;

	nftbatch_begin(&b, l);
	put_trial(&b, family, r, n);
	put_rules(&b, family, trial_table, r, n);
	return explain(why, nftbatch_run(&b, false, detail), detail);
}
