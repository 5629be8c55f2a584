/* SPDX-License-Identifier: ISC */
#include "slots.h"

#include <assert.h>

void slots_init(struct slots *s, struct arena_slot *slot)
{
	s->slot = slot;
	s->n_free = SLOT_COUNT;
	for (unsigned int i = 0; i < SLOT_COUNT; i++)
		s->free[i] = (uint16_t)(SLOT_COUNT - 1 - i);
}

uint16_t slots_claim(struct slots *s)
{
	return s->n_free == 0 ? (uint16_t)SLOTS_NONE : s->free[--s->n_free];
}

void slots_release(struct slots *s, uint16_t i)
{
	assert(i < SLOT_COUNT && s->n_free < SLOT_COUNT);
	s->free[s->n_free++] = i;
}
