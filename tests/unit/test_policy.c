/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <string.h>

#include "shared/policy.h"

static struct policy_cell cell;

static struct policy filled(uint8_t with)
{
	struct policy p;

	memset(&p, with, sizeof(p));
	return p;
}

static void expect_filled(const struct policy *p, uint8_t with,
			  const char *what)
{
	struct policy want = filled(with);

	cr_expect_eq(memcmp(p, &want, sizeof(want)), 0, "%s", what);
}

Test(policy, nothing_published)
{
	struct policy p = filled(0xee);
	uint32_t seen = 0;

	cr_expect(!policy_fetch(&cell, &seen, &p));
	cr_expect_eq(seen, 0);
	expect_filled(&p, 0xee, "untouched");
}

static const struct {
	const char *what;
	uint32_t seq;
} starts[] = {
	{ "first publications", 0 },
	{ "seq wraps on the second", UINT32_MAX - 3 },
	{ "seq wraps on the first", UINT32_MAX - 1 },
	{ "sign changes", INT32_MAX - 1u },
};

Test(policy, each_publication_is_fetched_once)
{
	for (size_t i = 0; i < NITEMS(starts); i++) {
		uint32_t seen = starts[i].seq;

		atomic_store(&cell.seq, starts[i].seq);
		for (uint8_t n = 1; n <= 5; n++) {
			struct policy in = filled(n), out = filled(0xee);

			policy_publish(&cell, &in);
			cr_expect(policy_fetch(&cell, &seen, &out), "%s: %u",
				  starts[i].what, n);
			expect_filled(&out, n, starts[i].what);
			cr_expect(!policy_fetch(&cell, &seen, &out), "%s: %u",
				  starts[i].what, n);
		}
	}
}

Test(policy, only_the_last_is_fetched)
{
	struct policy in = filled(1), out;
	uint32_t seen = 0;

	policy_publish(&cell, &in);
	in = filled(2);
	policy_publish(&cell, &in);
	in = filled(3);
	policy_publish(&cell, &in);
	cr_expect(policy_fetch(&cell, &seen, &out));
	expect_filled(&out, 3, "third");
}

/* As publish leaves it when the writer dies in the middle of its copy. */
static void die_half_way(struct policy_cell *c)
{
	uint32_t seq = atomic_load(&c->seq);

	atomic_store(&c->seq, seq + 1);
	memset(&c->policy[(seq / 2 + 1) % 2], 0xdd, sizeof(struct policy) / 2);
}

Test(policy, writer_dies_half_way)
{
	for (uint8_t before = 1; before <= 2; before++) {
		struct policy in, out = filled(0xee);
		uint32_t seen = 0;

		atomic_store(&cell.seq, 0);
		for (uint8_t n = 1; n <= before; n++) {
			in = filled(n);
			policy_publish(&cell, &in);
		}
		die_half_way(&cell);
		cr_expect(policy_fetch(&cell, &seen, &out));
		expect_filled(&out, before, "the copy that is whole");
		cr_expect(!policy_fetch(&cell, &seen, &out), "not moved");

		in = filled(9);
		policy_publish(&cell, &in);
		cr_expect(policy_fetch(&cell, &seen, &out));
		expect_filled(&out, 9, "publication after it");
	}
}
