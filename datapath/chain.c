/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * The links and addresses are noted in the message's view, and no more than
 * CNAME_HOPS and ALLOW_PER_NAME of them: a record beyond either bound could
 * only lead to a refusal. The chain is followed among those links; of several
 * with one owner the first counts, so that another one is not reached. Every
 * link must be passed, and every address must belong to the name at the end.
 * However many records a message has, no more than (CNAME_HOPS + 1)^2 +
 * ALLOW_PER_NAME names are compared.
 */
#include "chain.h"

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

static enum chain_why by_excess(enum dnsexcess what)
{
	switch (what) {
	case DNSEXCESS_NONE:
		return CHAIN_OK;
	case DNSEXCESS_LINKS:
		return CHAIN_LOOP;
	case DNSEXCESS_ADDRS:
		return CHAIN_MANY;
	case DNSEXCESS_TYPE:
		break;
	}
	return CHAIN_STRAY;
}

/* Mostly, one place in the message, or not even of one length. */
static inline bool same(const struct dnsmsg *m, const struct dnsplace *a,
			const struct dnsplace *b)
{
	return a->at == b->at ||
	       (a->len == b->len && dnsplace_same(m->msg.p, *a, *b));
}

/* The link whose owner this is, or n_links. */
static inline unsigned int find_link(const struct dnsmsg *m,
				     const struct dnsplace *owner)
{
	const struct dnsfound *f = &m->found;
	unsigned int i = 0;

	while (i < f->n_links && !same(m, &f->links[i].owner, owner))
		i++;
	return i;
}

/*
 * A name leads to one link, so whoever passed as many as there are and is
 * shown another one goes round.
 */
static enum chain_why follow(const struct dnsmsg *m, struct chain *c,
			     struct dnsplace *end)
{
	const struct dnsfound *f = &m->found;
	const struct dnsplace *at = end;
	unsigned int n = 0, i;

	while ((i = find_link(m, at)) < f->n_links) {
		if (n == f->n_links)
			return CHAIN_LOOP;
		at = &f->links[i].target;
		c->hops[n++] = dnsplace_name(m->msg.p, *at);
	}
	c->n_hops = n;
	*end = *at;
	return n == f->n_links ? CHAIN_OK : CHAIN_STRAY;
}

static void take_addrs(const struct dnsmsg *m, struct chain *c)
{
	const struct dnsfound *f = &m->found;

	c->n_addrs = f->n_addrs;
	for (unsigned int i = 0; i < f->n_addrs; i++) {
		const uint8_t *octets = m->msg.p + f->addrs[i];

		c->addrs[i] = m->qtype == DNSTYPE_A ? ipaddr_v4(octets) :
						      ipaddr_v6(octets);
	}
}

enum chain_why chain_read(const struct dnsmsg *m, struct chain *c)
{
	const struct dnsfound *f = &m->found;
	struct dnsplace end = dnsplace_of(&m->qname);
	enum chain_why why = by_excess(f->excess);

	c->n_addrs = 0;
	c->foreign = f->foreign;
	c->ttl = f->n_links + f->n_addrs > 0 ? f->ttl : 0;
	if (why == CHAIN_OK)
		why = follow(m, c, &end);
	if (why != CHAIN_OK)
		return why;
	if (m->qtype == DNSTYPE_CNAME && c->n_hops > 1)
		return CHAIN_STRAY;
	if (f->n_addrs > 0 && (f->apart || !same(m, &f->owner, &end)))
		return CHAIN_STRAY;
	take_addrs(m, c);
	return CHAIN_OK;
}
