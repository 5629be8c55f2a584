/* SPDX-License-Identifier: ISC */
/* door = hash: the table is what the kernel consults. */
#include "answerbench.h"

static void by_table(void)
{
	setup();
	fw.fw.door = DOOR_HASH;
}

TestSuite(answertable, .init = by_table, .fini = teardown);

static void expect_open(const char *text, bool want)
{
	cr_expect_eq(in_table(text), want, "%s", text);
}

/* The rules are looked at, then the entry is made, then the ack. */
Test(answertable, opens_when_the_rules_stand)
{
	struct grant g = honest("192.0.2.1 2001:db8::1");

	cr_expect_eq(ask(&g), 0);
	cr_expect_str_eq(record.text, "add:192.0.2.1/31,2001:db8::1/31 "
			 "open:192.0.2.1,table=1,acks=0 "
			 "open:2001:db8::1,table=1,acks=0 ");
}

Test(answertable, rules_that_are_gone_come_back_first)
{
	struct grant g = honest("192.0.2.1");

	record.fault[0] = (struct fault){ "add", -ENOENT, 0, 1 };
	cr_expect_eq(ask(&g), 0);
	cr_expect_str_eq(record.text, "add:192.0.2.1/31 load:door "
			 "add:192.0.2.1/31 open:192.0.2.1,table=1,acks=0 ");
}

Test(answertable, nothing_opens_without_rules)
{
	struct grant g = honest("192.0.2.1");

	record.fault[0] = (struct fault){ "add", -EIO, 0, 9 };
	cr_expect_eq(ask(&g), -EIO);
	expect_open("192.0.2.1", false);
	cr_expect_eq(answer.allowed.n, 0);
}

Test(answertable, an_epoch_shuts_all)
{
	open_now("192.0.2.1 192.0.2.2", TTL_MAX);
	cr_expect_eq(answer_stop(&answer, &why), 2);
	expect_open("192.0.2.1", false);
	expect_open("192.0.2.2", false);
	answer_start(&answer);
	expect_open("192.0.2.1", false);
}

/* The map outlives the datapath, and the kernel reads on. */
Test(answertable, a_datapath_that_is_gone_leaves_it_shut)
{
	open_now("192.0.2.1", TTL_MAX);
	answer_attach(&answer, NULL);
	expect_open("192.0.2.1", false);
	cr_expect_eq(control.allow->epoch, 0);
}

Test(answertable, expires)
{
	open_now("192.0.2.1", TTL_MIN);
	pass(TTL_MIN * CLOCK_S - 1);
	expect_open("192.0.2.1", true);
	pass(1);
	expect_open("192.0.2.1", false);
	answer_expire(&answer);
	cr_expect_eq(answer.allowed.n, 0);
}

Test(answertable, what_root_wrote_is_put_right)
{
	struct ipaddr stranger = addr("203.0.113.1"), ours = addr("192.0.2.1");

	open_now("192.0.2.1", TTL_MAX);
	cr_expect(!answer_differs(&answer));
	cr_expect_eq(answer_verify(&answer, &why), 0, "%s", why.text);
	cr_assert_eq(allow_insert(control.allow, &stranger, UINT64_MAX,
				  record_clock), 0);
	allow_remove(control.allow, &ours);
	cr_expect(answer_differs(&answer));
	cr_expect_eq(answer_verify(&answer, &why), 1, "%s", why.text);
	expect_open("203.0.113.1", false);
	expect_open("192.0.2.1", true);
	cr_expect(!answer_differs(&answer));
	cr_expect_eq(answer.repaired, 1);
}

/* Elements of the kernel's sets are not looked for. */
Test(answertable, has_no_mirror)
{
	fw.looks = true;
	open_now("192.0.2.1", TTL_MAX);
	cr_expect_eq(answer_verify(&answer, &why), 0, "%s", why.text);
	cr_expect_str_eq(record.text, "verify verify ");
}

Test(answertable, each_verification_has_a_value_of_its_own)
{
	uint64_t first;

	cr_expect_eq(answer_verify(&answer, &why), 0, "%s", why.text);
	first = atomic_load(&datapath.control->verified);
	cr_expect_eq(answer_verify(&answer, &why), 0, "%s", why.text);
	cr_expect_neq(atomic_load(&datapath.control->verified), first);
	cr_expect_eq((uint32_t)atomic_load(&datapath.control->verified),
		     (uint32_t)first, "the same generation");
}

/* With sets the table is ours alone, and nobody looks at it. */
Test(answertable, sets_are_not_asked_for_the_table)
{
	fw.fw.door = DOOR_SET;
	control.allow->epoch++;
	cr_expect(!answer_differs(&answer));
}
