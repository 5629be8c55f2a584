/* SPDX-License-Identifier: ISC */
/*
 * cell.h - a struct written whole by one process, read without a lock by others
 *
 * Reading never waits for longer than one publication. A writer that dies
 * half-way leaves the last whole one. The struct is made of whole uint32_t
 * words and aligned like them; it lies copies times in shared memory, at least
 * twice, beside a sequence that starts at 0: nothing was published yet.
 */
#ifndef CELL_H
#define CELL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A power of two of them, size octets each. */
struct cell_shape {
	uint32_t copies;
	size_t size;
};

/* Writer. */
void cell_publish(_Atomic uint32_t *seq, void *memory,
		  struct cell_shape shape, const void *from);

/*
 * Reader: true and the last one, whole, in *to if the cell has moved since
 * *seen, which is moved along; false, and nothing touched, if it has not.
 */
bool cell_fetch(const _Atomic uint32_t *seq, const void *memory,
		struct cell_shape shape, uint32_t *seen, void *to);

/*
 * The same, but the one that was published next after *seen. Who is behind by
 * more than the copies hold, less one, misses the oldest of them.
 */
bool cell_next(const _Atomic uint32_t *seq, const void *memory,
	       struct cell_shape shape, uint32_t *seen, void *to);

#endif /* CELL_H */
