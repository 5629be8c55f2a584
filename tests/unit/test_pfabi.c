/* SPDX-License-Identifier: ISC */
/* What pf is told by bytes. Sizes and numbers are asserted in pfabi.c. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "firewall/pfkill.h"
#include "firewall/pfnv.h"
#include "tests/unit/pfkernel.h"

static struct why why;

static struct ipaddr parse(const char *s)
{
	struct ipaddr a;

	cr_assert(ipaddr_parse(s, &a), "%s", s);
	return a;
}

/* ---- nvlists */

static uint8_t text[PFNV_MAX];

static size_t request(void)
{
	struct pfnv_kill k = { .af = 28 };

	k.src[15] = 1;
	k.dst[0] = 0x20;
	memset(k.dst_mask, 0xff, 16);
	return pfnv_kill(&k, text);
}

Test(pfnv, is_read_as_it_was_meant)
{
	size_t len = request();
	struct pfk_kill k;
	const char *bad;

	cr_assert(pfkernel_unpack(text, len, &k, &bad), "%s", bad);
	cr_expect_eq(k.af, 28);
	cr_expect_eq(k.src[15], 1);
	cr_expect_eq(k.src_mask[15], 0);
	cr_expect_eq(k.dst[0], 0x20);
	cr_expect_eq(k.dst_mask[15], 0xff);
	cr_expect_str_eq(k.ifname, "");
}

/* The first octets by hand: list, then a pair "cmp" that holds a list. */
Test(pfnv, first_octets)
{
	size_t len = request();
	const uint8_t want[] = {
		'l', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		(uint8_t)((len - 19) & 0xff), (uint8_t)((len - 19) >> 8),
		0, 0, 0, 0, 0, 0,
		5, 4, 0, 19, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		'c', 'm', 'p', 0,
		'l', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		(uint8_t)((len - 61) & 0xff), (uint8_t)((len - 61) >> 8),
		0, 0, 0, 0, 0, 0,
		3, 3, 0, 8,
	};

	cr_expect_arr_eq(text, want, sizeof(want));
}

Test(pfnv, every_octet_counts)
{
	size_t len = request(), refused = 0;
	struct pfk_kill k, good;
	const char *bad;

	cr_assert(pfkernel_unpack(text, len, &good, &bad));
	for (size_t i = 0; i < len; i++) {
		text[i] ^= 0x55;
		refused += !pfkernel_unpack(text, len, &k, &bad);
		text[i] ^= 0x55;
	}
	/* The rest are values: numbers that nobody asks for, addresses. */
	cr_expect_gt(refused, len / 2);
	for (size_t i = 0; i < len; i++)
		cr_expect_not(pfkernel_unpack(text, i, &k, &bad), "%zu", i);
}

static const struct {
	const char *what;
	uint8_t p[53];
	size_t len;
	int killed;
} answers[] = {
	{ "three", { 'l', [11] = 34, [19] = 3, 7, 0, 8, [38] = 'k', 'i', 'l',
		     'l', 'e', 'd', 0, 3 }, 53, 3 },
	{ "cut", { 'l', [11] = 34, [19] = 3, 7, 0, 8, [38] = 'k', 'i', 'l',
		   'l', 'e', 'd', 0, 3 }, 52, -EBADMSG },
	{ "another name", { 'l', [11] = 34, [19] = 3, 7, 0, 8, [38] = 'k', 'i',
			    'l', 'l', 'e', 'r', 0, 3 }, 53, -EBADMSG },
	{ "another type", { 'l', [11] = 34, [19] = 4, 7, 0, 8, [38] = 'k', 'i',
			    'l', 'l', 'e', 'd', 0, 3 }, 53, -EBADMSG },
	{ "no list", { 0 }, 53, -EBADMSG },
	{ "more than an int", { 'l', [11] = 34, [19] = 3, 7, 0, 8, [38] = 'k',
				'i', 'l', 'l', 'e', 'd', 0, [52] = 1 }, 53,
	  -EBADMSG },
};

Test(pfnv, answers)
{
	for (size_t i = 0; i < NITEMS(answers); i++)
		cr_expect_eq(pfnv_killed(answers[i].p, answers[i].len),
			     answers[i].killed, "%s", answers[i].what);
}

/* ---- states, on both systems */

static const struct pfsys *const systems[] = { &pfsys_macos, &pfsys_freebsd };

static void states(const struct pfsys *sys)
{
	pfkernel_reset(sys);
	pfkernel_state("192.0.2.9", "198.51.100.1", "em0");
	pfkernel_state("192.0.2.9", "198.51.100.2", "em0");
	pfkernel_state("198.51.100.1", "192.0.2.9", "em0");
	pfkernel_state("2001:db8::9", "2001:db8:1::1", "wg0");
	pfkernel_state("10.1.2.3", "10.7.7.7", "em0");
}

static const struct {
	const char *what, *addr;
	int left;
} hosts[] = {
	{ "to and from one",	"198.51.100.1",		3 },
	{ "IPv6",		"2001:db8:1::1",	4 },
	{ "not in any",		"203.0.113.1",		5 },
	{ "a neighbour of one",	"198.51.100.3",		5 },
};

Test(pfkill, hosts)
{
	for (size_t k = 0; k < NITEMS(systems); k++)
		for (size_t i = 0; i < NITEMS(hosts); i++) {
			struct ipaddr a = parse(hosts[i].addr);
			struct pfdev dev;

			states(systems[k]);
			dev = pfkernel_dev();
			cr_expect_eq(pfkill_hosts(&dev, &a, 1, &why),
				     5 - hosts[i].left);
			cr_expect_eq(pfkernel.n_states, hosts[i].left,
				     "%s, %s: %d", systems[k]->name,
				     hosts[i].what, pfkernel.n_states);
		}
}

Test(pfkill, all)
{
	for (size_t k = 0; k < NITEMS(systems); k++) {
		struct pfdev dev;

		states(systems[k]);
		dev = pfkernel_dev();
		cr_expect_eq(pfkill_all(&dev, &why), 5);
		cr_expect_eq(pfkernel.n_states, 0);
	}
}

Test(pfkill, refused)
{
	struct ipaddr a = parse("198.51.100.1");
	struct pfdev dev;

	states(&pfsys_freebsd);
	dev = pfkernel_dev();
	pfkernel.fail = PFNV_KILLSTATES;
	pfkernel.error = -EPERM;
	pfkernel.times = 1;
	cr_expect_eq(pfkill_hosts(&dev, &a, 1, &why), -EPERM);
	cr_expect_not_null(strstr(why.text, "states"));
}
