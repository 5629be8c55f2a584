/* SPDX-License-Identifier: ISC */
#include "bench/tables.h"

#include <ck_hs.h>
#include <ck_ht.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <urcu/urcu-qsbr.h>
#include <urcu/rculfhash.h>

#include "compat.h"
#include "shared/allow.h"

enum { SEED = 0x5a11e90, EPOCH = 1 };

#define ROW __attribute__((noinline))

static const struct ipaddr *keys;
static size_t n_all;

static uint64_t hash_of(const struct ipaddr *a)
{
	uint64_t hi, lo;

	memcpy(&hi, a->b, sizeof(hi));
	memcpy(&lo, a->b + sizeof(hi), sizeof(lo));
	return allow_hash(SEED, hi, lo);
}

/* For those who take the lowermost bits: they are not its best. */
static unsigned long turned_hash(const struct ipaddr *a)
{
	uint64_t hash = hash_of(a);

	return hash >> 32 | hash << 32;
}

static void take_keys(const struct ipaddr *k, size_t all)
{
	keys = k;
	n_all = all;
}

/* ---- the flat one: ours without a second process */

static struct flat {
	struct ipaddr key;
	uint64_t expiry;	/* 0: free, and the end of a search */
	uint64_t unused;
} flat[ALLOW_SLOTS];

static size_t flat_home(const struct ipaddr *a)
{
	return hash_of(a) >> (64 - __builtin_ctz(ALLOW_SLOTS));
}

static void flat_open(const struct ipaddr *k, size_t n, size_t all)
{
	take_keys(k, all);
	memset(flat, 0, sizeof(flat));
	for (size_t i = 0; i < n; i++) {
		size_t at = flat_home(&k[i]);

		while (flat[at].expiry != 0)
			at = (at + 1) % ALLOW_SLOTS;
		flat[at] = (struct flat){ k[i], TABLES_EXPIRY, 0 };
	}
}

ROW static uint64_t row_flat(const struct ipaddr *a, uint64_t now)
{
	size_t at = flat_home(a);

	for (; flat[at].expiry != 0; at = (at + 1) % ALLOW_SLOTS)
		if (ipaddr_equal(&flat[at].key, a))
			return flat[at].expiry > now ? flat[at].expiry : 0;
	return 0;
}

/* ---- ours */

static struct allow ours;

void tables_start(void)
{
	allow_init(&ours, SEED);
	allow_set_epoch(&ours, EPOCH);
}

bool tables_takes(const struct ipaddr *a)
{
	return allow_insert(&ours, a, TABLES_EXPIRY, 0) == 0;
}

static void ours_open(const struct ipaddr *k, size_t n, size_t all)
{
	take_keys(k, all);
	tables_start();
	for (size_t i = 0; i < n; i++)
		if (!tables_takes(&k[i]))
			errx(1, "no room for a key that there was room for");
}

static void ours_drop(size_t i)
{
	allow_remove(&ours, &keys[i]);
}

/* In another order a window can be full: then it stays out. */
static void ours_put(size_t i)
{
	(void)!allow_insert(&ours, &keys[i], TABLES_EXPIRY, 0);
}

ROW static uint64_t row_ours(const struct ipaddr *a, uint64_t now)
{
	return allow_lookup(&ours, a, now);
}

/* ---- liburcu: a chain of nodes for each bucket */

struct item {
	struct cds_lfht_node node;
	struct ipaddr key;
	uint64_t expiry;
};

/* Whoever took a node out may use it again after a grace period. */
enum { SPARE = 1024 };

static struct cds_lfht *rcu;
static struct item items[TABLES_MAX + SPARE];
static struct item *in_use[TABLES_MAX];
static struct item *spare[SPARE + 1], *waiting[SPARE + 1];
static size_t n_spare, n_waiting;

static int item_is(struct cds_lfht_node *node, const void *key)
{
	return ipaddr_equal(&caa_container_of(node, struct item, node)->key,
			    key);
}

