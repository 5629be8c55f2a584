/* SPDX-License-Identifier: ISC */
/* The pf backend: rules and addresses, and what goes wrong with them. */
#include "tests/unit/fwpfbench.h"

TestSuite(fw_pf, .init = begin, .fini = end);

/* Is this said before that? */
static bool before(const char *this, const char *that)
{
	const char *a = strstr(pfkernel.log, this);
	const char *b = strstr(pfkernel.log, that);

	return a != NULL && b != NULL && a < b;
}

/* ---- loading */

Test(fw_pf, load_is_in_force)
{
	for (size_t k = 0; k < NITEMS(systems); k++) {
		again_on(systems[k]);
		cr_assert_eq(load(FW_BLOCKED, 0), 0, "%s", why.text);
		cr_expect(pfkernel.on);
		cr_expect_str_eq(pfkernel.main.line[0],
				 "anchor \"sallyport\" all");
		cr_expect_eq(pfkernel.scrub.n, systems[k]->scrub_anchor);
		cr_expect(before("-f -", "change"), "rules, then their call");
		cr_expect(before("change", systems[k]->tokens ? "startref" :
				 "start "), "then on: %s", pfkernel.log);
		cr_expect_eq(verify(), 1, "%s", why.text);
		cr_expect_eq(fw->ops->changed(fw), 0);
	}
}

Test(fw_pf, no_door_before_its_policy)
{
	cr_expect_eq(add("198.51.100.1", false, false), -ENOENT);
	cr_assert_eq(load(FW_BLOCKED, 0), 0);
	cr_expect_eq(add("198.51.100.1", false, false), -ENOENT);
	cr_assert_eq(load(FW_BLOCKED_ACTIVE, 0), 0);
	cr_expect_eq(add("198.51.100.1", false, false), 0, "%s", why.text);
	cr_expect_eq(count(), 1);
}

Test(fw_pf, loading_empties)
{
	cr_assert_eq(load(FW_BLOCKED_ACTIVE, 0), 0);
	cr_assert_eq(add("198.51.100.1", false, false), 0);
	cr_assert_eq(load(FW_BLOCKED_ACTIVE, LAN), 0);
	cr_expect_eq(count(), 0);
	cr_expect_not(pfkernel_has("allow", "198.51.100.1"));
}

Test(fw_pf, a_call_that_stands_is_not_made_again)
{
	pfkernel_rule(&pfkernel.main, "anchor \"sallyport\" all");
	cr_assert_eq(load(FW_BLOCKED, 0), 0);
	cr_expect_eq(pfkernel.main.n, 1);
	cr_assert_eq(load(FW_NONE, 0), 0);
	cr_expect_eq(pfkernel.main.n, 1, "it is not ours to take out");
}

Test(fw_pf, none_leaves_nothing)
{
	for (size_t k = 0; k < NITEMS(systems); k++) {
		again_on(systems[k]);
		cr_assert_eq(load(FW_BLOCKED_ACTIVE, 0), 0);
		cr_assert_eq(load(FW_NONE, 0), 0, "%s", why.text);
		cr_expect_not(pfkernel.on);
		cr_expect_not(pfkernel.anchor);
		cr_expect_eq(pfkernel.main.n + pfkernel.scrub.n, 0);
		cr_expect_null(pfkernel_table("allow"));
		cr_expect_eq(verify(), 1);
		cr_expect_eq(fw->ops->changed(fw), 0);
		cr_expect_eq(count(), 0);
	}
}

Test(fw_pf, none_leaves_others_alone)
{
	pfkernel_rule(&pfkernel.main, "pass all");
	pfkernel.on = true;
	cr_assert_eq(load(FW_BLOCKED, 0), 0);
	cr_assert_eq(load(FW_NONE, 0), 0);
	cr_expect(pfkernel.on);
	cr_expect_eq(pfkernel.main.n, 1);
	cr_expect_str_eq(pfkernel.main.line[0], "pass all");
}

