/* SPDX-License-Identifier: ISC */
/* How long what was opened stays open, and how it is shut. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "answerbench.h"

TestSuite(answertime, .init = setup, .fini = teardown);

/* --- how long --- */

Test(answertime, renewals_never_shorten)
{
	static const struct {
		const char *what;
		uint32_t first, second;
		uint64_t after;		/* ns */
		const char *record;
		uint64_t want;		/* ends so many ns after the first grant */
	} rows[] = {
		{ "longer", 30, 300, 0, "add:192.0.2.1/301r ", 300 * CLOCK_S },
		{ "shorter", 300, 30, 0, "add:192.0.2.1/301r ",
		  300 * CLOCK_S },
		{ "shorter, later", 300, 30, 100 * CLOCK_S,
		  "add:192.0.2.1/201r ", 300 * CLOCK_S },
		{ "half a second in", 300, 30, CLOCK_S / 2,
		  "add:192.0.2.1/301r ", 300 * CLOCK_S },
		{ "half a second longer", 60, 30, 30 * CLOCK_S + CLOCK_S / 2,
		  "add:192.0.2.1/31r ", 60 * CLOCK_S + CLOCK_S / 2 },
		{ "in its last ns", 30, 30, 30 * CLOCK_S - 1,
		  "add:192.0.2.1/31r ", 60 * CLOCK_S - 1 },
		{ "just ended: anew", 30, 30, 30 * CLOCK_S,
		  "remove:192.0.2.1 add:192.0.2.1/31 "
		  "open:192.0.2.1,table=1,acks=0 ", 60 * CLOCK_S },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		const struct ipaddr a = addr("192.0.2.1");
		uint64_t since;
		struct grant g;

		teardown();
		setup();
		since = record_clock;
		open_now("192.0.2.1", rows[i].first);
		pass(rows[i].after);
		g = honest("192.0.2.1");
		g.lifetime = rows[i].second;
		cr_expect_eq(ask(&g), 0, "%s", rows[i].what);
		record_expect(rows[i].record, rows[i].what);
		cr_expect_eq(allow_lookup(datapath.allow, &a,
					  record_clock) - since, rows[i].want,
			     "%s", rows[i].what);
		cr_expect_eq(answer.allowed.entry[0].expiry - since,
			     rows[i].want, "%s", rows[i].what);
	}
}

Test(answertime, what_has_ended_is_closed_everywhere)
{
	open_now("192.0.2.1", 30);
	open_now("192.0.2.2", 31);
	pass(30 * CLOCK_S - 1);
	answer_expire(&answer);
	record_expect("", "a nanosecond early");
	pass(1);
	answer.stale = false;
	answer_expire(&answer);
	record_expect("remove:192.0.2.1 ", "on time");
	cr_expect(!in_table("192.0.2.1") && in_table("192.0.2.2"));
	cr_expect_eq(answer.allowed.n, 1);
	cr_expect(!answer.stale);

	record_fault("remove", -ENOENT, 0, 1);
	pass(CLOCK_S);
	answer_expire(&answer);
	cr_expect(!answer.stale, "the kernel was quicker");
	open_now("192.0.2.1", 30);
	answer.stale = false;
	record_fault("remove", -EIO, 0, 1);
	pass(30 * CLOCK_S);
	answer_expire(&answer);
	cr_expect(answer.stale, "the kernel may hold it still");
	cr_expect(!in_table("192.0.2.1"));
}

/* --- shutting --- */

static void look_shut(const char *call)
{
	record_call("(%sepoch=%u,mine=%u,allowed=%u)", call,
		    datapath.allow->epoch, answer.epoch,
		    answer.allowed.n);
}

Test(answertime, stop_shuts_from_the_inside_out)
{
	struct grant g;

	open_now("192.0.2.1 192.0.2.2", TTL_MAX);
	fw.during = look_shut;
	cr_expect_eq(answer_stop(&answer, &why), 2);
	record_expect("clear (clearepoch=0,mine=0,allowed=0) kill:2 ",
		      "epoch, kernel, connections");
	cr_expect(!in_table("192.0.2.1"));
	cr_expect_eq(fw.n, 0);
	fw.during = NULL;

	g = honest("192.0.2.1");
	g.epoch = 1;
	answer_start(&answer);
	cr_expect_eq(answer.epoch, 2, "never the same again");
	cr_expect(!in_table("192.0.2.1"), "nothing comes back");
	cr_expect_eq(answer.first_opened, 0);
	cr_expect_eq(ask(&g), -ESTALE, "granted to the episode before");
	g.epoch = 2;
	cr_expect_eq(ask(&g), 0);
}

Test(answertime, stop_that_fails_in_parts)
{
	static const struct {
		const char *what, *call;
		int error, want;
		bool stale;
	} rows[] = {
		{ "no connections can be ended", "kill", -EPERM, 1, false },
		{ "no table: nothing is open", "clear", -ENOENT, 1, false },
		{ "the kernel refuses", "clear", -EIO, -EIO, true },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		teardown();
		setup();
		open_now("192.0.2.1", TTL_MAX);
		answer.stale = false;
		record_fault(rows[i].call, rows[i].error, 0, 0);
		cr_expect_eq(answer_stop(&answer, &why), rows[i].want, "%s",
			     rows[i].what);
		record_expect("clear kill:1 ", rows[i].what);
		cr_expect(!in_table("192.0.2.1"), "%s", rows[i].what);
		cr_expect_eq(answer.allowed.n, 0, "%s", rows[i].what);
		cr_expect_eq(answer.stale, rows[i].stale, "%s", rows[i].what);
	}
}

Test(answertime, stop_of_what_is_shut)
{
	cr_expect_eq(answer_stop(&answer, &why), 0);
	cr_expect_eq(answer_stop(&answer, &why), 0);
	record_expect("clear clear ", "the set is emptied all the same");
}
