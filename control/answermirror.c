/* SPDX-License-Identifier: ISC */
/*
 * answermirror.c - the kernel's sets and the allow table against the truth
 */
#include "answer.h"

#include <errno.h>

#include "clock.h"
#include "table.h"

enum { VERIFY_TRIES = 3 };

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
			.seconds = answer_seconds(e->expiry, now),
			.tls = e->tls,
		};
		answer_reach(a, &e->addr, now + el[n - 1].seconds * CLOCK_S);
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
			same = a->reload(a->context, why);
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
