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

/* What is left are the addresses that may be opened. */
static void judge_all(struct accept *a, const struct dnsmsg *m,
		      const struct policy *p)
{
	struct chain *c = &a->chain;
	unsigned int kept = judge_keep(&p->judge, m->qtype == DNSTYPE_AAAA,
				       c->addrs, c->n_addrs, p->per_name);

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
