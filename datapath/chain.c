/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * One pass collects what matters: at most CNAME_HOPS links and at most
 * ALLOW_PER_NAME addresses; a record beyond either bound could only lead to
 * a refusal, so it is one at once. Then the chain is followed among the
 * links collected, each used once, and every address must belong to the
 * name it ends in. However many records a message has, no more than
 * (CNAME_HOPS + 1)^2 + ALLOW_PER_NAME names are compared.
 */
#include "chain.h"

struct link_rr {
	struct dnsname owner, target;
	uint32_t ttl;
	bool used;
};

struct found {
	unsigned int n_links, n_addrs;
	struct link_rr links[CNAME_HOPS];
	struct dnsname owners[ALLOW_PER_NAME];	/* of c->addrs */
};

static const char *const names[] = {
	[CHAIN_OK] = "ok",
	[CHAIN_LOOP] = "loop",
	[CHAIN_STRAY] = "stray",
	[CHAIN_MANY] = "many",
};
static_assert(NITEMS(names) == CHAIN__N, "a name for every reason");

const char *chain_name(enum chain_why why)
{
	return why < CHAIN__N ? names[why] : "?";
}

static enum chain_why add_link(const struct dnsrr *rr, struct found *found)
{
	if (found->n_links == CNAME_HOPS)
		return CHAIN_LOOP;
	found->links[found->n_links++] = (struct link_rr){
		.owner = rr->owner, .target = rr->target, .ttl = rr->ttl,
	};
	return CHAIN_OK;
}

static enum chain_why add_addr(const struct dnsmsg *m, const struct dnsrr *rr,
			       struct found *found, struct chain *c)
{
	if (rr->type != m->qtype)
		return CHAIN_STRAY;
	if (found->n_addrs == ALLOW_PER_NAME)
		return CHAIN_MANY;
	found->owners[found->n_addrs] = rr->owner;
	c->addrs[found->n_addrs++] = rr->type == DNSTYPE_A ?
		ipaddr_v4(rr->rdata.p) : ipaddr_v6(rr->rdata.p);
	if (rr->ttl < c->ttl)
		c->ttl = rr->ttl;
	return CHAIN_OK;
}

static enum chain_why collect(const struct dnsmsg *m, struct found *found,
			      struct chain *c)
{
	struct dnsiter it = dnsmsg_answers(m);
	struct dnsrr rr;
	enum chain_why why = CHAIN_OK;

	while (why == CHAIN_OK && dnsmsg_next(m, &it, &rr)) {
		bool in = rr.class == DNSCLASS_IN;

		if (in && rr.type == DNSTYPE_CNAME)
			why = add_link(&rr, found);
		else if (in && (rr.type == DNSTYPE_A ||
				rr.type == DNSTYPE_AAAA))
			why = add_addr(m, &rr, found, c);
		else
			c->foreign = true;
	}
	return why;
}

/* Looks from start on, where the next link stands in an ordered answer. */
static struct link_rr *find_link(struct found *found, unsigned int start,
				 const struct dnsname *owner)
{
	for (unsigned int i = 0; i < found->n_links; i++) {
		struct link_rr *l = &found->links[(start + i) % found->n_links];

		if (dnsname_same(&l->owner, owner))
			return l;
	}
	return NULL;
}

/* Every link is used once; meeting a used one again is a loop. */
static enum chain_why follow(struct found *found, struct chain *c,
			     struct dnsname *at)
{
	struct link_rr *l = find_link(found, 0, at);

	while (l != NULL) {
		if (l->used)
			return CHAIN_LOOP;
		l->used = true;
		if (l->ttl < c->ttl)
			c->ttl = l->ttl;
		c->hops[c->n_hops++] = l->target;
		*at = l->target;
		l = find_link(found, (unsigned int)(l - found->links) + 1, at);
	}
	return c->n_hops == found->n_links ? CHAIN_OK : CHAIN_STRAY;
}

enum chain_why chain_read(const struct dnsmsg *m, struct chain *c)
{
	struct found found;
	struct dnsname end = m->qname;
	enum chain_why why;

	found.n_links = found.n_addrs = 0;
	c->n_hops = c->n_addrs = 0;
	c->ttl = UINT32_MAX;
	c->foreign = false;
	why = collect(m, &found, c);
	if (why == CHAIN_OK)
		why = follow(&found, c, &end);
	if (why != CHAIN_OK)
		return why;
	if (m->qtype == DNSTYPE_CNAME && c->n_hops > 1)
		return CHAIN_STRAY;
	for (unsigned int i = 0; i < found.n_addrs; i++)
		if (!dnsname_same(&found.owners[i], &end))
			return CHAIN_STRAY;
	c->n_addrs = found.n_addrs;
	if (c->n_hops == 0 && c->n_addrs == 0)
		c->ttl = 0;
	return CHAIN_OK;
}
