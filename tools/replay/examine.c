/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * What datapath/resolve.c does with its clients' queries and its servers'
 * responses is done here with those of a capture, by the same parts: verdict,
 * chain and judgement (accept), clamped lifetime, learnt names, grant. What
 * differs: the queries of the capture stand for our own, so an answer counts
 * if the capture holds its question, and nothing is cached.
 */
#include "examine.h"

#include <string.h>

#include "clock.h"
#include "dryrun.h"
#include "verdict.h"

/* ---- queries */

static const struct {
	enum finding finding;
	enum ledger_dns dns;
} by_verdict[] = {
	[VERDICT_DROP] = { FINDING_DROP, LEDGER_REFUSED },
	[VERDICT_REFUSE] = { FINDING_REFUSE, LEDGER_REFUSED },
	[VERDICT_EMPTY] = { FINDING_EMPTY, LEDGER_ALLOWED },
	/* In this mode, nothing may go upstream. */
	[VERDICT_SPOOF] = { FINDING_SPOOF, LEDGER_REFUSED },
	[VERDICT_ASK] = { FINDING_ASK, LEDGER_ALLOWED },
};
_Static_assert(NITEMS(by_verdict) == VERDICT__N, "one for each");

static enum ledger_dns query(struct dryrun *d, const struct frame *f,
			     const struct dnsmsg *m, struct dryrun_event *e)
{
	const struct policy *p = &d->door.policy;
	uint8_t name[DNSNAME_MAX];
	enum verdict v = verdict_query(m, p, &d->learnt, clock_dry, name);

	e->finding = by_verdict[v].finding;
	if (v == VERDICT_DROP)
		return LEDGER_REFUSED;
	names_add(&d->names, name, m->qname.len);
	asked_add(&d->asked, f, m, v, clock_dry);
	return p->mode == MODE_SPOOF ? LEDGER_REFUSED : by_verdict[v].dns;
}

/* ---- responses */

static enum finding bad(enum counter why)
{
	switch (why) {
	case COUNT_BAD_LOOP:
		return FINDING_LOOP;
	case COUNT_BAD_MANY:
		return FINDING_MANY;
	case COUNT_BAD_ADDRESS:
		return FINDING_ADDRESS;
	default:
		return FINDING_STRAY;
	}
}

static uint32_t lifetime(const struct policy *p, uint32_t ttl)
{
	if (ttl < p->ttl_min)
		return p->ttl_min;
	return ttl > p->ttl_max ? p->ttl_max : ttl;
}

static void learn(struct dryrun *d, const struct chain *c, uint64_t until)
{
	/* Without room it is simply not learnt. */
	for (unsigned int i = 0; i < c->n_hops; i++)
		(void)learnt_add(&d->learnt, &c->hops[i], until, clock_dry);
}

static enum finding open_door(struct dryrun *d, const struct dnsmsg *m,
			      struct dryrun_event *e)
{
	struct grant *g = &d->grant;
	const struct accept *a = &d->accept;
	const struct door_told *told = &d->door.told;

	g->lifetime = lifetime(&d->door.policy, a->chain.ttl);
	g->n_addrs = (uint16_t)a->chain.n_addrs;
	memcpy(g->addrs, a->chain.addrs, g->n_addrs * sizeof(g->addrs[0]));
	g->name_len = (uint8_t)dnsname_unpack(&m->qname, g->name);
	if (door_grant(&d->door, g) < 0) {
		d->counts.refused++;
		return FINDING_GRANT;
	}
	d->counts.granted++;
	d->counts.told += told->n;
	for (unsigned int i = 0; i < told->n; i++)
		d->counts.renewed += told->element[i].renew;
	e->told = told;
	return a->judged_unfit > 0 ? FINDING_OPEN_SOME : FINDING_OPEN;
}

/* As answered() of datapath/resolve.c. */
static enum finding judge(struct dryrun *d, const struct dnsmsg *m,
			  struct dryrun_event *e)
{
	const struct accept *a = &d->accept;
	unsigned int rcode = m->flags & DNSFLAG_RCODE;

	if ((m->flags & DNSFLAG_TC) != 0)
		return FINDING_TRUNCATED;
	if (rcode != DNSRCODE_NOERROR && rcode != DNSRCODE_NXDOMAIN)
		return FINDING_RCODE;
	accept_read(&d->accept, m, &d->door.policy);
	/* Before it was judged, for people. */
	if (d->tell != NULL && chain_read(m, &d->chain) == CHAIN_OK)
		e->chain = &d->chain;
	if (a->kind == ACCEPT_BAD)
		return bad(a->why);
	if (a->kind == ACCEPT_NEGATIVE)
		return rcode == DNSRCODE_NXDOMAIN ? FINDING_NXDOMAIN :
						    FINDING_NODATA;
	learn(d, &a->chain, clock_dry +
	      lifetime(&d->door.policy, a->chain.ttl) * CLOCK_S);
	return a->kind == ACCEPT_ALIAS ? FINDING_ALIAS : open_door(d, m, e);
}

static enum ledger_dns response(struct dryrun *d, const struct frame *f,
				const struct dnsmsg *m, struct dryrun_event *e)
{
	static const enum finding unmatched[] = {
		[ASKED_UNASKED] = FINDING_UNASKED, [ASKED_LATE] = FINDING_LATE,
		[ASKED_OTHER] = FINDING_OTHER, [ASKED_CASE] = FINDING_CASE,
	};
	struct asked_one *one;
	enum asked_what what = asked_find(&d->asked, f, m, clock_dry, &one);

	if (what != ASKED_MATCH) {
		e->finding = unmatched[what];
		return LEDGER_REFUSED;
	}
	e->latency = clock_dry - one->time;
	latency_add(&d->latency, e->latency);
	if (one->verdict != VERDICT_ASK)
		e->finding = FINDING_KEPT;
	else if (!ledger_upstream(&d->ledger, &f->src))
		e->finding = FINDING_SERVER;
	else
		e->finding = judge(d, m, e);
	asked_done(one);
	return LEDGER_ALLOWED;
}

/* Between two DNS ports, the message says who asks. */
static bool to_server(const struct dryrun *d, const struct frame *f,
		      const struct dnsmsg *m)
{
	if (!ledger_dns_port(&d->ledger, f->dport))
		return false;
	return !ledger_dns_port(&d->ledger, f->sport) ||
	       (m->flags & DNSFLAG_QR) == 0;
}

enum ledger_dns examine(struct dryrun *d, const struct frame *f,
			const struct dnsmsg *m, struct dryrun_event *e)
{
	bool qr = (m->flags & DNSFLAG_QR) != 0;

	e->kind = qr ? DRYRUN_RESPONSE : DRYRUN_QUERY;
	if (to_server(d, f, m))
		return query(d, f, m, e);
	if (qr)
		return response(d, f, m, e);
	e->finding = FINDING_DROP;
	return LEDGER_REFUSED;
}
