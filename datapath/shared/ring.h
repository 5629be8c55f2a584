/* SPDX-License-Identifier: ISC */
/*
 * ring.h - a ring of fixed-size records between two processes
 *
 * Single producer, single consumer. The producer's count and the records lie
 * in memory that only the producer can write, the consumer's count in memory
 * that only the consumer can write, so neither side can damage the other's.
 * Each process makes a handle of its own over the shared parts.
 *
 * Counts run free and wrap; they are compared by unsigned difference only.
 * Either side may be hostile to the other: a count that cannot be is
 * -EPROTO for the consumer and "full" for the producer.
 */
#ifndef RING_H
#define RING_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "compat.h"

/* In the mapping of whoever moves it. */
struct ring_count {
	alignas(CACHELINE) _Atomic uint32_t n;
};

struct ring {
	_Atomic uint32_t *head;		/* records published; producer's */
	_Atomic uint32_t *tail;		/* records released; consumer's */
	unsigned char *records;
	size_t size;			/* octets of one record */
	uint32_t mask;			/* records - 1; a power of two */
};

/*
 * A process-local handle. The side that cannot write a part still passes it
 * as is: only producer calls store to head and records, only consumer calls
 * store to tail. count is a power of two.
 */
void ring_init(struct ring *r, struct ring_count *head,
	       struct ring_count *tail, void *records, size_t size,
	       uint32_t count);

/* Producer: how many records can be claimed. */
uint32_t ring_room(struct ring *r);
/* Producer: the next free record, not yet visible, or NULL when full. */
void *ring_claim(struct ring *r);
/* Producer: the claimed record becomes visible. */
void ring_publish(struct ring *r);

/*
 * Consumer: 1 and the oldest published record; 0 when there is none; -EPROTO
 * when the producer's count is impossible. The producer can still change the
 * record's bytes: copy it out once, then check, then use.
 */
NODISCARD int ring_peek(struct ring *r, const void **record);
/* Consumer: the record that ring_peek() gave may be overwritten. */
void ring_release(struct ring *r);

#endif /* RING_H */