static void rcu_put(size_t i)
{
	struct item *e;

	if (n_spare == 0) {
		urcu_qsbr_synchronize_rcu();
		memcpy(spare, waiting, sizeof(spare));
		n_spare = n_waiting;
		n_waiting = 0;
	}
	e = in_use[i] = spare[--n_spare];
	e->key = keys[i];
	e->expiry = TABLES_EXPIRY;
	cds_lfht_add(rcu, turned_hash(&keys[i]), &e->node);
}

static void rcu_drop(size_t i)
{
	(void)cds_lfht_del(rcu, &in_use[i]->node);
	waiting[n_waiting++] = in_use[i];
	in_use[i] = NULL;
}

static void rcu_close(void)
{
	for (size_t i = 0; i < n_all; i++)
		if (in_use[i] != NULL)
			(void)cds_lfht_del(rcu, &in_use[i]->node);
	memset(in_use, 0, sizeof(in_use));
	urcu_qsbr_synchronize_rcu();
	(void)cds_lfht_destroy(rcu, NULL);
}

static void rcu_open(const struct ipaddr *k, size_t n, size_t all)
{
	unsigned long buckets = 16;

	urcu_qsbr_thread_online();
	if (rcu != NULL)
		rcu_close();
	while (buckets < 2 * n)
		buckets *= 2;
	take_keys(k, all);
	rcu = cds_lfht_new_flavor(buckets, buckets, buckets, 0,
				  &urcu_qsbr_flavor, NULL);
	if (rcu == NULL)
		errx(1, "rculfhash");
	n_waiting = 0;
	for (size_t i = 0; i < n; i++) {
		spare[0] = &items[i];
		n_spare = 1;
		rcu_put(i);
	}
	for (size_t i = 0; i < SPARE; i++)
		spare[i] = &items[n + i];
	n_spare = SPARE;
	urcu_qsbr_thread_offline();
}

ROW static uint64_t row_rcu(const struct ipaddr *a, uint64_t now)
{
	struct cds_lfht_iter at;
	struct cds_lfht_node *node;
	const struct item *e;

	cds_lfht_lookup(rcu, turned_hash(a), item_is, a, &at);
	node = cds_lfht_iter_get_node(&at);
	if (node == NULL)
		return 0;
	e = caa_container_of(node, struct item, node);
	return e->expiry > now ? e->expiry : 0;
}

/* ---- ck: pointers to what never moves */

static void *ck_get(size_t size)
{
	return malloc(size);
}

static void *ck_more(void *p, size_t was, size_t size, bool defer)
{
	(void)was;
	(void)defer;
	return realloc(p, size);
}

/* A reader may be in it. */
static void ck_forget(void *p, size_t size, bool defer)
{
	(void)size;
	if (!defer)
		free(p);
}

static struct ck_malloc ck_memory = { ck_get, ck_more, ck_forget };

static struct item still[TABLES_MAX];
static struct ck_hs hs;
static struct ck_ht ht;
static bool hs_is, ht_is;

static unsigned long hs_hash(const void *object, unsigned long seed)
{
	(void)seed;
	return turned_hash(&((const struct item *)object)->key);
}

static bool hs_same(const void *a, const void *b)
{
	return ipaddr_equal(&((const struct item *)a)->key,
			    &((const struct item *)b)->key);
}

static void hs_put(size_t i)
{
	if (!ck_hs_put(&hs, turned_hash(&keys[i]), &still[i]))
		errx(1, "ck_hs");
}

static void hs_drop(size_t i)
{
	(void)ck_hs_remove(&hs, turned_hash(&keys[i]), &still[i]);
}

static void fill_still(void)
{
	for (size_t i = 0; i < n_all; i++) {
		still[i].key = keys[i];
		still[i].expiry = TABLES_EXPIRY;
	}
}

