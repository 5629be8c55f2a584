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
 * Grants that wait in the ring together are opened in one batch, as long as
 * no address is in two of them. When the kernel refuses a batch nothing of it
 * is open, and each of its grants is tried alone.
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

enum {
	/* The kernel counts in ticks; it must not be earlier than the table. */
	KERNEL_SLACK_S = 1,
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

void answer_reach(const struct answer *a, const struct ipaddr *addr,
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
		answer_reach(a, &gone[i], now);
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

uint32_t answer_seconds(uint64_t expiry, uint64_t now)
{
	return KERNEL_SLACK_S + (expiry <= now ? 0 :
	       (uint32_t)((expiry - now + CLOCK_S - 1) / CLOCK_S));
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
		struct fw_element *el)
{
	bool tls = a->tls_only != NULL &&
		   a->tls_only(a->context, g->name, g->name_len);
	unsigned int before = a->allowed.n;

	for (unsigned int i = 0; i < g->n_addrs; i++) {
		struct allowed_entry *e = allowed_find(&a->allowed,
						       &g->addrs[i]);

		el[i].addr = g->addrs[i];
		el[i].renew = e != NULL && e->opened != 0;
		el[i].seconds = g->lifetime + KERNEL_SLACK_S;
		if (el[i].renew && answer_seconds(e->expiry, now) >
				   el[i].seconds)
			el[i].seconds = answer_seconds(e->expiry, now);
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
		memcpy(a->allowed.name[e - a->allowed.entry], g->name,
		       g->name_len);
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

/* ---- grants together */

/*
 * Grants of a->grant that share no address, from first to below end. Those
 * without an error are planned: as elements, and as entries of `allowed`,
 * each from its from[] to its to[].
 */
struct batch {
	unsigned int first, end;
	unsigned int before;		/* a->allowed.n without it */
	uint64_t now;
	int error[ANSWER_BATCH];
	unsigned int from[ANSWER_BATCH], to[ANSWER_BATCH];
	unsigned int n_el;
	struct fw_element el[FW_BATCH];
};

static void begin(struct answer *a, struct batch *b, unsigned int first)
{
	b->first = b->end = first;
	b->before = a->allowed.n;
	b->now = clock_boot();
	b->n_el = 0;
}

static bool shares(const struct batch *b, const struct grant *g)
{
	for (unsigned int i = 0; i < b->n_el; i++)
		for (unsigned int k = 0; k < g->n_addrs; k++)
			if (ipaddr_equal(&b->el[i].addr, &g->addrs[k]))
				return true;
	return false;
}

/* -EAGAIN: not together with the others. */
static int prepare(struct answer *a, struct batch *b, struct grant *g)
{
	int error = check(a, g, b->now);

	if (error < 0)
		return error;
	/* The same address twice in one answer is one element. */
	g->n_addrs = (uint16_t)allowed_unique(g->addrs, g->n_addrs);
	if (b->n_el + g->n_addrs > FW_BATCH || shares(b, g))
		return -EAGAIN;
	error = plan(a, g, b->now, b->el + b->n_el);
	if (error == 0)
		b->n_el += g->n_addrs;
	return error;
}

/* False: the next grant is for another batch. */
static bool join(struct answer *a, struct batch *b)
{
	unsigned int i = b->end;

	b->from[i] = a->allowed.n;
	b->error[i] = prepare(a, b, &a->grant[i]);
	b->to[i] = a->allowed.n;
	if (b->error[i] == -EAGAIN)
		return false;
	b->end++;
	return true;
}

static int open_elements(struct answer *a, const struct batch *b)
{
	struct why why;
	int error;

	for (unsigned int i = 0; i < b->n_el; i++)
		answer_reach(a, &b->el[i].addr,
			     b->now + b->el[i].seconds * CLOCK_S);
	error = b->n_el == 0 ? 0 : add(a, b->el, b->n_el, &why);
	if (error < 0)
		log_warning("door: %s", why.text);
	return error;
}

static void announce(struct answer *a, const struct batch *b, unsigned int i)
{
	unsigned int fresh = b->to[i] - b->from[i];

	if (a->first_opened == 0)
		a->first_opened = clock_boot();
	a->opened += fresh;
	a->renewed += a->grant[i].n_addrs - fresh;
	/* A datapath that has lost announcements waits for a verification. */
	a->stale = true;
	for (unsigned int k = b->from[i]; k < b->to[i]; k++)
		a->on_open(a->context, &a->allowed.entry[k],
			   a->allowed.name[k]);
}

/* error: the kernel's, of all of them. True: something is to be taken back. */
static bool settle(struct answer *a, struct batch *b, unsigned int i,
		   int error)
{
	const struct grant *g = &a->grant[i];

	if (b->error[i] < 0)
		return false;
	if (error == -ETIMEDOUT)
		doubt(a, g);
	/* Too late: the client has its SERVFAIL, so nothing may be open. */
	if (error == 0)
		error = clock_boot() < g->deadline ? enter(a, g, b->now) :
						     -ETIMEDOUT;
	b->error[i] = error;
	if (error == 0) {
		announce(a, b, i);
		return false;
	}
	for (unsigned int k = b->from[i]; k < b->to[i]; k++)
		a->allowed.entry[k].expiry = 0;
	a->rolled_back++;
	return true;
}

static void acknowledge(struct answer *a, const struct batch *b,
			unsigned int i)
{
	struct ack *k = ring_claim(&a->acks);

	if (b->error[i] < 0) {
		a->refused++;
		log_debug("door: grant refused: %s", strerror(-b->error[i]));
	}
	if (k == NULL)
		return;
	*k = (struct ack){ .id = a->grant[i].id, .error = b->error[i],
			   .opened = clock_boot() };
	/* Behind R1 of the ring: the table is written before the ack. */
	ring_publish(&a->acks);
}

/* False: not one of them was opened, and it may be the fault of one. */
static bool open_all(struct answer *a, struct batch *b)
{
	int error = open_elements(a, b);
	bool back = false;

	if (error < 0 && error != -ETIMEDOUT && b->end - b->first > 1) {
		allowed_cut(&a->allowed, b->before);
		return false;
	}
	for (unsigned int i = b->first; i < b->end; i++)
		back |= settle(a, b, i, error);
	/* Also what the kernel may have of them. */
	if (back)
		answer_expire(a);
	for (unsigned int i = b->first; i < b->end; i++)
		acknowledge(a, b, i);
	return true;
}

/* The n first of a->grant. */
static void serve(struct answer *a, unsigned int n)
{
	struct batch b;

	/* What shrinks: the grants left, as the first always joins. */
	for (unsigned int i = 0; i < n; i = b.end) {
		unsigned int end;

		begin(a, &b, i);
		while (b.end < n && join(a, &b))
			;
		end = b.end;
		if (open_all(a, &b))
			continue;
		for (unsigned int k = i; k < end; k++) {
			begin(a, &b, k);
			(void)join(a, &b);
			(void)open_all(a, &b);
		}
	}
}

/* Copies grants out, at most max: how many, or -EPROTO. */
static int gather(struct answer *a, unsigned int max)
{
	const void *record;
	unsigned int n = 0;
	int more = 0;

	while (n < max && (more = ring_peek(&a->grants, &record)) == 1) {
		memcpy(&a->grant[n++], record, sizeof(a->grant[0]));
		ring_release(&a->grants);
	}
	return more < 0 ? more : (int)n;
}

int answer_grants(struct answer *a)
{
	int n = 0;

	if (a->arena == NULL)
		return 0;
	/* What has ended is opened anew, not renewed: the kernel may have
	 * dropped it already. */
	answer_expire(a);
	/* What shrinks: at most one ring's worth, then the loop has its turn. */
	while (n < RING_GRANTS) {
		uint32_t room = ring_room(&a->acks);
		int got = gather(a, room == 0 ? 1 : room < ANSWER_BATCH ?
				 room : ANSWER_BATCH);

		if (got <= 0)
			return got < 0 ? got : n;
		n += got;
		/* The datapath does not read, so it would not hear of it, and
		 * the client gets SERVFAIL. */
		if (room == 0)
			a->refused++;
		else
			serve(a, (unsigned int)got);
	}
	return n;
}
