/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * head counts the records ever published, tail those ever released; both run
 * free and wrap at 2^32. What lies between them is head - tail records, in
 * slots tail & mask .. (head - 1) & mask. Only the producer stores to head
 * and to the records, only the consumer stores to tail, and each part lies in
 * memory that the other process cannot write.
 *
 * Invariant, as long as both sides keep to it: 0 <= head - tail <= mask + 1.
 * The producer writes a slot only after it has seen, by tail, that the
 * consumer has read it (R2, A1); the consumer reads a slot only after it has
 * seen, by head, that it is whole (R1, A2).
 *
 * A hostile peer can store any count, at any time. Whatever it stores, the
 * slot index is masked, so no access leaves the records; a difference that
 * breaks the invariant is taken for "full" by the producer and refused with
 * -EPROTO by the consumer. A hostile producer can also rewrite records that
 * it has published: that is why the consumer copies before it checks.
 *
 * Each side reads its own count relaxed: nobody else stores to it.
 */
#include "shared/ring.h"

#include <assert.h>
#include <errno.h>

void ring_init(struct ring *r, struct ring_count *head,
	       struct ring_count *tail, void *records, size_t size,
	       uint32_t count)
{
	assert(count != 0 && (count & (count - 1)) == 0);
	*r = (struct ring){
		.head = &head->n, .tail = &tail->n,
		.records = records, .size = size, .mask = count - 1,
	};
}

static void *record_at(const struct ring *r, uint32_t n)
{
	return r->records + (size_t)(n & r->mask) * r->size;
}

uint32_t ring_room(struct ring *r)
{
	uint32_t head = atomic_load_explicit(r->head, memory_order_relaxed);
	/* A1, pairs with R2: the reader is done with the slots we reuse. */
	uint32_t tail = atomic_load_explicit(r->tail, memory_order_acquire);

	return head - tail > r->mask ? 0 : r->mask + 1 - (head - tail);
}

void *ring_claim(struct ring *r)
{
	uint32_t head = atomic_load_explicit(r->head, memory_order_relaxed);

	return ring_room(r) == 0 ? NULL : record_at(r, head);
}

void ring_publish(struct ring *r)
{
	uint32_t head = atomic_load_explicit(r->head, memory_order_relaxed);

	/* R1, pairs with A2: the record is whole before the count says so. */
	atomic_store_explicit(r->head, head + 1, memory_order_release);
}

int ring_peek(struct ring *r, const void **record)
{
	uint32_t tail = atomic_load_explicit(r->tail, memory_order_relaxed);
	/* A2, pairs with R1: the record's bytes. */
	uint32_t head = atomic_load_explicit(r->head, memory_order_acquire);
	uint32_t n = head - tail;

	if (n == 0)
		return 0;
	if (n - 1 > r->mask)
		return -EPROTO;
	*record = record_at(r, tail);
	return 1;
}

void ring_release(struct ring *r)
{
	uint32_t tail = atomic_load_explicit(r->tail, memory_order_relaxed);

	/* R2, pairs with A1: our last read of the record comes first. */
	atomic_store_explicit(r->tail, tail + 1, memory_order_release);
}
