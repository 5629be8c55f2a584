/* SPDX-License-Identifier: ISC */
#include "accept.h"

static enum counter bad_chain(enum chain_why why)
{
	switch (why) {
	case CHAIN_LOOP:
		return COUNT_BAD_LOOP;
	case CHAIN_MANY:
		return COUNT_BAD_MANY;
	default:
		return COUNT_BAD_STRAY;
	}
}

/*
 * Keeps the addresses that may be opened. The chain holds IPv4 as v4-mapped,
 * so a v4-mapped AAAA must be told from an A by the question's type.
 */
static void judge_all(struct accept *a, const struct dnsmsg *m,
		      const struct policy *p)
{
	struct chain *c = &a->chain;
	unsigned int kept = 0;

	for (unsigned int i = 0; i < c->n_addrs; i++) {
		enum judge_why why = m->qtype == DNSTYPE_AAAA ?
			judge_aaaa(&p->judge, c->addrs[i].b) :
			judge_address(&p->judge, &c->addrs[i]);

		if (why != JUDGE_OK || kept == p->per_name)
			continue;
		if (kept != i)
			c->addrs[kept] = c->addrs[i];
		kept++;
	}
	a->judged_unfit = c->n_addrs - kept;
	c->n_addrs = kept;
}

void accept_read(struct accept *a, const struct dnsmsg *m,
		 const struct policy *p)
{
	enum chain_why why = chain_read(m, &a->chain);

	a->judged_unfit = 0;
	a->rebuild = false;
	if (why != CHAIN_OK) {
		a->kind = ACCEPT_BAD;
		a->why = bad_chain(why);
		return;
	}
	if ((m->flags & DNSFLAG_RCODE) != DNSRCODE_NOERROR) {
		a->kind = ACCEPT_NEGATIVE;
		return;
	}
	if (m->qtype == DNSTYPE_CNAME) {
		a->kind = a->chain.n_hops > 0 ? ACCEPT_ALIAS : ACCEPT_NEGATIVE;
		a->rebuild = a->chain.foreign;
		return;
	}
	if (a->chain.n_addrs == 0) {
		a->kind = ACCEPT_NEGATIVE;
		return;
	}
	judge_all(a, m, p);
	a->kind = a->chain.n_addrs > 0 ? ACCEPT_ADDRESSES : ACCEPT_BAD;
	a->why = COUNT_BAD_ADDRESS;
	a->rebuild = a->chain.foreign || a->judged_unfit > 0;
}
