/* SPDX-License-Identifier: ISC */
/*
 * table.h - the allow table against the truth
 *
 * Where the table is what the kernel consults, it lives in a BPF map, and
 * root can write to that. Control only, as everything that writes to it.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "allowed.h"
#include "shared/allow.h"

/* Is anything open at now that should not be, or the other way round? */
bool table_differs(const struct allow *t, uint32_t epoch,
		   const struct allowed *truth, uint64_t now);

/* Puts it right. How many things were wrong; there may be more. */
unsigned int table_mend(struct allow *t, uint32_t epoch,
			const struct allowed *truth, uint64_t now);

#endif /* TABLE_H */
