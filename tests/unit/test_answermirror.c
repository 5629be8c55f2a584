/* SPDX-License-Identifier: ISC */
/* Kernel and truth made equal again. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "answerbench.h"

TestSuite(answermirror, .init = setup, .fini = teardown);

/* --- the mirror --- */

static void lose(const char *text)
{
	struct ipaddr a = addr(text);

	fwfake_take(&fw, &a);
}

static void plant(const char *text)
{
	struct ipaddr a = addr(text);

	fwfake_put(&fw, &a);
}

/* 192.0.2.1 and .2 are open; somebody has done something. */
Test(answermirror, verify)
{
	static const struct {
		const char *what, *lost, *planted;
		bool damaged;
		unsigned int moving;
		const char *call;	/* that fails, always */
		int want;
		const char *record;
	} rows[] = {
		{ "all is well", NULL, NULL, false, 0, NULL, 0, "" },
		{ "one is missing", "192.0.2.2", NULL, false, 0, NULL, 1,
		  "add:192.0.2.2/31 " },
		{ "a stranger", NULL, "203.0.113.1", false, 0, NULL, 1,
		  "remove:203.0.113.1 " },
		{ "one for another", "192.0.2.1", "203.0.113.1", false, 0,
		  NULL, 1, "remove:203.0.113.1 add:192.0.2.1/31 " },
		{ "rules damaged", NULL, NULL, true, 0, NULL, 1,
		  "load:door add:192.0.2.1/31,192.0.2.2/31 " },
		{ "moved once", NULL, NULL, false, 1, NULL, 0, "" },
		{ "moved before each look", NULL, NULL, false, 6, NULL,
		  -EAGAIN, "" },
		{ "moved until the last try", NULL, NULL, false, 5, NULL, 0,
		  "" },
		{ "cannot look", NULL, NULL, false, 0, "verify", -EIO, "" },
		{ "cannot list", NULL, NULL, false, 0, "list", -EIO, "" },
		{ "cannot load", NULL, NULL, true, 0, "load", -EIO,
		  "load:door " },
		{ "cannot fill", NULL, NULL, true, 0, "add", -EIO,
		  "load:door add:192.0.2.1/31,192.0.2.2/31 " },
		{ "cannot add", "192.0.2.1", NULL, false, 0, "add", -EIO,
		  "add:192.0.2.1/31 " },
		{ "cannot remove", NULL, "203.0.113.1", false, 0, "remove",
		  -EIO, "remove:203.0.113.1 " },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		bool good = rows[i].want >= 0;
		uint64_t repaired;

		teardown();
		setup();
		open_now("192.0.2.1 192.0.2.2", TTL_MIN);
		repaired = answer.repaired;
		if (rows[i].lost != NULL)
			lose(rows[i].lost);
		if (rows[i].planted != NULL)
			plant(rows[i].planted);
		fw.damaged = rows[i].damaged;
		fw.moving = rows[i].moving;
		if (rows[i].call != NULL)
			record_fault(rows[i].call, -EIO, 0, 0);
		cr_expect_eq(answer_verify(&answer, &why), rows[i].want,
			     "%s", rows[i].what);
		record_expect(rows[i].record, rows[i].what);
		cr_expect_eq((uint32_t)atomic_load(&datapath.control->verified),
			     good ? fw.generation : 0, "%s", rows[i].what);
		cr_expect_eq(answer.stale, !good, "%s", rows[i].what);
		if (!good)
			continue;
		cr_expect_eq(answer.repaired - repaired,
			     (unsigned int)rows[i].want, "%s", rows[i].what);
		cr_expect_eq(fw.n, 2, "%s", rows[i].what);
		cr_expect(in_kernel("192.0.2.1") && in_kernel("192.0.2.2"),
			  "%s", rows[i].what);
	}
}

Test(answermirror, verify_looks_at_rules_before_and_after_the_elements)
{
	fw.looks = true;
	cr_expect_eq(answer_verify(&answer, &why), 0);
	record_expect("verify list verify ", "one generation throughout");
}

Test(answermirror, verify_keeps_what_is_whole)
{
	/* Neither closed in between, nor shortened. */
	open_now("192.0.2.1", TTL_MAX);
	pass(100 * CLOCK_S + CLOCK_S / 2);
	open_now("192.0.2.2", TTL_MIN);
	lose("192.0.2.1");
	cr_expect_eq(answer_verify(&answer, &why), 1);
	record_expect("add:192.0.2.1/201 ", "the rest of its time, and 1 s");
}

Test(answermirror, verify_does_not_miss_what_has_ended)
{
	open_now("192.0.2.1", TTL_MIN);
	pass(31 * CLOCK_S);
	lose("192.0.2.1");
	cr_expect_eq(answer_verify(&answer, &why), 0);
	record_expect("remove:192.0.2.1 ", "nobody else's doing");
}

Test(answermirror, verify_while_shut)
{
	open_now("192.0.2.1", TTL_MAX);
	record_fault("clear", -EIO, 0, 1);
	cr_expect_eq(answer_stop(&answer, &why), -EIO);
	cr_expect(in_kernel("192.0.2.1"), "stayed open");
	cr_expect_eq(answer_verify(&answer, &why), 1);
	cr_expect_eq(fw.n, 0, "what a failed stop left is closed");
	answer_attach(&answer, NULL);
	cr_expect_eq(answer_verify(&answer, &why), 0, "without a datapath");
}

Test(answermirror, verify_of_a_set_full_of_strangers)
{
	struct ipaddr a = addr("203.0.113.0");

	for (unsigned int i = 0; i < 2 * ALLOW_MAX; i++) {
		a.b[13] = (uint8_t)(i / 256);
		a.b[15] = (uint8_t)i;
		fwfake_put(&fw, &a);
	}
	cr_expect_eq(answer_verify(&answer, &why), 1);
	cr_expect_eq(fw.n, 0);
}

Test(answermirror, refill_after_a_load_of_our_own)
{
	open_now("192.0.2.1", 30);
	open_now("2001:db8::1", 300);
	pass(10 * CLOCK_S);
	fw.n = 0;
	cr_expect_eq(answer_refill(&answer, &why), 0);
	record_expect("add:192.0.2.1/21,2001:db8::1/291 ", "all, none renewed");
	record_fault("add", -EIO, 0, 1);
	cr_expect_eq(answer_refill(&answer, &why), -EIO);
	cr_expect_eq(answer_stop(&answer, &why), 2);
	record_forget();
	cr_expect_eq(answer_refill(&answer, &why), 0);
	record_expect("", "nothing to put back");
}
