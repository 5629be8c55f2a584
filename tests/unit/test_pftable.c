/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "firewall/pftable.h"
#include "tests/unit/pfkernel.h"

static struct pftable table;
static struct pfdev dev;
static struct why why;

static struct ipaddr parse(const char *s)
{
	struct ipaddr a;

	cr_assert(ipaddr_parse(s, &a), "%s", s);
	return a;
}

static void begin_on(const struct pfsys *sys)
{
	pfkernel_reset(sys);
	pfkernel.table[0].there = true;
	strcpy(pfkernel.table[0].name, "allow");
	dev = pfkernel_dev();
	pftable_init(&table, &dev, "sallyport", "allow");
}

static void begin(void)
{
	begin_on(&pfsys_freebsd);
}

TestSuite(pftable, .init = begin);

static int add(const char *a, const char *b)
{
	struct ipaddr both[2] = { parse(a), parse(b) };

	return pftable_add(&table, both, 2, &why);
}

Test(pftable, both_systems)
{
	static const struct pfsys *const systems[] = {
		&pfsys_macos, &pfsys_freebsd,
	};

	for (size_t k = 0; k < NITEMS(systems); k++) {
		struct ipaddr a[4];
		bool strange;

		begin_on(systems[k]);
		cr_expect_eq(add("198.51.100.1", "2001:db8::1"), 0, "%s",
			     why.text);
		cr_expect(pfkernel_has("allow", "198.51.100.1"));
		cr_expect(pfkernel_has("allow", "2001:db8::1"));
		cr_expect_eq(pftable_list(&table, a, 4, &strange, &why), 2);
		cr_expect_not(strange);
		cr_expect_eq(pftable_remove(&table, a, 1, &why), 0);
		cr_expect_not(pfkernel_has("allow", "198.51.100.1"));
		cr_expect_eq(pftable_clear(&table, &why), 0);
		cr_expect_eq(pftable_list(&table, a, 4, &strange, &why), 0);
	}
}

/* The kernel writes into the array it was given, and refuses it then. */
Test(pftable, again_and_again)
{
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(add("198.51.100.1", "198.51.100.2"), 0);
		cr_expect_eq(add("2001:db8::1", "198.51.100.2"), 0);
	}
	cr_expect_eq(pfkernel.table[0].n, 3);
}

/* Octets that IPv4 does not use hold an IPv6 address of before. */
Test(pftable, unused_octets_are_zero)
{
	cr_assert_eq(add("2001:db8::1", "2001:db8::2"), 0);
	cr_expect_eq(add("198.51.100.1", "198.51.100.2"), 0, "%s", why.text);
}

Test(pftable, gone)
{
	struct ipaddr a = parse("198.51.100.1");
	bool strange;

	pfkernel.table[0].there = false;
	cr_expect_eq(pftable_add(&table, &a, 1, &why), -ENOENT);
	cr_expect_not_null(strstr(why.text, "gone"));
	cr_expect_eq(pftable_remove(&table, &a, 1, &why), -ENOENT);
	cr_expect_eq(pftable_clear(&table, &why), -ENOENT);
	cr_expect_eq(pftable_list(&table, &a, 1, &strange, &why), -ENOENT);
}

static void vanish(const char *what)
{
	if (strcmp(what, "test") == 0)
		pfkernel.table[0].there = false;
}

Test(pftable, vanishes_between_adding_and_counting)
{
	pfkernel.before = vanish;
	cr_expect_eq(add("198.51.100.1", "198.51.100.2"), -ENOENT);
}

Test(pftable, partly_taken)
{
	pfkernel.takes = 1;
	cr_expect_eq(add("198.51.100.1", "198.51.100.2"), -EIO);
	cr_expect_not_null(strstr(why.text, "1 of 2"));
}

static const struct {
	const char *what;
	unsigned long request;
	int error;
} refusals[] = {
	{ "no memory",		PFABI_ADDADDRS, -ENOMEM },
	{ "bad address",	PFABI_ADDADDRS, -EINVAL },
	{ "not allowed",	PFABI_ADDADDRS, -EPERM },
	{ "counting fails",	PFABI_TSTADDRS, -ENOMEM },
	{ "another kernel",	PFABI_TSTADDRS, -ENODEV },
};

Test(pftable, refused)
{
	for (size_t i = 0; i < NITEMS(refusals); i++) {
		begin();
		pfkernel.fail = refusals[i].request;
		pfkernel.error = refusals[i].error;
		pfkernel.times = 1;
		cr_expect_eq(add("198.51.100.1", "198.51.100.2"),
			     refusals[i].error, "%s", refusals[i].what);
	}
}

static void put(uint8_t af, uint8_t net, uint8_t not)
{
	struct pfk_table *t = &pfkernel.table[0];

	t->addr[t->n++] = (struct pfabi_addr){
		.u = { 10 }, .af = af, .net = net, .not = not,
	};
}

Test(pftable, strangers)
{
	struct ipaddr a[4];
	bool strange;

	cr_assert_eq(add("198.51.100.1", "198.51.100.2"), 0);
	put(2, 8, 0);
	cr_expect_eq(pftable_list(&table, a, 4, &strange, &why), 2);
	cr_expect(strange, "a net");
	pfkernel.table[0].addr[2] = (struct pfabi_addr){ .af = 2, .net = 32,
							 .not = 1 };
	cr_expect_eq(pftable_list(&table, a, 4, &strange, &why), 2);
	cr_expect(strange, "one that is excluded");
}

Test(pftable, more_than_can_be_read)
{
	struct ipaddr a[4];
	bool strange;

	for (int i = 0; i < PFTABLE_MAX; i++)
		put(2, 32, 0);
	cr_expect_eq(pftable_list(&table, a, 4, &strange, &why), 4);
	put(2, 32, 0);
	cr_expect_eq(pftable_list(&table, a, 4, &strange, &why), -EMSGSIZE);
}

Test(pftable, counts)
{
	struct ipaddr a[PFTABLE_BATCH + 1] = { { { 0 } } };

	cr_expect_eq(pftable_add(&table, a, PFTABLE_BATCH + 1, &why), -E2BIG);
	cr_expect_eq(pftable_add(&table, a, 0, &why), 0);
	cr_expect_str_eq(pfkernel.log, "", "nothing is asked for nothing");
}