static void hs_open(const struct ipaddr *k, size_t n, size_t all)
{
	if (hs_is)
		ck_hs_destroy(&hs);
	hs_is = ck_hs_init(&hs, CK_HS_MODE_SPMC | CK_HS_MODE_OBJECT |
			   CK_HS_MODE_DELETE, hs_hash, hs_same, &ck_memory,
			   2 * n, SEED);
	if (!hs_is)
		errx(1, "ck_hs");
	take_keys(k, all);
	fill_still();
	for (size_t i = 0; i < n; i++)
		hs_put(i);
}

ROW static uint64_t row_hs(const struct ipaddr *a, uint64_t now)
{
	/* What is compared begins where the key stands. */
	const void *key = (const char *)a - offsetof(struct item, key);
	const struct item *e = ck_hs_get(&hs, turned_hash(a), key);

	return e != NULL && e->expiry > now ? e->expiry : 0;
}

static void ht_hash(struct ck_ht_hash *h, const void *key, size_t len,
		    uint64_t seed)
{
	(void)len;
	(void)seed;
	h->value = turned_hash(key);
}

static void ht_put(size_t i)
{
	struct ck_ht_entry e;
	struct ck_ht_hash h;

	ck_ht_hash(&h, &ht, &keys[i], sizeof(keys[i]));
	ck_ht_entry_set(&e, h, &keys[i], sizeof(keys[i]), &still[i]);
	if (!ck_ht_put_spmc(&ht, h, &e))
		errx(1, "ck_ht");
}

static void ht_drop(size_t i)
{
	struct ck_ht_entry e;
	struct ck_ht_hash h;

	ck_ht_hash(&h, &ht, &keys[i], sizeof(keys[i]));
	ck_ht_entry_key_set(&e, &keys[i], sizeof(keys[i]));
	(void)ck_ht_remove_spmc(&ht, h, &e);
}

static void ht_open(const struct ipaddr *k, size_t n, size_t all)
{
	if (ht_is)
		ck_ht_destroy(&ht);
	ht_is = ck_ht_init(&ht, CK_HT_MODE_BYTESTRING | CK_HT_WORKLOAD_DELETE,
			   ht_hash, &ck_memory, 2 * n, SEED);
	if (!ht_is)
		errx(1, "ck_ht");
	take_keys(k, all);
	fill_still();
	for (size_t i = 0; i < n; i++)
		ht_put(i);
}

ROW static uint64_t row_ht(const struct ipaddr *a, uint64_t now)
{
	const struct item *e;
	struct ck_ht_entry entry;
	struct ck_ht_hash h;

	ck_ht_hash(&h, &ht, a, sizeof(*a));
	ck_ht_entry_key_set(&entry, a, sizeof(*a));
	if (!ck_ht_get_spmc(&ht, h, &entry))
		return 0;
	e = ck_ht_entry_value(&entry);
	return e->expiry > now ? e->expiry : 0;
}

/* ---- all of them */

void tables_join(void)
{
	urcu_qsbr_register_thread();
	urcu_qsbr_thread_offline();
}

void tables_leave(void)
{
	urcu_qsbr_unregister_thread();
}

const struct table tables[TABLES_N] = {
	{ .name = "flat", .open = flat_open, .find = row_flat },
	{ .name = "sallyport", .open = ours_open, .find = row_ours,
	  .drop = ours_drop, .put = ours_put },
	{ .name = "rculfhash", .open = rcu_open, .find = row_rcu,
	  .drop = rcu_drop, .put = rcu_put,
	  .begin = urcu_qsbr_thread_online, .pause = urcu_qsbr_quiescent_state,
	  .end = urcu_qsbr_thread_offline },
	{ .name = "ck_hs", .open = hs_open, .find = row_hs, .drop = hs_drop,
	  .put = hs_put },
	{ .name = "ck_ht", .open = ht_open, .find = row_ht, .drop = ht_drop,
	  .put = ht_put },
};
