/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * seq counts half publications: odd while one is being written. Bit 1 of seq
 * names the copy that is whole: the writer, at even s, fills the other copy
 * while seq is s + 1, and then makes it the whole one by s + 2. So a whole
 * copy exists at every instant, also after a writer that died half-way.
 *
 * A reader that starts at s (bit 0 dropped) reads a copy that nobody touches
 * until seq is s + 3. If seq is at most s + 2 after the reading, what was read
 * is whole. Otherwise a publication was begun and ended meanwhile and a
 * second one begun, and the reader starts again; control publishes a few
 * times a minute, so that ends.
 *
 * As in allow.c, each word is a release store and an acquire load instead of
 * fences: a reader that meets a word of a later publication sees the seq that
 * announced it when it looks again.
 *
 * seq wraps; differences are unsigned, and bit 1 alternates across the wrap.
 */
#include "shared/cell.h"

#include <assert.h>
#include <string.h>

static size_t whole_copy(uint32_t seq)
{
	return seq >> 1 & 1;
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

void cell_publish(_Atomic uint32_t *cell, void *copies, const void *from,
		  size_t size)
{
	uint32_t seq = atomic_load_explicit(cell, memory_order_relaxed) & ~1u;
	unsigned char *to = copies;

	assert(size % sizeof(uint32_t) == 0);
	atomic_store_explicit(cell, seq + 1, memory_order_relaxed);
	copy_in(to + whole_copy(seq + 2) * size, from, size);
	/* R2, pairs with A2: the copy is whole before seq says so. */
	atomic_store_explicit(cell, seq + 2, memory_order_release);
}

bool cell_fetch(const _Atomic uint32_t *cell, const void *copies,
		uint32_t *seen, void *to, size_t size)
{
	/* A2, pairs with R2: the words of the whole copy. */
	uint32_t seq = atomic_load_explicit(cell, memory_order_acquire);
	uint32_t start = seq & ~1u;
	const unsigned char *from = copies;

	if (start == *seen)
		return false;
	for (;;) {
		copy_out(to, from + whole_copy(start) * size, size);
		seq = atomic_load_explicit(cell, memory_order_acquire);
		if (seq - start <= 2)
			break;
		start = seq & ~1u;
	}
	*seen = start;
	return true;
}
