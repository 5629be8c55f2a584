/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * seq counts half publications: odd while one is being written. The one that
 * ends at the even s lies in copy s / 2, modulo their number n: the writer, at
 * s, fills the next copy while seq is s + 1, and then makes it the last whole
 * one by s + 2. So a whole copy exists at every instant, also after a writer
 * that died half-way.
 *
 * A reader of the copy of s reads what nobody touches until seq is
 * s + 2n - 1. If seq is at most s + 2n - 2 after the reading, what was read is
 * whole. Otherwise the writer has been once around meanwhile, and the reader
 * starts again; control publishes at most some dozen times a second, so that
 * ends.
 *
 * As in allow.c, each word is a release store and an acquire load instead of
 * fences: a reader that meets a word of a later publication sees the seq that
 * announced it when it looks again.
 *
 * seq wraps; differences are unsigned, and n, a power of two, divides its
 * range.
 */
#include "shared/cell.h"

#include <assert.h>
#include <string.h>

static size_t place(struct cell_shape shape, uint32_t seq)
{
	return (seq >> 1) % shape.copies * shape.size;
}

static void copy_in(void *to, const void *from, size_t size)
{
	uint32_t __attribute__((may_alias)) *dst = to;
	const unsigned char *src = from;

	for (size_t i = 0; i < size / sizeof(*dst); i++) {
		uint32_t word;

		memcpy(&word, src + i * sizeof(word), sizeof(word));
		/* R1, pairs with A1: whoever sees it sees the odd seq, too. */
		__atomic_store_n(&dst[i], word, __ATOMIC_RELEASE);
	}
}

static void copy_out(void *to, const void *from, size_t size)
{
	const uint32_t __attribute__((may_alias)) *src = from;
	unsigned char *dst = to;

	for (size_t i = 0; i < size / sizeof(*src); i++) {
		/* A1, pairs with R1. */
		uint32_t word = __atomic_load_n(&src[i], __ATOMIC_ACQUIRE);

		memcpy(dst + i * sizeof(word), &word, sizeof(word));
	}
}

void cell_publish(_Atomic uint32_t *seq, void *memory,
		  struct cell_shape shape, const void *from)
{
	uint32_t last = atomic_load_explicit(seq, memory_order_relaxed) & ~1u;

	assert(shape.size % sizeof(uint32_t) == 0);
	assert(shape.copies > 1 && (shape.copies & (shape.copies - 1)) == 0);
	atomic_store_explicit(seq, last + 1, memory_order_relaxed);
	copy_in((unsigned char *)memory + place(shape, last + 2), from,
		shape.size);
	/* R2, pairs with A2: the copy is whole before seq says so. */
	atomic_store_explicit(seq, last + 2, memory_order_release);
}

/* The first one after seen of which a copy is left, with one to spare. */
static uint32_t next_of(uint32_t last, uint32_t seen, uint32_t copies)
{
	uint32_t kept = 2 * (copies - 2);

	return last - seen > kept + 2 ? last - kept : seen + 2;
}

static bool fetch(const _Atomic uint32_t *seq, const void *memory,
		  struct cell_shape shape, uint32_t *seen, void *to, bool next)
{
	/* A2, pairs with R2: the words of the whole copies. */
	uint32_t now = atomic_load_explicit(seq, memory_order_acquire);
	uint32_t it;

	if ((now & ~1u) == *seen)
		return false;
	do {
		it = next ? next_of(now & ~1u, *seen, shape.copies) :
			    now & ~1u;
		copy_out(to, (const unsigned char *)memory + place(shape, it),
			 shape.size);
		now = atomic_load_explicit(seq, memory_order_acquire);
	} while (now - it > 2 * shape.copies - 2);
	*seen = it;
	return true;
}

bool cell_fetch(const _Atomic uint32_t *seq, const void *memory,
		struct cell_shape shape, uint32_t *seen, void *to)
{
	return fetch(seq, memory, shape, seen, to, false);
}

bool cell_next(const _Atomic uint32_t *seq, const void *memory,
	       struct cell_shape shape, uint32_t *seen, void *to)
{
	return fetch(seq, memory, shape, seen, to, true);
}
