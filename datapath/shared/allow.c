/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * An open-addressing hash table. A key lives in one of the ALLOW_PROBES
 * entries that begin with the one its hash names (its window): in the first
 * that was free. Behind the last slot follow the entries of its window.
 *
 * An entry whose tag does not carry the table's epoch is a gap. No key lies
 * behind a gap of its window, so a look-up that meets one is at its end: most
 * misses cost one entry. For an entry becomes a gap again only when the one
 * behind it is one, too: then no window reaches over it.
 *
 * An entry is open if it is of the epoch and its expiry lies ahead. So a new
 * epoch closes everything with one store, time closes the rest by itself, and
 * nothing is ever swept; a removed entry is one whose expiry is 0. Gaps, and
 * entries that are not open, are room for new keys; a window full of open
 * entries refuses.
 *
 * Invariants. (1) One writer. (2) While the version in a tag is not 0, the
 * key of the entry does not change. (3) Each writing of an entry gives it a
 * tag that it never had (the version would have to wrap, 2^32 writes of one
 * entry, during one look-up). (4) At most one entry of the epoch holds a given
 * key: insert looks for it before it takes a free entry.
 *
 * Writing an entry: the epoch with version 0, which is no gap and nobody's,
 * then key and expiry, then the new tag. Every one of these stores is a
 * release, and every load of a reader an acquire, in place of fences, which
 * ThreadSanitizer cannot see and eBPF does not have. The argument: a reader
 * that loads the new tag has all that was stored before it (R1, A1). A reader
 * that loaded the old tag and then meets a word of a later writing also has
 * the version 0 before that word (R2, A2), so its second load of the tag
 * cannot give the old value again, and by (3) neither can any later one.
 * Equal tags at both ends thus prove that key and expiry belong together.
 * Moving the expiry of an entry is a single store: a reader has the old or
 * the new one.
 *
 * The epoch is loaded first and again last. An entry that carries it was
 * written while it was current, so an answer was true at some instant in
 * between; the second look only makes the answer false sooner.
 *
 * Deliberately racy: a reader that meets an entry while it is rewritten
 * passes over it. At worst an address reads as closed while it is being
 * moved, which costs a question to control and nothing else.
 *
 * Others may write into a table that is a BPF map. A gap that one of them
 * tore hides what lies behind it, and insert closes that before it writes the
 * key anew in front of it.
 *
 * The words are plain integers in the header, since bpf/door.bpf.c reads them
 * too; all access from here is through the __atomic builtins.
 */
#include "shared/allow.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct key {
	uint64_t hi, lo;
};

static struct key key_of(const struct ipaddr *a)
{
	struct key k;

	memcpy(&k.hi, a->b, sizeof(k.hi));
	memcpy(&k.lo, a->b + sizeof(k.hi), sizeof(k.lo));
	return k;
}

static uint32_t home_of(const struct allow *t, struct key k)
{
	return allow_home(t->seed, k.hi, k.lo);
}

static struct allow_entry *window(struct allow *t, struct key k)
{
	return &t->entries[home_of(t, k)];
}

static uint32_t tag_epoch(uint64_t tag)
{
	return (uint32_t)(tag >> 32);
}

static uint32_t tag_version(uint64_t tag)
{
	return (uint32_t)tag;
}

