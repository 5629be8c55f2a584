/* SPDX-License-Identifier: ISC */
#include "session.h"

#include <string.h>

#include "clock.h"

bool session_begin(struct session *s, struct slots *slots, uint64_t now)
{
	s->slot = slots_claim(slots);
	s->got = 0;
	s->waiting = 0;
	s->active = now;
	return s->slot != SLOTS_NONE;
}

void session_end(struct session *s, struct slots *slots)
{
	s->generation++;
	slots_release(slots, s->slot);
	s->slot = SLOTS_NONE;
}

/*
 * Octets of the next message, prefix included, or 0 while it is not whole.
 * SIZE_MAX: it will never fit.
 */
static size_t whole(const struct session *s, const uint8_t *p)
{
	size_t len;

	if (s->got < 2)
		return 0;
	len = 2u + (size_t)(p[0] << 8 | p[1]);
	if (len > SLOT_SIZE)
		return SIZE_MAX;
	return s->got < len ? 0 : len;
}

bool session_read(struct session *s, struct slots *slots, size_t n,
		  uint64_t now, struct client *from, struct counters *counters,
		  client_query *query, void *context)
{
	uint8_t *p = slots_data(slots, s->slot);
	size_t len;

	from->generation = s->generation;
	s->active = now;
	s->got = (uint16_t)(s->got + n);
	/* What shrinks: the octets in the slot. */
	while ((len = whole(s, p)) != 0) {
		if (len == SIZE_MAX) {
			counters_add(counters, PARSE_LONG, 1);
			return false;
		}
		counters_add(counters, COUNT_QUERY_TCP, 1);
		s->waiting++;
		query(context, from, (struct slice){ p + 2, len - 2 });
		if (s->generation != from->generation)
			return true;
		s->got = (uint16_t)(s->got - len);
		memmove(p, p + len, s->got);
	}
	return true;
}

/* Rather who waits for nothing, or the quieter. */
bool session_rather(const struct session *a, const struct session *b)
{
	bool waits_a = a->waiting > 0, waits_b = b->waiting > 0;

	return waits_a != waits_b ? waits_b : a->active < b->active;
}

uint64_t session_due(const struct session *s)
{
	return s->waiting > 0 ? UINT64_MAX :
				s->active + TCP_IDLE_MS * CLOCK_MS;
}
