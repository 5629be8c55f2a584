/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * An open-addressing hash table of 2^n entries. A key lives in one of the
 * ALLOW_PROBES entries behind the one its hash names (its window), wherever
 * one was free. There are no tombstones: look-ups pass over what is not
 * theirs and always walk the whole window.
 *
 * An entry counts if its tag carries the table's epoch and its expiry lies
 * ahead. So a new epoch closes everything with one store, time closes the
 * rest by itself, and nothing is ever swept. Entries of other epochs and
 * expired ones are room for new keys; a window full of live entries refuses.
 *
 * Invariants. (1) One writer. (2) While tag is not 0, the key of the entry
 * does not change. (3) Each writing of an entry gives it a tag never used
 * before (the version would have to wrap, 2^32 writes, during one look-up).
 * (4) At most one entry of the current epoch holds a given key: insert looks
 * through the whole window for it before it takes a free entry.
 *
 * Writing an entry: tag = 0, then key and expiry, then the new tag. Every one
 * of these stores is a release, and every load of a reader an acquire, in
 * place of fences, which ThreadSanitizer cannot see and eBPF does not have.
 * The argument: a reader that loads the new tag has all that was stored
 * before it (R1, A1). A reader that loaded the old tag and then meets a word
 * of a later writing also has the tag = 0 before that word (R2, A2), so its
 * second load of the tag cannot give the old value again, and by (3) neither
 * can any later one. Equal tags at both ends thus prove that key and expiry
 * belong together. Moving the expiry of a live entry is a single store: a
 * reader has the old or the new one.
 *
 * The epoch is loaded first and again last. An entry that carries it was
 * written while it was current, so an answer was true at some instant in
 * between; the second look only makes the answer false sooner.
 *
 * Deliberately racy: a reader that meets an entry while it is rewritten
 * passes over it. At worst an address reads as closed while it is being
 * moved, which costs a question to control and nothing else.
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

static uint32_t slot(const struct allow *t, struct key k, uint32_t probe)
{
	return allow_slot(t->seed, k.hi, k.lo, probe);
}

static uint32_t tag_epoch(uint64_t tag)
{
	return (uint32_t)(tag >> 32);
}

