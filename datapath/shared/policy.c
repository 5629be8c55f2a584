/* SPDX-License-Identifier: ISC */
#include "shared/policy.h"

#include "shared/cell.h"

_Static_assert(sizeof(struct policy) % sizeof(uint32_t) == 0, "whole words");
_Static_assert(alignof(struct policy) >= alignof(uint32_t), "aligned words");

static const struct cell_shape shape = {
	NITEMS(((struct policy_cell *)NULL)->policy), sizeof(struct policy),
};

void policy_publish(struct policy_cell *cell, const struct policy *p)
{
	cell_publish(&cell->seq, cell->policy, shape, p);
}

bool policy_fetch(const struct policy_cell *cell, uint32_t *seen,
		  struct policy *p)
{
	return cell_fetch(&cell->seq, cell->policy, shape, seen, p);
}
