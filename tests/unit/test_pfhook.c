/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firewall/pfclaim.h"
#include "firewall/pfhook.h"
#include "firewall/pfread.h"
#include "tests/unit/pfkernel.h"

static struct pfctl_said said;
static struct pfdev dev;
static struct why why;

static void begin_on(const struct pfsys *sys)
{
	pfkernel_reset(sys);
	dev = pfkernel_dev();
}

/* ---- what pfctl says of the main ruleset */

static const struct {
	const char *what, *text;
	bool first, scrub;
	unsigned int rules;
} mains[] = {
	{ "empty",		"", false, false, 0 },
	{ "ours alone",		"anchor \"sallyport\" all\n", true, false, 1 },
	{ "ours first",		"anchor \"sallyport\" all\npass all\n", true,
	  false, 2 },
	{ "ours last",		"pass all\nanchor \"sallyport\" all\n", false,
	  false, 2 },
	{ "macOS",
	  "scrub-anchor \"com.apple/*\" all fragment reassemble\n"
	  "anchor \"com.apple/*\" all\n", false, false, 1 },
	{ "macOS and ours",
	  "scrub-anchor \"sallyport\" all fragment reassemble\n"
	  "scrub-anchor \"com.apple/*\" all fragment reassemble\n"
	  "anchor \"sallyport\" all\nanchor \"com.apple/*\" all\n", true, true,
	  2 },
	{ "scrubbing behind another",
	  "scrub-anchor \"com.apple/*\" all fragment reassemble\n"
	  "scrub-anchor \"sallyport\" all fragment reassemble\n", false,
	  false, 0 },
	{ "only some packets",	"anchor \"sallyport\" in on em0 all\n", false,
	  false, 1 },
	{ "another's name",	"anchor \"sallyport2\" all\n", false, false,
	  1 },
	{ "below it",		"anchor \"sallyport/*\" all\n", false, false,
	  1 },
	{ "within another",
	  "anchor \"x\" all {\n  anchor \"sallyport\" all\n}\n", false, false,
	  1 },
	{ "behind what FreeBSD says",
	  "No ALTQ support in kernel\nALTQ related functions disabled\n"
	  "anchor \"sallyport\" all\n", true, false, 1 },
	{ "behind scrubbing",
	  "scrub in all fragment reassemble\nanchor \"sallyport\" all\n",
	  true, false, 1 },
	{ "match before",	"match out all\nanchor \"sallyport\" all\n",
	  false, false, 2 },
	{ "no line end",	"anchor \"sallyport\" all", false, false, 1 },
};

Test(pfhook, read)
{
	for (size_t i = 0; i < NITEMS(mains); i++) {
		struct pfhook h;

		pfhook_read(mains[i].text, "sallyport", &h);
		cr_expect_eq(h.first, mains[i].first, "%s", mains[i].what);
		cr_expect_eq(h.scrub, mains[i].scrub, "%s", mains[i].what);
		cr_expect_eq(h.rules, mains[i].rules, "%s: %u", mains[i].what,
			     h.rules);
	}
}

static const struct {
	const char *what, *text, *ifname;
} skips[] = {
	{ "none",		"all\nem0\nlo0\n", NULL },
	{ "loopback alone",	"all\nem0\nlo\nlo0 (skip)\n", NULL },
	{ "a link",		"all\nem0 (skip)\nlo0 (skip)\n", "em0" },
	{ "a group",		"all\negress (skip)\n", "egress" },
	{ "last, without end",	"all\nen0 (skip)", "en0" },
	{ "with counters",	"em0\n\tCleared: (skip)\n", NULL },
	{ "a long name",	"abcdefghijklmnopq (skip)\n", NULL },
};

Test(pfhook, skips)
{
	for (size_t i = 0; i < NITEMS(skips); i++) {
		char ifname[16] = "";
		bool any = pfhook_skips(skips[i].text, ifname);

		cr_expect_eq(any, skips[i].ifname != NULL, "%s",
			     skips[i].what);
		if (any && skips[i].ifname != NULL)
			cr_expect_str_eq(ifname, skips[i].ifname);
	}
}

/* ---- the call */

Test(pfhook, inserted_first_and_taken_out)
{
	static const struct pfsys *const systems[] = {
		&pfsys_macos, &pfsys_freebsd,
	};

	for (size_t k = 0; k < NITEMS(systems); k++) {
		struct pfhook h;

		begin_on(systems[k]);
		pfkernel_rule(&pfkernel.main, "pass quick all");
		cr_assert_eq(pfhook_insert(&dev, "sallyport", false, &why), 0,
			     "%s", why.text);
		cr_assert_eq(pfhook_look(&dev, "sallyport", &said, &h, &why),
			     0);
		cr_expect(h.first);
		cr_expect_eq(h.rules, 2);
		cr_expect_eq(pfhook_remove(&dev, "sallyport", false, &said,
					   &why), 0);
		cr_expect_eq(pfkernel.main.n, 1);
		cr_expect_str_eq(pfkernel.main.line[0], "pass quick all");
	}
}

