/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * Each hook's chain is emptied and given one rule, "goto" a room or nothing;
 * the sets are emptied, and the upstreams put in. The kernel takes all of it
 * as one change of its ruleset: a packet meets the chain of before or that of
 * now, and never one without a rule. Between the hooks' chains there are
 * nanoseconds; each of them refuses by itself what its policy does not let
 * pass.
 */
#include "firewall/nftswitch.h"

#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "firewall/nftbatch.h"
#include "firewall/nftmsg.h"
#include "firewall/rules_table.h"
#include "firewall/rules_tls.h"

/* An object of the table: its first two attributes are the table and name. */
static struct nlmsghdr *put(struct nftbatch *b, const struct nftplace *at,
			    uint16_t type, uint16_t flags, const char *name)
{
	struct nlmsghdr *h = nftbatch_put(b, type, flags, at->family);

	mnl_attr_put_strz(h, NFTA_RULE_TABLE, at->table);
	if (name != NULL)
		mnl_attr_put_strz(h, NFTA_RULE_CHAIN, name);
	return h;
}

static void put_goto(struct nftbatch *b, const struct nftplace *at,
		     const struct rules_goto *g)
{
	struct nlmsghdr *h = put(b, at, NFT_MSG_DELRULE, 0, g->hook);
	struct nlattr *list;

	nftbatch_add(b, h);
	if (g->room[0] == '\0')
		return;
	h = put(b, at, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, g->hook);
	list = mnl_attr_nest_start(h, NFTA_RULE_EXPRESSIONS);
	nftbatch_verdict(h, NFT_GOTO, g->room);
	mnl_attr_nest_end(h, list);
	nftbatch_add(b, h);
}

/* A deletion that names no element empties the set. */
static void put_flush(struct nftbatch *b, const struct nftplace *at,
		      const char *set)
{
	nftbatch_add(b, put(b, at, NFT_MSG_DELSETELEM, 0, set));
}

static void put_upstreams(struct nftbatch *b, const struct nftplace *at,
			  const struct fw_ruleset *r, const char *set, bool v4)
{
	struct nlmsghdr *h = NULL;
	struct nlattr *list = NULL, *elem;

	put_flush(b, at, set);
	for (unsigned int i = 0; i < r->n_upstreams; i++) {
		if (ipaddr_is_v4(&r->upstreams[i]) != v4)
			continue;
		if (h == NULL) {
			h = put(b, at, NFT_MSG_NEWSETELEM, NLM_F_CREATE, set);
			list = mnl_attr_nest_start(h,
				NFTA_SET_ELEM_LIST_ELEMENTS);
		}
		elem = mnl_attr_nest_start(h, NFTA_LIST_ELEM);
		nftmsg_put_key(h, &r->upstreams[i]);
		mnl_attr_nest_end(h, elem);
	}
	if (h == NULL)
		return;
	mnl_attr_nest_end(h, list);
	nftbatch_add(b, h);
}

/* As rules_sets() and rules_tls_chains() have them. */
static void put_sets(struct nftbatch *b, const struct nftplace *at,
		     const struct fw_ruleset *r)
{
	if (!r->hash) {
		put_flush(b, at, "allow4");
		put_flush(b, at, "allow6");
	}
	if (r->tls) {
		put_flush(b, at, RULES_TLS4);
		put_flush(b, at, RULES_TLS6);
	}
	if (!r->bypass) {
		put_upstreams(b, at, r, "upstream4", true);
		put_upstreams(b, at, r, "upstream6", false);
	}
}

static int run(struct nftbatch *b, const char *what, struct why *why)
{
	char detail[NFTLINK_DETAIL] = "";
	int error = nftbatch_run(b, true, detail);

	return error ? nftlink_explain(why, error, what, detail) : 0;
}

int nftswitch(struct nftlink *l, const struct nftplace *at,
	      const struct fw_ruleset *r, struct why *why)
{
	struct rules_goto g[RULES_HOOKS];
	unsigned int n = rules_table_gotos(r, g);
	struct nftbatch b;

	nftbatch_begin(&b, l);
	for (unsigned int i = 0; i < n; i++)
		put_goto(&b, at, &g[i]);
	put_sets(&b, at, r);
	return run(&b, "switching the rules", why);
}

int nftswitch_remove(struct nftlink *l, const struct nftplace *at,
		     struct why *why)
{
	struct nftbatch b;

	nftbatch_begin(&b, l);
	/* What is not there cannot be deleted. */
	nftbatch_add(&b, put(&b, at, NFT_MSG_NEWTABLE, NLM_F_CREATE, NULL));
	nftbatch_add(&b, put(&b, at, NFT_MSG_DELTABLE, 0, NULL));
	return run(&b, "removing the rules", why);
}
