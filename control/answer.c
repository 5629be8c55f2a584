/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * Three places know what is open: `allowed` (ours alone: the truth), the
 * allow table (ours to write, the datapath's to read) and the kernel set.
 * Invariants:
 *
 *  1. An address is in the allow table only if the kernel has acknowledged
 *     it in this epoch, and the kernel drops it later than the table does.
 *  2. An ack without error is published only when all addresses of its
 *     grant are in the allow table.
 *  3. Shutting goes the other way round: first the epoch (no warm reply any
 *     more, no grant any more), then the kernel set, then the connections.
 *  4. `verified` names a ruleset generation in which rules and elements were
 *     seen to be what the truth says. A datapath that has seen a foreign
 *     change of a later generation does not trust the table (tripwire.h).
 *
 * With DOOR_HASH the kernel consults the allow table itself. Then the table is
 * the kernel set as well: add() only makes sure that the rules stand which
 * ask it, the entry opens the address, and an epoch shuts all of them. What
 * is to be verified besides the rules is the table (root can write to it).
 *
 * Every grant is copied out of the ring once, then checked, then used: the
 * datapath may be hostile. It can get no more than the policy allows anybody.
 */
#include "answer.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "os/netinfo.h"
#include "table.h"

enum {
	/* The kernel counts in ticks; it must not be earlier than the table. */
	KERNEL_SLACK_S = 1,
	VERIFY_TRIES = 3,
};

/* --- opening and shutting --- */

bool answer_by_table(const struct answer *a)
{
	return a->fw->door == DOOR_HASH;
}

void answer_attach(struct answer *a, struct arena *arena)
{
	/* The kernel may go on reading a table that we leave. */
	if (arena == NULL && a->arena != NULL)
		allow_set_epoch(a->arena->allow, 0);
	a->arena = arena;
	if (arena == NULL)
		return;
	arena_grants(arena, &a->grants);
	arena_acks(arena, &a->acks);
}

void answer_start(struct answer *a)
{
	a->epoch = ++a->last_epoch;
	a->first_opened = 0;
	if (a->arena != NULL)
		allow_set_epoch(a->arena->allow, a->epoch);
}

static void reach(const struct answer *a, const struct ipaddr *addr,
		  uint64_t until)
{
	if (a->on_reach != NULL)
		a->on_reach(a->context, addr, until);
}

static void reach_ends(const struct answer *a, const struct ipaddr *gone,
		       unsigned int n)
{
	uint64_t now = clock_boot();

	for (unsigned int i = 0; i < n; i++)
		reach(a, &gone[i], now);
}

int answer_stop(struct answer *a, struct why *why)
{
	struct ipaddr gone[ALLOW_MAX];
	unsigned int n = a->allowed.n;
	int error;

	a->epoch = 0;
	if (a->arena != NULL)
		allow_set_epoch(a->arena->allow, 0);
	for (unsigned int i = 0; i < n; i++)
		gone[i] = a->allowed.entry[i].addr;
	allowed_cut(&a->allowed, 0);
	error = a->fw->ops->clear(a->fw, why);
	if (n > 0 && sockkill(gone, n) < 0)
		log_debug("door: connections are left to the firewall's reject");
	/* No table: nothing is open. */
	if (error == 0 || error == -ENOENT) {
		reach_ends(a, gone, n);
		return (int)n;
	}
	a->stale = true;
	return error;
}

void answer_expire(struct answer *a)
{
	struct ipaddr gone[ALLOW_MAX];
	unsigned int n = allowed_expire(&a->allowed, clock_boot(), gone);
	struct why why;
	int error;

	if (n == 0)
		return;
	for (unsigned int i = 0; a->arena != NULL && i < n; i++)
		allow_remove(a->arena->allow, &gone[i]);
	error = a->fw->ops->remove(a->fw, gone, n, &why);
	/* -ENOENT: the kernel was quicker. Else it may hold them still. */
	if (error == 0 || error == -ENOENT) {
		reach_ends(a, gone, n);
		return;
	}
	a->stale = true;
	log_warning("door: %s", why.text);
}

/* --- a grant --- */

/* Rounded up: the kernel must not be earlier than the table. */
static uint32_t seconds_left(uint64_t expiry, uint64_t now)
{
	return expiry <= now ? 0 :
	       (uint32_t)((expiry - now + CLOCK_S - 1) / CLOCK_S);
}

/* 0 if g is one that an honest datapath could have sent now. */
static int check(const struct answer *a, const struct grant *g, uint64_t now)
{
	if (a->epoch == 0 || g->epoch != a->epoch)
		return -ESTALE;
	if (g->n_addrs == 0 || g->n_addrs > a->per_name ||
	    g->lifetime < TTL_MIN || g->lifetime > TTL_MAX)
		return -EINVAL;
	if (g->deadline <= now)
		return -ETIMEDOUT;
	for (unsigned int i = 0; i < g->n_addrs; i++)
		if (judge_address(&a->judge, &g->addrs[i]) != JUDGE_OK)
			return -EPERM;
	return 0;
}

/*
 * New entries behind those that were there, and all of the grant's addresses
 * as elements. -ENOSPC leaves `allowed` as it was.
 */
static int plan(struct answer *a, const struct grant *g, uint64_t now,
		struct fw_element el[static ALLOW_PER_NAME])
{
	bool tls = a->tls_only != NULL &&
		   a->tls_only(a->context, g->name, g->name_len);
	unsigned int before = a->allowed.n;

	for (unsigned int i = 0; i < g->n_addrs; i++) {
		struct allowed_entry *e = allowed_find(&a->allowed,
						       &g->addrs[i]);
		uint32_t seconds = g->lifetime;

		el[i].addr = g->addrs[i];
		el[i].renew = e != NULL && e->opened != 0;
		if (el[i].renew && seconds_left(e->expiry, now) > seconds)
			seconds = seconds_left(e->expiry, now);
		el[i].seconds = seconds + KERNEL_SLACK_S;
		/* Who was let in by another name, too, stays so. */
		el[i].tls = tls && (e == NULL || e->tls);
		if (e == NULL)
			e = allowed_add(&a->allowed, &g->addrs[i], a->max);
		if (e == NULL) {
			allowed_cut(&a->allowed, before);
			return -ENOSPC;
		}
		e->tls = el[i].tls;
	}
	return 0;
}

/* Takes back what the kernel may have of the entries behind `before`. */
static void roll_back(struct answer *a, unsigned int before)
{
	for (unsigned int i = before; i < a->allowed.n; i++)
		a->allowed.entry[i].expiry = 0;
	a->rolled_back++;
	answer_expire(a);
}

/* The kernel's answer is not known: it may have dropped those to be renewed. */
static void doubt(struct answer *a, const struct grant *g)
{
	for (unsigned int i = 0; i < g->n_addrs; i++)
		allowed_find(&a->allowed, &g->addrs[i])->expiry = 0;
	a->stale = true;
}

/* The kernel has them: now the table, and the names for people. */
static int enter(struct answer *a, const struct grant *g, uint64_t now)
{
	struct allow *table = a->arena->allow;

	for (unsigned int i = 0; i < g->n_addrs; i++) {
		struct allowed_entry *e = allowed_find(&a->allowed,
						       &g->addrs[i]);
		uint64_t expiry = now + g->lifetime * CLOCK_S;
		int error;

		if (expiry < e->expiry)
			expiry = e->expiry;
		error = allow_insert(table, &e->addr, expiry, now);
		if (error < 0)
			return error;
		e->expiry = expiry;
		if (e->opened != 0)
			continue;
		e->opened = now;
		e->name_len = g->name_len;
		memcpy(e->name, g->name, g->name_len);
	}
	return 0;
}

static int add(struct answer *a, const struct fw_element *el, unsigned int n,
	       struct why *why)
{
	int error = a->fw->ops->add(a->fw, el, n, why);

	if (error != -ENOENT)
		return error;
	/* Somebody took our table away: put it back, once, and try again. */
	log_warning("firewall: %s: the ruleset is loaded anew", why->text);
	a->repaired++;
	a->stale = true;
	error = a->reload(a->context);
	if (error == 0)
		error = answer_refill(a, why);
	return error < 0 ? error : a->fw->ops->add(a->fw, el, n, why);
}

static void announce(struct answer *a, unsigned int before, unsigned int n)
{
	uint64_t now = clock_boot();

	if (a->first_opened == 0)
		a->first_opened = now;
	a->opened += a->allowed.n - before;
	a->renewed += n - (a->allowed.n - before);
	/* A datapath that has lost announcements waits for a verification. */
	a->stale = true;
	for (unsigned int i = before; i < a->allowed.n; i++)
		a->on_open(a->context, &a->allowed.entry[i]);
}

static int open_planned(struct answer *a, const struct grant *g,
			const struct fw_element *el, uint64_t now)
{
	struct why why;
	int error;

	for (unsigned int i = 0; i < g->n_addrs; i++)
		reach(a, &el[i].addr, now + el[i].seconds * CLOCK_S);
	error = add(a, el, g->n_addrs, &why);
	if (error < 0) {
		log_warning("door: %s", why.text);
		if (error == -ETIMEDOUT)
			doubt(a, g);
		return error;
	}
	/* Too late: the client has its SERVFAIL, so nothing may be open. */
	return clock_boot() < g->deadline ? enter(a, g, now) : -ETIMEDOUT;
}

static int open_all(struct answer *a, struct grant *g)
{
	struct fw_element el[ALLOW_PER_NAME];
	uint64_t now = clock_boot();
	unsigned int before = a->allowed.n;
	int error = check(a, g, now);

	if (error < 0)
		return error;
	/* The same address twice in one answer is one element. */
	g->n_addrs = (uint16_t)allowed_unique(g->addrs, g->n_addrs);
	error = plan(a, g, now, el);
	if (error < 0)
		return error;
	error = open_planned(a, g, el, now);
	if (error < 0)
		roll_back(a, before);
	else
		announce(a, before, g->n_addrs);
	return error;
}

static void serve(struct answer *a, struct grant *g)
{
	struct ack *k = ring_claim(&a->acks);
	/* Full: the datapath does not read, so it will not hear of it, and
	 * the client gets SERVFAIL. */
	int error = k == NULL ? -ENOBUFS : open_all(a, g);

	if (error < 0) {
		a->refused++;
		log_debug("door: grant refused: %s", strerror(-error));
	}
	if (k == NULL)
		return;
	*k = (struct ack){ .id = g->id, .error = error,
			   .opened = clock_boot() };
	/* Behind R1 of the ring: the table is written before the ack. */
	ring_publish(&a->acks);
}

int answer_grants(struct answer *a)
{
	const void *record;
	struct grant g;
	int more, n = 0;

	if (a->arena == NULL)
		return 0;
	/* What has ended is opened anew, not renewed: the kernel may have
	 * dropped it already. */
	answer_expire(a);
	/* What shrinks: at most one ring's worth, then the loop has its turn. */
	while (n < RING_GRANTS) {
		more = ring_peek(&a->grants, &record);
		if (more <= 0)
			return more < 0 ? more : n;
		memcpy(&g, record, sizeof(g));
		ring_release(&a->grants);
		serve(a, &g);
		n++;
	}
	return n;
}

/* --- the mirror --- */

static bool in(const struct ipaddr *list, unsigned int n,
	       const struct ipaddr *a)
{
	for (unsigned int i = 0; i < n; i++)
		if (ipaddr_equal(&list[i], a))
			return true;
	return false;
}

/* Adds what should be in the kernel and is not in have[]. How many. */
static int put_back(struct answer *a, const struct ipaddr *have,
		    unsigned int n_have, struct why *why)
{
	struct fw_element el[ALLOW_MAX];
	uint64_t now = clock_boot();
	unsigned int n = 0;
	int error;

	for (unsigned int i = 0; i < a->allowed.n; i++) {
		const struct allowed_entry *e = &a->allowed.entry[i];

		/* Planned, but not yet in the kernel for the first time. */
		if (e->opened == 0 || in(have, n_have, &e->addr))
			continue;
		el[n++] = (struct fw_element){
			.addr = e->addr,
			.seconds = seconds_left(e->expiry, now) +
				   KERNEL_SLACK_S,
			.tls = e->tls,
		};
		reach(a, &e->addr, now + el[n - 1].seconds * CLOCK_S);
	}
	error = n == 0 ? 0 : a->fw->ops->add(a->fw, el, n, why);
	return error < 0 ? error : (int)n;
}

int answer_refill(struct answer *a, struct why *why)
{
	int n = put_back(a, NULL, 0, why);

	return n < 0 ? n : 0;
}

/* Removes what is in have[] and should not be in the kernel. How many. */
static int drop_foreign(struct answer *a, const struct ipaddr *have,
			unsigned int n_have, struct why *why)
{
	struct ipaddr foreign[FW_BATCH];
	unsigned int n = 0;
	int error;

	/* More than a batch: the rest at the next look. */
	for (unsigned int i = 0; i < n_have && n < FW_BATCH; i++)
		if (allowed_find(&a->allowed, &have[i]) == NULL)
			foreign[n++] = have[i];
	error = n == 0 ? 0 : a->fw->ops->remove(a->fw, foreign, n, why);
	return error < 0 ? error : (int)n;
}

/* How many elements were missing or foreign and have been put right. */
static int mend_elements(struct answer *a, struct why *why)
{
	struct ipaddr have[2 * ALLOW_MAX];
	int n, dropped, added;

	n = a->fw->ops->list(a->fw, have, NITEMS(have), why);
	if (n < 0)
		return n;
	dropped = drop_foreign(a, have, (unsigned int)n, why);
	if (dropped < 0)
		return dropped;
	added = put_back(a, have, (unsigned int)n, why);
	return added < 0 ? added : dropped + added;
}

static int mend_table(struct answer *a)
{
	return a->arena == NULL ? 0 :
	       (int)table_mend(a->arena->allow, a->epoch, &a->allowed,
			       clock_boot());
}

bool answer_differs(const struct answer *a)
{
	return answer_by_table(a) && a->arena != NULL &&
	       table_differs(a->arena->allow, a->epoch, &a->allowed,
			     clock_boot());
}

static void publish_verified(struct answer *a, uint32_t generation)
{
	uint64_t verified = ++a->verifications << 32 | generation;

	a->stale = false;
	if (a->arena != NULL)
		/* R3, pairs with A3 in datapath/resolve.c: the table was put
		 * right before the generation says so. */
		atomic_store_explicit(&a->arena->control->verified, verified,
				      memory_order_release);
}

int answer_verify(struct answer *a, struct why *why)
{
	bool repaired = false;

	answer_expire(a);
	a->stale = true;
	for (unsigned int i = 0; i < VERIFY_TRIES; i++) {
		uint32_t before = 0, after = 0;
		int same = a->fw->ops->verify(a->fw, &before, why);
		int mended = 0;

		if (same == 0) {
			a->repaired++;
			repaired = true;
			same = a->reload(a->context);
			if (same == 0)
				same = answer_refill(a, why);
			if (same == 0)
				continue;	/* look again */
		}
		if (same > 0)
			mended = answer_by_table(a) ? mend_table(a) :
					       mend_elements(a, why);
		if (same < 0 || mended < 0)
			return same < 0 ? same : mended;
		if (mended > 0) {
			repaired = true;
			a->repaired++;
			continue;
		}
		/* Nothing moved while we looked: that generation is good. */
		same = a->fw->ops->verify(a->fw, &after, why);
		if (same == 1 && before == after) {
			publish_verified(a, after);
			return repaired;
		}
	}
	return why_set(why, -EAGAIN, "the firewall keeps being changed by others");
}