Test(pfhook, scrub_is_another_ruleset)
{
	begin_on(&pfsys_macos);
	cr_assert_eq(pfhook_insert(&dev, "sallyport", true, &why), 0);
	cr_expect_eq(pfkernel.scrub.n, 1);
	cr_expect_eq(pfkernel.main.n, 0);
	cr_expect_eq(pfhook_remove(&dev, "sallyport", true, &said, &why), 0);
	cr_expect_eq(pfkernel.scrub.n, 0);
}

static int interference;

/* Somebody else asks for a ticket, or for the pool, between our calls. */
static void interfere(const char *what)
{
	if (strcmp(what, "change") != 0 || interference == 0)
		return;
	if (pfkernel.log[0] != '\0' && strstr(pfkernel.log, "change change"))
		interference--;
	pfkernel.main.ticket++;
}

static void take_pool(const char *what)
{
	if (strcmp(what, "change") == 0 && interference > 0) {
		interference--;
		pfkernel.pool_ticket++;
	}
}

Test(pfhook, stale_ticket_is_asked_for_again)
{
	begin_on(&pfsys_freebsd);
	pfkernel.before = interfere;
	interference = 1;
	cr_expect_eq(pfhook_insert(&dev, "sallyport", false, &why), 0, "%s",
		     why.text);
	cr_expect_eq(pfkernel.main.n, 1, "once, though tried twice");
	cr_expect_eq(interference, 0);
}

Test(pfhook, stale_pool_is_asked_for_again)
{
	begin_on(&pfsys_macos);
	pfkernel.before = take_pool;
	interference = 1;
	cr_expect_eq(pfhook_insert(&dev, "sallyport", false, &why), 0);
	cr_expect_eq(pfkernel.main.n, 1);
}

Test(pfhook, gives_up)
{
	begin_on(&pfsys_macos);
	pfkernel.before = take_pool;
	interference = 1000;
	cr_expect_eq(pfhook_insert(&dev, "sallyport", false, &why), -EBUSY);
	cr_expect_eq(pfkernel.main.n, 0);
}

Test(pfhook, a_kernel_without_it)
{
	begin_on(&pfsys_freebsd);
	pfkernel.fail = pfsys_freebsd.change_rule;
	pfkernel.error = -ENODEV;
	pfkernel.times = 1;
	cr_expect_eq(pfhook_insert(&dev, "sallyport", false, &why),
		     -EOPNOTSUPP);
	cr_expect_not_null(strstr(why.text, "anchor \"sallyport\""));
}

/* FreeBSD 14 has no rule twice. */
Test(pfhook, called_behind_others)
{
	struct pfhook h;

	begin_on(&pfsys_freebsd);
	pfkernel_rule(&pfkernel.main, "pass quick all");
	pfkernel_rule(&pfkernel.main, "anchor \"sallyport\" all");
	cr_expect_eq(pfhook_insert(&dev, "sallyport", false, &why), 0, "%s",
		     why.text);
	cr_expect_str_eq(pfkernel.main.line[0],
			 "anchor \"sallyport\" all label \"first\"");
	cr_expect_eq(pfhook_look(&dev, "sallyport", &said, &h, &why), 0);
	cr_expect(h.first);
	cr_expect_eq(pfhook_remove(&dev, "sallyport", false, &said, &why), 0);
	cr_expect_eq(pfkernel.main.n, 2, "theirs stays");
	cr_expect_str_eq(pfkernel.main.line[0], "pass quick all");
	/* Behind others twice: it is said what to do. */
	cr_expect_eq(pfhook_insert(&dev, "sallyport", false, &why), 0);
	memcpy(pfkernel.main.line[2], pfkernel.main.line[0], PFK_LINE);
	strcpy(pfkernel.main.line[0], "pass quick all");
	strcpy(pfkernel.main.line[1], "anchor \"sallyport\" all");
	cr_expect_eq(pfhook_insert(&dev, "sallyport", false, &why), -EEXIST);
	cr_expect_not_null(strstr(why.text, "make it the first"));
}

static void load_another(const char *what)
{
	if (strcmp(what, "-s rules") == 0 && interference-- > 0) {
		pfkernel.main.n = 0;
		pfkernel_rule(&pfkernel.main, "pass quick all");
	}
}

/* Who has loaded his own ruleset has taken our call out with it. */
Test(pfhook, removes_nobody_elses)
{
	begin_on(&pfsys_freebsd);
	cr_assert_eq(pfhook_insert(&dev, "sallyport", false, &why), 0);
	pfkernel.before = load_another;
	interference = 1;
	cr_expect_eq(pfhook_remove(&dev, "sallyport", false, &said, &why), 0);
	cr_expect_eq(pfkernel.main.n, 1);
	cr_expect_str_eq(pfkernel.main.line[0], "pass quick all");
}

/* ---- on and off */

static char dir[] = "/tmp/test_pfhook.XXXXXX";
static struct pfclaim claim;

