/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <string.h>

#include "chain.h"
#include "compat.h"
#include "counters.h"
#include "parse.h"

static const char *parse_at(unsigned int i)
{
	return parse_name((enum parse)i);
}

static const char *chain_at(unsigned int i)
{
	return chain_name((enum chain_why)i);
}

static const struct {
	const char *what;
	const char *(*name)(unsigned int i);
	unsigned int n;
} tables[] = {
	{ "parse", parse_at, PARSE__N },
	{ "chain", chain_at, CHAIN__N },
	{ "counters", counters_name, COUNT__N },
};

/* Names are words of the metrics: a-z, digits, '_'. */
Test(parse, names_complete)
{
	for (size_t t = 0; t < NITEMS(tables); t++)
		for (unsigned int i = 0; i < tables[t].n; i++) {
			const char *name = tables[t].name(i);

			cr_assert_not_null(name, "%s: hole at %u",
					   tables[t].what, i);
			cr_expect(*name != '\0' && name[strspn(name,
				  "abcdefghijklmnopqrstuvwxyz0123456789_")] ==
				  '\0', "%s: \"%s\"", tables[t].what, name);
		}
}

Test(parse, names_unique)
{
	for (size_t t = 0; t < NITEMS(tables); t++)
		for (unsigned int i = 0; i < tables[t].n; i++)
			for (unsigned int j = 0; j < i; j++)
				cr_expect_str_neq(tables[t].name(i),
						  tables[t].name(j));
}

Test(parse, names_end)
{
	for (size_t t = 0; t < NITEMS(tables); t++)
		cr_expect_str_eq(tables[t].name(tables[t].n), "?", "%s",
				 tables[t].what);
}

Test(parse, counters_follow_parse)
{
	for (unsigned int i = 0; i < PARSE__N; i++) {
		cr_assert(strncmp(counters_name(i), "parse_", 6) == 0);
		cr_expect_str_eq(counters_name(i) + 6, parse_at(i));
	}
}

Test(parse, counters_add_up)
{
	static struct counters c;

	counters_add(&c, COUNT_WARM, 2);
	counters_add(&c, COUNT_WARM, 3);
	cr_assert_eq(atomic_load(&c.n[COUNT_WARM]), 5);
	cr_assert_eq(atomic_load(&c.n[COUNT_COLD]), 0);
}
