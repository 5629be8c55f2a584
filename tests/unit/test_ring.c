/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "shared/ring.h"

enum { COUNT = 8 };

struct bench {
	struct ring_count head, tail;
	uint64_t records[COUNT];
	struct ring producer, consumer;
};

static void init(struct bench *b, uint32_t at)
{
	memset(b, 0, sizeof(*b));
	ring_init(&b->producer, &b->head, &b->tail, b->records,
		  sizeof(b->records[0]), COUNT);
	ring_init(&b->consumer, &b->head, &b->tail, b->records,
		  sizeof(b->records[0]), COUNT);
	atomic_store(&b->head.n, at);
	atomic_store(&b->tail.n, at);
}

static bool put(struct bench *b, uint64_t value)
{
	uint64_t *r = ring_claim(&b->producer);

	if (r == NULL)
		return false;
	*r = value;
	ring_publish(&b->producer);
	return true;
}

static bool get(struct bench *b, uint64_t *value)
{
	const void *r;

	if (ring_peek(&b->consumer, &r) != 1)
		return false;
	memcpy(value, r, sizeof(*value));
	ring_release(&b->consumer);
	return true;
}

static const struct {
	const char *what;
	uint32_t at;
} starts[] = {
	{ "from 0", 0 },
	{ "both wrap within the ring", UINT32_MAX - 3 },
	{ "head wraps at the last record", UINT32_MAX - COUNT + 1 },
	{ "sign changes", INT32_MAX - 2 },
};

Test(ring, fill_and_drain)
{
	for (size_t i = 0; i < NITEMS(starts); i++) {
		struct bench b;
		const void *r;
		uint64_t v;

		init(&b, starts[i].at);
		cr_expect_eq(ring_peek(&b.consumer, &r), 0, "%s: empty",
			     starts[i].what);
		for (unsigned int n = 0; n < COUNT; n++)
			cr_expect(put(&b, n), "%s: %u", starts[i].what, n);
		cr_expect(!put(&b, COUNT), "%s: full", starts[i].what);
		for (unsigned int n = 0; n < COUNT; n++) {
			cr_assert(get(&b, &v), "%s: %u", starts[i].what, n);
			cr_expect_eq(v, n, "%s: order", starts[i].what);
		}
		cr_expect(!get(&b, &v), "%s: empty again", starts[i].what);
	}
}

Test(ring, one_freed_is_one_to_claim)
{
	struct bench b;
	uint64_t v;

	init(&b, UINT32_MAX - 1);
	for (unsigned int n = 0; n < COUNT; n++)
		cr_assert(put(&b, n));
	cr_assert(get(&b, &v));
	cr_expect(put(&b, 99));
	cr_expect(!put(&b, 100));
}

Test(ring, claim_alone_shows_nothing)
{
	struct bench b;
	const void *r;

	init(&b, UINT32_MAX);
	cr_assert_not_null(ring_claim(&b.producer));
	cr_expect_eq(ring_peek(&b.consumer, &r), 0);
	ring_publish(&b.producer);
	cr_expect_eq(ring_peek(&b.consumer, &r), 1);
	cr_expect_eq(ring_peek(&b.consumer, &r), 1, "peeking takes nothing");
}

static const struct {
	const char *what;
	uint32_t head, tail;
	int peek;
	bool claim;
} counts[] = {
	{ "full",                       COUNT,      0, 1, false },
	{ "one over full",              COUNT + 1,  0, -EPROTO, false },
	{ "head one behind",            UINT32_MAX, 0, -EPROTO, false },
	{ "head far behind",            0, 1u << 31, -EPROTO, false },
	{ "full across the wrap",       3, UINT32_MAX - 4, 1, false },
	{ "over full across the wrap",  4, UINT32_MAX - 4, -EPROTO, false },
	{ "equal at the wrap",          UINT32_MAX, UINT32_MAX, 0, true },
	{ "one left",                   COUNT - 1,  0, 1, true },
};

Test(ring, hostile_counts)
{
	for (size_t i = 0; i < NITEMS(counts); i++) {
		struct bench b;
		const void *r = NULL;

		init(&b, 0);
		atomic_store(&b.head.n, counts[i].head);
		atomic_store(&b.tail.n, counts[i].tail);
		cr_expect_eq(ring_peek(&b.consumer, &r), counts[i].peek, "%s",
			     counts[i].what);
		cr_expect_eq(r != NULL, counts[i].peek == 1,
			     "%s: untouched on failure", counts[i].what);
		cr_expect_eq(ring_claim(&b.producer) != NULL, counts[i].claim,
			     "%s", counts[i].what);
	}
}