static void begin_claim(void)
{
	strcpy(dir, "/tmp/test_pfhook.XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
}

static void end_claim(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/pf.json", dir);
	unlink(path);
	rmdir(dir);
}

TestSuite(pfclaim, .init = begin_claim, .fini = end_claim);

static void open_on(const struct pfsys *sys)
{
	begin_on(sys);
	pfclaim_open(&claim, dir);
}

Test(pfclaim, token_is_given_back)
{
	open_on(&pfsys_macos);
	cr_expect_eq(pfclaim_held(&claim, &dev), 0);
	cr_expect_eq(pfclaim_hold(&claim, &dev, &why), 0);
	cr_expect(pfkernel.on);
	cr_expect_eq(pfclaim_held(&claim, &dev), 1);
	cr_expect_eq(pfclaim_hold(&claim, &dev, &why), 0);
	cr_expect_eq(pfkernel.next_token, 0xfeed0002, "one is enough");
	cr_expect_eq(pfclaim_release(&claim, &dev, false, &why), 0);
	cr_expect_not(pfkernel.on);
}

Test(pfclaim, others_tokens_keep_it_on)
{
	open_on(&pfsys_macos);
	pfkernel.on = true;
	pfkernel.token[3] = 42;
	cr_assert_eq(pfclaim_hold(&claim, &dev, &why), 0);
	cr_assert_eq(pfclaim_release(&claim, &dev, false, &why), 0);
	cr_expect(pfkernel.on);
	cr_expect_eq(pfkernel.token[3], 42);
}

Test(pfclaim, a_crash_leaks_no_token)
{
	open_on(&pfsys_macos);
	cr_assert_eq(pfclaim_hold(&claim, &dev, &why), 0);
	pfclaim_open(&claim, dir);
	cr_expect_eq(pfclaim_held(&claim, &dev), 1, "it is found again");
	cr_expect_eq(pfclaim_release(&claim, &dev, false, &why), 0);
	cr_expect_not(pfkernel.on);
	pfclaim_open(&claim, dir);
	cr_expect_eq(claim.token, 0, "and forgotten");
}

Test(pfclaim, token_of_another_boot)
{
	open_on(&pfsys_macos);
	claim.token = 7;
	cr_assert_eq(pfclaim_save(&claim, &why), 0);
	cr_expect_eq(pfclaim_held(&claim, &dev), 0);
	cr_expect_eq(pfclaim_hold(&claim, &dev, &why), 0);
	cr_expect_eq(pfclaim_held(&claim, &dev), 1);
}

/* pfctl -d takes all tokens away. */
Test(pfclaim, switched_off_by_others)
{
	open_on(&pfsys_macos);
	cr_assert_eq(pfclaim_hold(&claim, &dev, &why), 0);
	pfkernel.on = false;
	memset(pfkernel.token, 0, sizeof(pfkernel.token));
	cr_expect_eq(pfclaim_held(&claim, &dev), 0);
	cr_expect_eq(pfclaim_release(&claim, &dev, false, &why), 0);
	cr_expect_eq(pfclaim_hold(&claim, &dev, &why), 0);
	cr_expect(pfkernel.on);
}

static const struct {
	const char *what;
	bool on, others, on_after;
} switches[] = {
	{ "it was off",			false, false, false },
	{ "it was on: EEXIST",		true, false, true },
	{ "others have rules by now",	false, true, true },
};

Test(pfclaim, freebsd)
{
	for (size_t i = 0; i < NITEMS(switches); i++) {
		open_on(&pfsys_freebsd);
		pfkernel.on = switches[i].on;
		cr_expect_eq(pfclaim_hold(&claim, &dev, &why), 0, "%s",
			     switches[i].what);
		cr_expect(pfkernel.on);
		cr_expect_eq(pfclaim_held(&claim, &dev), 1);
		/* A daemon that comes back still knows. */
		pfclaim_open(&claim, dir);
		cr_expect_eq(pfclaim_release(&claim, &dev, switches[i].others,
					     &why), 0);
		cr_expect_eq(pfkernel.on, switches[i].on_after, "%s",
			     switches[i].what);
	}
}

/* Stopped by others meanwhile: ENOENT is no failure. */
Test(pfclaim, freebsd_off_already)
{
	open_on(&pfsys_freebsd);
	cr_assert_eq(pfclaim_hold(&claim, &dev, &why), 0);
	pfkernel.on = false;
	cr_expect_eq(pfclaim_release(&claim, &dev, false, &why), 0);
	cr_assert_eq(pfclaim_hold(&claim, &dev, &why), 0);
	pfkernel.on = false;
	cr_expect_eq(pfclaim_held(&claim, &dev), 0);
	cr_expect(pfkernel.on, "asking switches it on again");
}

Test(pfclaim, refused)
{
	open_on(&pfsys_macos);
	pfkernel.fail = PFABI_STARTREF;
	pfkernel.error = -EPERM;
	pfkernel.times = 1;
	cr_expect_eq(pfclaim_hold(&claim, &dev, &why), -EPERM);
	cr_expect_eq(claim.token, 0);
}