static void slip_in(const char *what)
{
	if (strcmp(what, "-a sallyport -s rules") == 0)
		pfkernel_rule(&pfkernel.own, "pass quick all");
}

static void slip_in_once(const char *what)
{
	slip_in(what);
	if (strcmp(what, "-a sallyport -s rules") == 0)
		pfkernel.before = NULL;
}

static void unhook(const char *what)
{
	if (strcmp(what, "-a sallyport -s rules") != 0)
		return;
	pfkernel.main.n = 0;
	pfkernel.main.ticket++;
	pfkernel.before = NULL;
}

static const struct {
	const char *what;
	unsigned long fail;
	int error;
	bool refuses;
	void (*before)(const char *what);
	const char *interfaces;
	int want;
} failures[] = {
	{ "pfctl refuses", 0, 0, true, NULL, NULL, -EINVAL },
	{ "cannot be switched on", PFABI_START, -EPERM, false, NULL, NULL,
	  -EPERM },
	{ "no pool", PFABI_BEGINADDRS, -ENOMEM, false, NULL, NULL, -ENOMEM },
	{ "states stay", 0xc0184429ul, -EPERM, false, NULL, NULL, -EPERM },
	{ "a rule too many", 0, 0, false, slip_in_once, NULL, -EBUSY },
	{ "others do not stop", 0, 0, false, slip_in, NULL, -EAGAIN },
	{ "the call goes", 0, 0, false, unhook, NULL, -EBUSY },
	{ "set skip", 0, 0, false, NULL, "em0 (skip)\nlo0 (skip)\n", -EBUSY },
};

Test(fw_pf, failures)
{
	for (size_t i = 0; i < NITEMS(failures); i++) {
		int error;

		again_on(&pfsys_freebsd);
		pfkernel.fail = failures[i].fail;
		pfkernel.error = failures[i].error;
		pfkernel.times = failures[i].fail != 0;
		pfkernel.pfctl_refuses = failures[i].refuses;
		pfkernel.before = failures[i].before;
		if (failures[i].interfaces != NULL)
			pfkernel.interfaces = failures[i].interfaces;
		error = load(FW_BLOCKED, 0);
		cr_expect_eq(error, failures[i].want, "%s: %d, %s",
			     failures[i].what, error, why.text);
		pfkernel.before = NULL;
		pfkernel.pfctl_refuses = false;
		cr_expect_neq(verify(), 1, "%s: verified", failures[i].what);
	}
}

Test(fw_pf, skip_is_named)
{
	pfkernel.interfaces = "all\nen0 (skip)\n";
	cr_expect_eq(load(FW_BLOCKED, 0), -EBUSY);
	cr_expect_not_null(strstr(why.text, "en0"));
	cr_expect_eq(pfkernel.own.n > 0, true, "the rest is blocked");
	pfkernel.interfaces = "all\nen0\n";
	cr_expect_eq(verify(), 1);
}

Test(fw_pf, guest_is_refused)
{
	struct conf c = { 0 };
	struct pfdev dev = pfkernel_dev();
	struct fw *other;

	c.firewall.mode = FWMODE_GUEST;
	cr_expect_eq(fw_pf_open_on(&other, &c, &dev, &why), -EOPNOTSUPP);
}

/* ---- elements */

Test(fw_pf, elements)
{
	for (size_t k = 0; k < NITEMS(systems); k++) {
		again_on(systems[k]);
		cr_assert_eq(load(FW_BLOCKED_ACTIVE, 0), 0);
		cr_assert_eq(add("198.51.100.1", false, false), 0);
		cr_assert_eq(add("2001:db8::7", false, false), 0);
		cr_assert_eq(add("198.51.100.1", true, false), 0, "again");
		cr_expect_eq(count(), 2);
		pfkernel_state("192.0.2.9", "198.51.100.1", "em0");
		pfkernel_state("192.0.2.9", "198.51.100.2", "em0");
		cr_expect_eq(take_out("198.51.100.1"), 0, "%s", why.text);
		cr_expect_eq(pfkernel.n_states, 1, "only its own");
		cr_expect_eq(count(), 1);
		cr_expect_eq(take_out("198.51.100.1"), 0, "it is out");
		pfkernel_state("2001:db8::9", "2001:db8::7", "em0");
		cr_expect_eq(fw->ops->clear(fw, &why), 0);
		cr_expect_eq(count(), 0);
		cr_expect_eq(pfkernel.n_states, 1);
	}
}