static uint64_t own(const uint64_t *word)
{
	/* The writer's own stores: nobody else's are there to be ordered. */
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static bool holds(const struct allow_entry *e, uint32_t epoch, struct key k)
{
	return tag_epoch(own(&e->tag)) == epoch && own(&e->key_hi) == k.hi &&
	       own(&e->key_lo) == k.lo;
}

/* Control: the entry of the current epoch that holds k, or NULL. */
static struct allow_entry *find(struct allow *t, struct key k)
{
	for (uint32_t i = 0; i < ALLOW_PROBES; i++) {
		struct allow_entry *e = &t->entries[slot(t, k, i)];

		if (holds(e, t->epoch, k))
			return e;
	}
	return NULL;
}

/* Control: the first entry of k's window that is not live, or NULL. */
static struct allow_entry *find_free(struct allow *t, struct key k,
				     uint64_t now)
{
	for (uint32_t i = 0; i < ALLOW_PROBES; i++) {
		struct allow_entry *e = &t->entries[slot(t, k, i)];

		if (tag_epoch(own(&e->tag)) != t->epoch ||
		    own(&e->expiry) <= now)
			return e;
	}
	return NULL;
}

static void write_entry(struct allow *t, struct allow_entry *e, struct key k,
			uint64_t expiry)
{
	uint64_t tag = (uint64_t)t->epoch << 32 | t->version++;

	__atomic_store_n(&e->tag, 0, __ATOMIC_RELEASE);
	/* R2, pairs with A2: whoever sees one of these sees tag = 0 as well. */
	__atomic_store_n(&e->key_hi, k.hi, __ATOMIC_RELEASE);
	__atomic_store_n(&e->key_lo, k.lo, __ATOMIC_RELEASE);
	__atomic_store_n(&e->expiry, expiry, __ATOMIC_RELEASE);
	/* R1, pairs with A1: key and expiry are in place. */
	__atomic_store_n(&e->tag, tag, __ATOMIC_RELEASE);
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

int allow_insert(struct allow *t, const struct ipaddr *a, uint64_t expiry,
		 uint64_t now)
{
	struct key k = key_of(a);
	struct allow_entry *e;

	if (t->epoch == 0)
		return -EINVAL;
	e = find(t, k);
	if (e != NULL) {
		/* R2, pairs with A2: one word, and the key is in place. */
		__atomic_store_n(&e->expiry, expiry, __ATOMIC_RELEASE);
		return 0;
	}
	e = find_free(t, k, now);
	if (e == NULL)
		return -ENOSPC;
	write_entry(t, e, k, expiry);
	return 0;
}

void allow_remove(struct allow *t, const struct ipaddr *a)
{
	struct allow_entry *e = t->epoch != 0 ? find(t, key_of(a)) : NULL;

	if (e != NULL)
		__atomic_store_n(&e->tag, 0, __ATOMIC_RELEASE);
}

/* An entry outside of its key's window is nobody's. */
static bool in_window(const struct allow *t, uint32_t at, struct key k)
{
	return ((at - slot(t, k, 0)) & (ALLOW_SLOTS - 1)) < ALLOW_PROBES;
}

unsigned int allow_list(const struct allow *t, uint64_t now, struct ipaddr *a,
			unsigned int max)
{
	unsigned int n = 0;

	for (uint32_t i = 0; t->epoch != 0 && i < ALLOW_SLOTS && n < max; i++) {
		const struct allow_entry *e = &t->entries[i];
		struct key k = { own(&e->key_hi), own(&e->key_lo) };

		if (tag_epoch(own(&e->tag)) != t->epoch ||
		    own(&e->expiry) <= now || !in_window(t, i, k))
			continue;
		memcpy(a[n].b, &k.hi, sizeof(k.hi));
		memcpy(a[n].b + sizeof(k.hi), &k.lo, sizeof(k.lo));
		n++;
	}
	return n;
}

/* A reader: the expiry of an entry that holds k in epoch, else 0. */
static uint64_t read_entry(const struct allow_entry *e, uint32_t epoch,
			   struct key k)
{
	/* A1, pairs with R1: key and expiry of this tag, or later ones. */
	uint64_t tag = __atomic_load_n(&e->tag, __ATOMIC_ACQUIRE);
	uint64_t hi, lo, expiry;

	if (tag_epoch(tag) != epoch)
		return 0;
	/* A2, pairs with R2: if one is of a later writing, the tag is gone. */
	hi = __atomic_load_n(&e->key_hi, __ATOMIC_ACQUIRE);
	lo = __atomic_load_n(&e->key_lo, __ATOMIC_ACQUIRE);
	expiry = __atomic_load_n(&e->expiry, __ATOMIC_ACQUIRE);
	if (hi != k.hi || lo != k.lo)
		return 0;
	return __atomic_load_n(&e->tag, __ATOMIC_ACQUIRE) == tag ? expiry : 0;
}

uint64_t allow_lookup(const struct allow *t, const struct ipaddr *a,
		      uint64_t now)
{
	struct key k = key_of(a);
	/* A3, pairs with R3. */
	uint32_t epoch = __atomic_load_n(&t->epoch, __ATOMIC_ACQUIRE);
	uint64_t expiry = 0;

	if (epoch == 0)
		return 0;
	for (uint32_t i = 0; expiry == 0 && i < ALLOW_PROBES; i++)
		expiry = read_entry(&t->entries[slot(t, k, i)], epoch, k);
	if (expiry <= now ||
	    __atomic_load_n(&t->epoch, __ATOMIC_ACQUIRE) != epoch)
		return 0;
	return expiry;
}