static uint64_t own(const uint64_t *word)
{
	/* The writer's own stores: nobody else's are there to be ordered. */
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static bool is_gap(const struct allow *t, const struct allow_entry *e)
{
	return tag_epoch(own(&e->tag)) != t->epoch;
}

static bool holds(const struct allow_entry *e, struct key k)
{
	return own(&e->key_hi) == k.hi && own(&e->key_lo) == k.lo;
}

/* Control: the entry of k's window w that readers come to, or NULL. */
static struct allow_entry *find(const struct allow *t, struct allow_entry *w,
				struct key k)
{
	for (uint32_t i = 0; i < ALLOW_PROBES && !is_gap(t, &w[i]); i++)
		if (holds(&w[i], k))
			return &w[i];
	return NULL;
}

/* Control: the first entry of the window that is not open, or NULL. */
static struct allow_entry *find_free(const struct allow *t,
				     struct allow_entry *w, uint64_t now)
{
	for (uint32_t i = 0; i < ALLOW_PROBES; i++)
		if (is_gap(t, &w[i]) || own(&w[i].expiry) <= now)
			return &w[i];
	return NULL;
}

static void move_expiry(struct allow_entry *e, uint64_t expiry)
{
	/* R2, pairs with A2: one word, and the key is in place. */
	__atomic_store_n(&e->expiry, expiry, __ATOMIC_RELEASE);
}

static void write_entry(struct allow *t, struct allow_entry *e, struct key k,
			uint64_t expiry)
{
	uint64_t epoch = (uint64_t)t->epoch << 32;
	uint32_t version = tag_version(own(&e->tag)) + 1;

	__atomic_store_n(&e->tag, epoch, __ATOMIC_RELEASE);
	/* R2, pairs with A2: whoever sees one of these sees version 0, too. */
	__atomic_store_n(&e->key_hi, k.hi, __ATOMIC_RELEASE);
	__atomic_store_n(&e->key_lo, k.lo, __ATOMIC_RELEASE);
	__atomic_store_n(&e->expiry, expiry, __ATOMIC_RELEASE);
	/* R1, pairs with A1: key and expiry are in place. */
	__atomic_store_n(&e->tag, epoch | (version != 0 ? version : 1),
			 __ATOMIC_RELEASE);
}

void allow_init(struct allow *t, uint64_t seed)
{
	memset(t, 0, sizeof(*t));
	t->seed = seed;
}

void allow_set_epoch(struct allow *t, uint32_t epoch)
{
	assert(epoch == 0 || epoch > t->epoch);
	/* R3, pairs with A3: what control did before it, it did before this. */
	__atomic_store_n(&t->epoch, epoch, __ATOMIC_RELEASE);
}

/* e and what was removed before it, while nothing needs it there. */
static void free_back(struct allow *t, struct allow_entry *e)
{
	/* The last entry is a gap for ever. What shrinks: e. */
	for (; e >= t->entries && own(&e->expiry) == 0 && !is_gap(t, e) &&
	       is_gap(t, e + 1); e--)
		__atomic_store_n(&e->tag, tag_version(own(&e->tag)),
				 __ATOMIC_RELEASE);
}

/* Behind gaps, too. */
static void close_all(struct allow *t, struct key k)
{
	struct allow_entry *w = window(t, k);

	for (uint32_t i = 0; i < ALLOW_PROBES; i++) {
		if (is_gap(t, &w[i]) || !holds(&w[i], k))
			continue;
		move_expiry(&w[i], 0);
		free_back(t, &w[i]);
	}
}

int allow_insert(struct allow *t, const struct ipaddr *a, uint64_t expiry,
		 uint64_t now)
{
	struct key k = key_of(a);
	struct allow_entry *w = window(t, k), *e;

	if (t->epoch == 0)
		return -EINVAL;
	e = find(t, w, k);
	if (e != NULL) {
		move_expiry(e, expiry);
		return 0;
	}
	close_all(t, k);
	e = find_free(t, w, now);
	if (e == NULL)
		return -ENOSPC;
	write_entry(t, e, k, expiry);
	return 0;
}

void allow_remove(struct allow *t, const struct ipaddr *a)
{
	if (t->epoch != 0)
		close_all(t, key_of(a));
}

/* An entry outside of its key's window is nobody's. */
static bool in_window(const struct allow *t, uint32_t at, struct key k)
{
	return at - home_of(t, k) < ALLOW_PROBES;
}

unsigned int allow_list(const struct allow *t, uint64_t now, struct ipaddr *a,
			unsigned int max)
{
	unsigned int n = 0;

	for (uint32_t i = 0; t->epoch != 0 && i < ALLOW_ENTRIES && n < max; i++) {
		const struct allow_entry *e = &t->entries[i];
		struct key k = { own(&e->key_hi), own(&e->key_lo) };

		if (is_gap(t, e) || own(&e->expiry) <= now ||
		    !in_window(t, i, k))
			continue;
		memcpy(a[n].b, &k.hi, sizeof(k.hi));
		memcpy(a[n].b + sizeof(k.hi), &k.lo, sizeof(k.lo));
		n++;
	}
	return n;
}

/* A reader, A2, pairs with R2: if a word is of a later writing, the tag e had
 * before is gone. What differs most often is looked at first. */
static bool reads(const struct allow_entry *e, struct key k)
{
	return __atomic_load_n(&e->key_lo, __ATOMIC_ACQUIRE) == k.lo &&
	       __atomic_load_n(&e->key_hi, __ATOMIC_ACQUIRE) == k.hi;
}

uint64_t allow_lookup(const struct allow *t, const struct ipaddr *a,
		      uint64_t now)
{
	struct key k = key_of(a);
	const struct allow_entry *e = &t->entries[home_of(t, k)];
	const struct allow_entry *end = e + ALLOW_PROBES;
	/* A3, pairs with R3. */
	uint32_t epoch = __atomic_load_n(&t->epoch, __ATOMIC_ACQUIRE);

	if (epoch == 0)
		return 0;
	for (; e < end; e++) {
		/* A1, pairs with R1: key and expiry of this tag, or later. */
		uint64_t tag = __atomic_load_n(&e->tag, __ATOMIC_ACQUIRE);
		uint64_t expiry;

		if (tag_epoch(tag) != epoch)
			return 0;
		if (!reads(e, k) || tag_version(tag) == 0)
			continue;
		/* A2 as well. */
		expiry = __atomic_load_n(&e->expiry, __ATOMIC_ACQUIRE);
		if (__atomic_load_n(&e->tag, __ATOMIC_ACQUIRE) != tag)
			continue;
		if (expiry <= now ||
		    __atomic_load_n(&t->epoch, __ATOMIC_ACQUIRE) != epoch)
			return 0;
		return expiry;
	}
	return 0;
}
