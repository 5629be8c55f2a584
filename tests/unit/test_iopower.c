/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>

#include "compat.h"
#include "os/iopower.h"

enum { COMMON = (int)0xe0000000, STEPS = 5 };

static const struct {
	const char *edge;
	struct {
		uint32_t type;
		enum iopower_word word;
	} steps[STEPS];
} stories[] = {
	{ "a sleep, both words of the wake", {
		{ 0x270, IOPOWER_MAY }, { 0x280, IOPOWER_SLEEP },
		{ 0x320, IOPOWER_WAKE }, { 0x300, IOPOWER_NOTHING } } },
	{ "only the second word", {
		{ 0x280, IOPOWER_SLEEP }, { 0x300, IOPOWER_WAKE } } },
	{ "two sleeps", {
		{ 0x280, IOPOWER_SLEEP }, { 0x320, IOPOWER_WAKE },
		{ 0x280, IOPOWER_SLEEP }, { 0x320, IOPOWER_WAKE },
		{ 0x300, IOPOWER_NOTHING } } },
	{ "we come when it wakes", { { 0x300, IOPOWER_WAKE } } },
	{ "somebody else does not let it", {
		{ 0x270, IOPOWER_MAY }, { 0x290, IOPOWER_NOTHING } } },
	{ "the end of the day", {
		{ 0x240, IOPOWER_MAY }, { 0x250, IOPOWER_MAY } } },
	{ "a restart", { { 0x310, IOPOWER_MAY } } },
	{ "what is not known", { { 0x340, IOPOWER_NOTHING } } },
};

Test(iopower, stories)
{
	for (size_t i = 0; i < NITEMS(stories); i++) {
		struct iopower p = { 0 };

		for (size_t j = 0; j < STEPS; j++)
			if (stories[i].steps[j].type != 0)
				cr_expect_eq(iopower_read(&p,
					(uint32_t)COMMON |
					stories[i].steps[j].type),
					stories[i].steps[j].word, "%s: %zu",
					stories[i].edge, j);
	}
}

Test(iopower, of_another_family)
{
	struct iopower p = { 0 };

	cr_expect_eq(iopower_read(&p, 0x280), IOPOWER_NOTHING);
	cr_expect_eq(iopower_read(&p, 0xe0004280), IOPOWER_NOTHING);
}
