/* SPDX-License-Identifier: ISC */
/* Where our own ports may lie, beside those that the system hands out. */
#include <criterion/criterion.h>
#include <errno.h>

#include "os/localports.h"
#include "portrange.h"

static const struct {
	const char *what;
	struct portrange system;
	uint32_t chance;
	uint16_t want;		/* first; 0: there is no room */
} rows[] = {
	{ "Linux: the lowest", { 32768, 60999 }, 0, 1024 },
	{ "Linux: the highest below", { 32768, 60999 }, 30720, 31744 },
	{ "Linux: the lowest above", { 32768, 60999 }, 30721, 61000 },
	{ "Linux: the highest above", { 32768, 60999 }, 34233, 64512 },
	{ "Linux: once around", { 32768, 60999 }, 34234, 1024 },
	{ "macOS: nothing above", { 49152, 65535 }, 47104, 48128 },
	{ "macOS: once around", { 49152, 65535 }, 47105, 1024 },
	{ "FreeBSD", { 10000, 65535 }, 7952, 8976 },
	{ "just room below", { 2048, 65535 }, UINT32_MAX, 1024 },
	{ "one too few below", { 2047, 65535 }, 0, 0 },
	{ "just room above", { 1, 64511 }, UINT32_MAX, 64512 },
	{ "one too few above", { 1, 64512 }, 0, 0 },
	{ "all are handed out", { 1, 65535 }, 0, 0 },
};

Test(portrange, place)
{
	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct portrange out = { 7, 7 };
		int error = portrange_place(&out, &rows[i].system,
					    rows[i].chance);

		cr_expect_eq(error, rows[i].want == 0 ? -ENOSPC : 0, "%s",
			     rows[i].what);
		cr_expect_eq(out.first, rows[i].want == 0 ? 7 : rows[i].want,
			     "%s: %u", rows[i].what, out.first);
		if (error == 0)
			cr_expect_eq(out.last, out.first + PORTRANGE_SIZE - 1,
				     "%s", rows[i].what);
	}
}

/* Of the system that this runs on, whatever it hands out. */
Test(portrange, choose)
{
	struct portrange system, one, other = { 0, 0 };
	unsigned int same = 0;
	struct why why;

	cr_assert_eq(localports(&system.first, &system.last), 0);
	cr_expect_leq(system.first, system.last);
	if (portrange_place(&one, &system, 0) < 0)
		cr_skip("it hands out nearly all");
	for (int i = 0; i < 8; i++) {
		cr_assert_eq(portrange_choose(&one, &why), 0, "%s", why.text);
		cr_expect(one.last < system.first || one.first > system.last,
			  "%u", one.first);
		same += one.first == other.first;
		other = one;
	}
	cr_expect_lt(same, 7, "never another");
}
