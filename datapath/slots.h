/* SPDX-License-Identifier: ISC */
/*
 * slots.h - who has which slot
 *
 * The slots themselves lie in the arena; packets are read into them and
 * parsed in place. A view into a slot dies with slots_release().
 */
#ifndef SLOTS_H
#define SLOTS_H

#include <stdint.h>

#include "limits.h"
#include "shared/arena.h"

enum { SLOTS_NONE = UINT16_MAX };

struct slots {
	struct arena_slot *slot;
	uint16_t n_free;
	uint16_t free[SLOT_COUNT];	/* the last one is handed out first: warm */
};

void slots_init(struct slots *s, struct arena_slot *slot);
/* A slot's number, or SLOTS_NONE when all are in use. */
uint16_t slots_claim(struct slots *s);
void slots_release(struct slots *s, uint16_t i);

static inline uint8_t *slots_data(struct slots *s, uint16_t i)
{
	return s->slot[i].data;
}

#endif /* SLOTS_H */