Test(fw_pf, table_gone)
{
	cr_assert_eq(load(FW_BLOCKED_ACTIVE, 0), 0);
	pfkernel_table("allow")->there = false;
	cr_expect_eq(add("198.51.100.1", false, false), -ENOENT);
	cr_expect_eq(take_out("198.51.100.1"), -ENOENT);
	cr_expect_eq(fw->ops->clear(fw, &why), -ENOENT);
	cr_assert_eq(load(FW_BLOCKED_ACTIVE, 0), 0);
	cr_expect_eq(add("198.51.100.1", false, false), 0);
}

Test(fw_pf, partly_taken_is_not_taken)
{
	struct fw_element e[3] = {
		{ parse("198.51.100.1"), 30, true, false },
		{ parse("198.51.100.2"), 30, false, false },
		{ parse("198.51.100.3"), 30, false, false },
	};

	cr_assert_eq(load(FW_BLOCKED_ACTIVE, 0), 0);
	cr_assert_eq(add("198.51.100.1", false, false), 0);
	pfkernel.takes = 1;
	cr_expect_eq(fw->ops->add(fw, e, 3, &why), -EIO);
	cr_expect(pfkernel_has("allow", "198.51.100.1"), "it was there");
	cr_expect_not(pfkernel_has("allow", "198.51.100.2"));
	cr_expect_not(pfkernel_has("allow", "198.51.100.3"));
}

Test(fw_pf, a_net_of_somebody_elses)
{
	struct pfk_table *t;

	cr_assert_eq(load(FW_BLOCKED_ACTIVE, 0), 0);
	cr_assert_eq(add("198.51.100.1", false, false), 0);
	t = pfkernel_table("allow");
	t->addr[t->n++] = (struct pfabi_addr){ .af = 2, .net = 0 };
	pfkernel_state("192.0.2.9", "203.0.113.77", "em0");
	cr_expect_eq(count(), 0, "emptied");
	cr_expect_eq(t->n, 0);
	cr_expect_eq(pfkernel.n_states, 0);
}

Test(fw_pf, tls_alone)
{
	cr_assert_eq(load(FW_BLOCKED_ACTIVE, TLS), 0);
	cr_expect_eq(add("198.51.100.1", false, true), 0, "%s", why.text);
	cr_expect(pfkernel_has("tls", "198.51.100.1"));
	cr_expect(pfkernel_has("allow", "198.51.100.1"));
	cr_expect_eq(add("198.51.100.1", true, false), 0);
	cr_expect_not(pfkernel_has("tls", "198.51.100.1"), "for all of it");
	cr_expect_eq(add("198.51.100.2", false, true), 0);
	cr_expect_eq(take_out("198.51.100.2"), 0);
	cr_expect_not(pfkernel_has("tls", "198.51.100.2"));
}

Test(fw_pf, what_a_dead_daemon_left_open)
{
	struct conf c = { 0 };
	struct pfdev dev = pfkernel_dev();

	cr_assert_eq(load(FW_BLOCKED_ACTIVE, 0), 0);
	cr_assert_eq(add("198.51.100.1", false, false), 0);
	pfkernel_state("192.0.2.9", "198.51.100.1", "em0");
	fw->ops->close(fw);
	strcpy(c.firewall.table, "sallyport");
	strcpy(c.run_dir, dir);
	cr_assert_eq(fw_pf_open_on(&fw, &c, &dev, &why), 0);
	cr_expect_not(pfkernel_has("allow", "198.51.100.1"));
	cr_expect_eq(pfkernel.n_states, 0);
	cr_expect(pfkernel.own.n > 0, "the block holds");
	cr_expect_eq(verify(), 0, "it has not loaded these");
}
