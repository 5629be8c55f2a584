/* SPDX-License-Identifier: ISC */
#include "table.h"

#include "log.h"

/* Planned, but not yet open; or over, and about to be taken out. */
static bool is_live(const struct allowed_entry *e, uint64_t now)
{
	return e->opened != 0 && e->expiry > now;
}

static bool is_missing(const struct allow *t, const struct allowed_entry *e,
		       uint64_t now)
{
	return is_live(e, now) && allow_lookup(t, &e->addr, now) != e->expiry;
}

bool table_differs(const struct allow *t, uint32_t epoch,
		   const struct allowed *truth, uint64_t now)
{
	struct ipaddr have[ALLOW_MAX + 1];
	unsigned int n = 0;

	for (unsigned int i = 0; i < truth->n; i++) {
		if (is_missing(t, &truth->entry[i], now))
			return true;
		n += is_live(&truth->entry[i], now);
	}
	return t->epoch != epoch || allow_list(t, now, have, NITEMS(have)) != n;
}

/* What should not be there. */
static unsigned int drop_foreign(struct allow *t, const struct allowed *truth,
				 uint64_t now)
{
	struct ipaddr have[ALLOW_MAX];
	unsigned int n_have = allow_list(t, now, have, NITEMS(have));
	unsigned int n = 0;

	for (unsigned int i = 0; i < n_have; i++) {
		unsigned int k = 0;

		while (k < truth->n && !(is_live(&truth->entry[k], now) &&
		       ipaddr_equal(&truth->entry[k].addr, &have[i])))
			k++;
		if (k < truth->n)
			continue;
		allow_remove(t, &have[i]);
		n++;
	}
	return n;
}

unsigned int table_mend(struct allow *t, uint32_t epoch,
			const struct allowed *truth, uint64_t now)
{
	unsigned int n = 0;

	if (t->epoch != epoch) {
		/* Whatever it was: shut, and then as it should be. */
		allow_set_epoch(t, 0);
		allow_set_epoch(t, epoch);
		n++;
	}
	n += drop_foreign(t, truth, now);
	for (unsigned int i = 0; i < truth->n; i++) {
		const struct allowed_entry *e = &truth->entry[i];

		if (!is_missing(t, e, now))
			continue;
		n++;
		if (allow_insert(t, &e->addr, e->expiry, now) < 0)
			log_warning("door: no room to open an address again");
	}
	return n;
}
