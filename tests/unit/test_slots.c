/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <signal.h>

#include "slots.h"

static struct arena_slot memory[SLOT_COUNT];
static struct slots s;

static void setup(void)
{
	slots_init(&s, memory);
}

Test(slots, each_is_handed_out_once, .init = setup)
{
	static bool out[SLOT_COUNT];

	for (unsigned int n = 0; n < SLOT_COUNT; n++) {
		uint16_t i = slots_claim(&s);

		cr_assert_lt(i, SLOT_COUNT);
		cr_assert_not(out[i], "%u twice", i);
		out[i] = true;
	}
	cr_expect_eq(slots_claim(&s), SLOTS_NONE);
	cr_expect_eq(slots_claim(&s), SLOTS_NONE, "and stays so");
}

Test(slots, released_is_handed_out_again, .init = setup)
{
	uint16_t a = slots_claim(&s), b = slots_claim(&s);

	cr_assert_neq(a, b);
	slots_release(&s, a);
	cr_expect_eq(slots_claim(&s), a, "the warm one first");
	slots_release(&s, b);
	slots_release(&s, a);
	cr_expect_eq(slots_claim(&s), a);
	cr_expect_eq(slots_claim(&s), b);
}

Test(slots, full_then_one_free, .init = setup)
{
	for (unsigned int n = 0; n < SLOT_COUNT; n++)
		slots_claim(&s);
	slots_release(&s, 7);
	cr_expect_eq(slots_claim(&s), 7);
	cr_expect_eq(slots_claim(&s), SLOTS_NONE);
}

Test(slots, data_do_not_overlap, .init = setup)
{
	cr_expect_eq(slots_data(&s, 0), memory[0].data);
	cr_expect_geq(slots_data(&s, 1) - slots_data(&s, 0), SLOT_SIZE);
	cr_expect_eq(slots_data(&s, SLOT_COUNT - 1) + SLOT_SIZE,
		     (uint8_t *)&memory[SLOT_COUNT]);
}

/* One more than were claimed: whoever does that holds a slot twice. */
Test(slots, one_release_too_many, .init = setup, .signal = SIGABRT)
{
	slots_release(&s, 0);
}

Test(slots, no_such_slot, .init = setup, .signal = SIGABRT)
{
	slots_claim(&s);
	slots_release(&s, SLOTS_NONE);
}
