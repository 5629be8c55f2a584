/* SPDX-License-Identifier: ISC */
/*
 * cell.h - a struct written whole by one process, read without a lock by others
 *
 * Reading never waits for longer than one publication. A writer that dies
 * half-way leaves the last whole one. The struct is made of whole uint32_t
 * words and aligned like them; it lies twice in shared memory, beside a
 * sequence that starts at 0: nothing was published yet.
 */
#ifndef CELL_H
#define CELL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writer: copies points to two of size octets each. */
void cell_publish(_Atomic uint32_t *cell, void *copies, const void *from,
		  size_t size);

/*
 * Reader: true and a consistent copy in *to if the cell has moved since
 * *seen, which is moved along; false, and nothing touched, if it has not.
 */
bool cell_fetch(const _Atomic uint32_t *cell, const void *copies,
		uint32_t *seen, void *to, size_t size);

#endif /* CELL_H */
