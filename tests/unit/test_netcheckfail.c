/* SPDX-License-Identifier: ISC */
/*
 * Each of the door's steps fails in turn: what is undone, what is said, what
 * is not tried again.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "netcheckbench.h"

TestSuite(netcheckfail, .init = bench_init, .fini = bench_fini);

/* --- a step fails while entering --- */

/* The resolver has died and was given up before: all four steps are done. */
static const struct {
	const char *what, *call;
	unsigned int skip;
	const char *record, *step;
	enum tunnel_cause cause;
} entering[] = {
	{ "exempt", "load:door", 0, "load:door load:blocked ", "firewall",
	  CAUSE_SET_FIREWALL },
	{ "listen", "start", 0, "load:door start load:blocked ", "listen",
	  CAUSE_START_RESOLVER },
	{ "read", "read", 0, "load:door start read stop load:blocked ",
	  "read_dns", CAUSE_READ_DNS },
	{ "exempt the upstreams", "load:door", 1,
	  "load:door start read load:door stop load:blocked ", "read_dns",
	  CAUSE_READ_DNS },
	{ "point", "point", 0,
	  "load:door start read load:door point stop load:blocked ",
	  "point_dns", CAUSE_SET_DNS },
};

/* Rules that never changed need not be loaded again. */
static const char *entering_record(size_t i)
{
	bool untouched = bench_fw.loads == 1 &&
			 bench_fw.ruleset.policy == FW_BLOCKED;

	return untouched ? "load:door " : entering[i].record;
}

static const enum tunnel_state outside[] = {
	TUNNEL_CONNECTING, TUNNEL_CONNECTED, TUNNEL_DISCONNECTING,
	TUNNEL_DISCONNECTED, TUNNEL_ERROR,
};

/* Up in a state with the door shut, and the resolver down. */
static void outside_of(enum tunnel_state from, bool lockdown)
{
	again();
	up(true, lockdown, from, CAUSE_SET_DNS);
	bench_gone(&bench);
}

static void expect_shut(const char *what)
{
	const struct want w = { FW_BLOCKED, false, false };

	expect_machine(w, what);
	cr_expect(bench.settings.netcheck, "%s: the setting stays", what);
}

Test(netcheckfail, failing_into_error)
{
	for (size_t i = 0; i < NITEMS(entering); i++)
		for (size_t k = 0; k < NITEMS(outside); k++) {
			const char *what = entering[i].what;
			struct tunnel saved = { 0 };

			outside_of(outside[k], false);
			record_fault(entering[i].call, -EPERM,
				     entering[i].skip, 0);
			cr_expect_eq(set_state(TUNNEL_ERROR,
					       CAUSE_AUTH_FAILED), 0,
				     "%s: the state is entered", what);
			record_expect(entering_record(i), what);
			expect_shut(what);
			cr_expect_eq(bench.tunnel.state, TUNNEL_ERROR);
			cr_expect_eq(bench.tunnel.cause, entering[i].cause,
				     "%s: error(%s)", what,
				     tunnel_cause_name(bench.tunnel.cause));
			cr_expect(strstr(bench.problem.text, "injected"),
				  "%s: %s", what, bench.problem.text);
			cr_assert_eq(settings_load_tunnel(bench.conf.run_dir,
							  &saved, &why), 0);
			cr_expect_eq(saved.cause, entering[i].cause, "%s",
				     what);
		}
}

Test(netcheckfail, failing_into_lockdown)
{
	for (size_t i = 0; i < NITEMS(entering); i++)
		for (size_t k = 0; k < NITEMS(outside); k++) {
			const char *what = entering[i].what;

			if (outside[k] == TUNNEL_DISCONNECTED)
				continue;
			outside_of(outside[k], true);
			record_fault(entering[i].call, -EPERM,
				     entering[i].skip, 0);
			cr_expect_eq(set_state(TUNNEL_DISCONNECTED, 0), 0,
				     "%s", what);
			record_expect(entering_record(i), what);
			expect_shut(what);
			cr_expect_eq(bench.tunnel.state, TUNNEL_DISCONNECTED,
				     "%s: stays", what);
			cr_expect(strstr(bench.problem.text, "injected"),
				  "%s: %s", what, bench.problem.text);
		}
}

/* The resolver listens already, so it goes on doing so. */
Test(netcheckfail, what_was_so_before_is_not_undone)
{
	up(true, false, TUNNEL_CONNECTED, 0);
	record_fault("point", -EROFS, 0, 0);
	cr_expect_eq(set_state(TUNNEL_ERROR, CAUSE_OTHER), 0);
	record_expect("load:door read load:door point load:blocked ",
		      "no stop");
	cr_expect(bench.running);
	cr_expect_eq(bench.tunnel.cause, CAUSE_SET_DNS);
}

Test(netcheckfail, not_tried_again_before_a_change)
{
	for (size_t i = 0; i < NITEMS(entering); i++) {
		const char *what = entering[i].what;

		outside_of(TUNNEL_DISCONNECTING, true);
		record_fault(entering[i].call, -EPERM, entering[i].skip, 0);
		cr_expect_eq(set_state(TUNNEL_DISCONNECTED, 0), 0);
		record_repair();
		record_forget();
		for (int n = 0; n < 3; n++)
			cr_expect_eq(set_state(TUNNEL_DISCONNECTED, 0), 0);
		cr_expect_eq(daemon_set_lan(&bench, true, &step, &why), 0);
		record_expect("load:blocked ", what);
		record_forget();
		cr_expect_eq(set_state(TUNNEL_ERROR, CAUSE_OFFLINE), 0);
		cr_expect(bench.active, "%s: a change of state", what);
		cr_expect(bench_dns.pointed, "%s", what);
	}
}

Test(netcheckfail, error_of_a_step_is_not_tried_again)
{
	up(true, false, TUNNEL_CONNECTED, 0);
	record_fault("load:door", -EIO, 0, 0);
	cr_expect_eq(set_state(TUNNEL_ERROR, CAUSE_OTHER), 0);
	cr_expect_eq(bench.tunnel.cause, CAUSE_SET_FIREWALL);
	record_repair();
	record_forget();
	cr_expect_eq(set_state(TUNNEL_ERROR, CAUSE_SET_FIREWALL), 0);
	record_expect("", "the same state once more");
	cr_expect_eq(set_state(TUNNEL_ERROR, CAUSE_OTHER), 0);
	cr_expect(bench.active, "another cause");
}

Test(netcheckfail, tried_again_when_a_switch_moves)
{
	static const struct {
		const char *what;
		bool lockdown;		/* else netcheck */
	} rows[] = { { "lockdown", true }, { "netcheck", false } };

	for (size_t i = 0; i < NITEMS(rows); i++) {
		outside_of(TUNNEL_DISCONNECTING, true);
		record_fault("point", -EPERM, 0, 0);
		cr_expect_eq(set_state(TUNNEL_DISCONNECTED, 0), 0);
		cr_expect(!bench.active);
		record_repair();
		for (int on = 0; on < 2; on++) {
			int error = rows[i].lockdown ?
				daemon_set_lockdown(&bench, on, &step, &why) :
				daemon_set_netcheck(&bench, on, &step, &why);

			cr_expect_eq(error, 0, "%s", rows[i].what);
		}
		cr_expect(bench.active, "%s", rows[i].what);
	}
}

/* Not even rules without a door: nobody may believe in a block. */
Test(netcheckfail, a_block_that_cannot_be_loaded_is_said)
{
	up(true, false, TUNNEL_DISCONNECTED, 0);
	record_fault("load:", -EIO, 0, 0);
	cr_expect_eq(daemon_set_lockdown(&bench, true, &step, &why), -EIO);
	cr_expect_str_eq(step, "firewall");
	cr_expect(!bench.settings.lockdown);

	again();
	up(true, true, TUNNEL_CONNECTED, 0);
	record_fault("load:", -EIO, 0, 0);
	step = "";
	cr_expect_eq(set_state(TUNNEL_DISCONNECTED, 0), -EIO);
	cr_expect_str_eq(step, "firewall");
	cr_expect_eq(bench.tunnel.state, TUNNEL_ERROR);
	cr_expect_eq(bench.tunnel.cause, CAUSE_SET_FIREWALL);
	cr_expect_eq(bench_fw.ruleset.policy, FW_CONNECTED,
		     "what was loaded is still in force");
}

/* --- a step fails while switching on --- */

static const struct {
	const char *what;
	enum tunnel_state state;
	enum tunnel_cause cause;
	bool lockdown;
} switching[] = {
	{ "error", TUNNEL_ERROR, CAUSE_AUTH_FAILED, false },
	{ "lockdown", TUNNEL_DISCONNECTED, 0, true },
};

Test(netcheckfail, failing_to_switch_on_while_blocking)
{
	for (size_t i = 0; i < NITEMS(entering); i++)
		for (size_t k = 0; k < NITEMS(switching); k++) {
			const char *what = entering[i].what;
			const struct want w = { FW_BLOCKED, false, false };
			struct settings saved = { 0 };

			again();
			up(false, switching[k].lockdown, switching[k].state,
			   switching[k].cause);
			record_fault(entering[i].call, -EPERM,
				     entering[i].skip, 0);
			cr_expect_eq(daemon_set_netcheck(&bench, true, &step,
							 &why), -EPERM, "%s",
				     what);
			cr_expect_str_eq(step, entering[i].step, "%s: %s",
					 what, step);
			cr_expect(strstr(why.text, "injected"), "%s: %s",
				  what, why.text);
			record_expect(entering_record(i), what);
			expect_machine(w, what);
			cr_expect(!bench.settings.netcheck, "%s", what);
			cr_expect_eq(bench.tunnel.state, switching[k].state);
			cr_expect_eq(bench.tunnel.cause, switching[k].cause,
				     "%s: the state is nobody's fault", what);
			cr_assert_eq(settings_load(bench.conf.state_dir,
						   &saved, &why), 0);
			cr_expect(!saved.netcheck, "%s: on disk", what);
		}
}

Test(netcheckfail, failing_to_listen_elsewhere)
{
	for (size_t k = 0; k < NITEMS(outside); k++) {
		again();
		up(false, false, outside[k], CAUSE_READ_DNS);
		record_fault("start", -EADDRINUSE, 0, 0);
		cr_expect_eq(daemon_set_netcheck(&bench, true, &step, &why),
			     -EADDRINUSE);
		cr_expect_str_eq(step, "listen");
		record_expect("start ", "nothing to undo");
		cr_expect(!bench.settings.netcheck);
		expect_machine(wanted(false, false, outside[k],
				      CAUSE_READ_DNS), "still off");
	}
}

Test(netcheckfail, a_crashed_one_is_not_started_twice)
{
	/* Another one is on its way, and the host is pointed at it. */
	up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
	bench_gone(&bench);
	record_fault("start", -EADDRINUSE, 0, 0);
	cr_expect_eq(daemon_set_netcheck(&bench, true, &step, &why), 0);
	record_expect("", "it is on");
	cr_expect(bench.active && bench_dns.pointed);
}

Test(netcheckfail, one_that_was_given_up_is_started_again)
{
	up(true, false, TUNNEL_CONNECTED, 0);
	bench_gone(&bench);
	record_fault("start", -EADDRINUSE, 0, 1);
	cr_expect_eq(daemon_set_netcheck(&bench, true, &step, &why),
		     -EADDRINUSE);
	cr_expect(bench.settings.netcheck, "the setting stays as it was");
	cr_expect_eq(daemon_set_netcheck(&bench, true, &step, &why), 0);
	cr_expect(bench.running);
}

/* --- a step fails while switching off --- */

static void expect_still_on(const char *what)
{
	struct settings saved = { 0 };

	expect_machine(wanted(true, false, TUNNEL_ERROR, CAUSE_OTHER), what);
	cr_expect(bench.settings.netcheck, "%s", what);
	cr_assert_eq(settings_load(bench.conf.state_dir, &saved, &why), 0);
	cr_expect(saved.netcheck, "%s: on disk", what);
}

Test(netcheckfail, failing_to_switch_off)
{
	static const struct {
		const char *what, *call, *step, *record;
	} rows[] = {
		{ "a host never asks a resolver that is gone", "restore",
		  "point_dns", "restore " },
		{ "rules stay, so the door does", "load:blocked", "firewall",
		  "restore clear load:blocked point " },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		again();
		up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
		record_fault(rows[i].call, -EROFS, 0, 0);
		cr_expect_eq(daemon_set_netcheck(&bench, false, &step, &why),
			     -EROFS, "%s", rows[i].what);
		cr_expect_str_eq(step, rows[i].step, "%s", rows[i].what);
		cr_expect(strstr(why.text, "injected"), "%s", why.text);
		record_expect(rows[i].record, rows[i].what);
		expect_still_on(rows[i].what);
		record_repair();
		cr_expect_eq(daemon_set_netcheck(&bench, false, &step, &why),
			     0);
		expect_machine(wanted(false, false, TUNNEL_ERROR,
				      CAUSE_OTHER), rows[i].what);
	}
}

Test(netcheckfail, switching_off_survives_a_clear_that_fails)
{
	up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
	open_one();
	record_fault("clear", -EIO, 0, 0);
	cr_expect_eq(daemon_set_netcheck(&bench, false, &step, &why), 0);
	record_expect("restore clear kill:1 load:blocked stop ",
		      "the load empties the sets");
	cr_expect_eq(bench_fw.n, 0);
}

/* --- a step fails while leaving --- */

Test(netcheckfail, leaving_goes_on_without_the_hosts_dns)
{
	up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
	record_fault("restore", -EROFS, 0, 1);
	cr_expect_eq(set_state(TUNNEL_CONNECTING, 0), 0, "it is entered");
	record_expect("restore clear load:connecting ", "all the rest");
	cr_expect(!bench.active);
	cr_expect_eq(bench.answer.epoch, 0);
	cr_expect(bench.astray);
	cr_expect(strstr(bench.problem.text, "restore"), "%s",
		  bench.problem.text);
	record_forget();
	cr_expect_eq(set_state(TUNNEL_CONNECTED, 0), 0);
	record_expect("restore load:connected ", "tried again");
	cr_expect(!bench.astray && !bench_dns.pointed);
}

Test(netcheckfail, leaving_without_rules_to_leave_for)
{
	static const enum tunnel_state to[] = {
		TUNNEL_CONNECTING, TUNNEL_DISCONNECTED, TUNNEL_DISCONNECTING,
	};

	for (size_t i = 0; i < NITEMS(to); i++) {
		const struct want w = { FW_BLOCKED, true, false };

		again();
		up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
		record_fault("load:", -EIO, 0, 1);
		step = "";
		cr_expect_eq(set_state(to[i], 0), -EIO);
		cr_expect_str_eq(step, "firewall");
		cr_expect_eq(bench.tunnel.state, TUNNEL_ERROR);
		cr_expect_eq(bench.tunnel.cause, CAUSE_SET_FIREWALL);
		expect_machine(w, "the block holds, the door is shut");
	}
}

Test(netcheckfail, lockdown_off_that_fails_is_on_again)
{
	up(true, true, TUNNEL_DISCONNECTED, 0);
	record_fault("load:none", -EIO, 0, 0);
	cr_expect_eq(daemon_set_lockdown(&bench, false, &step, &why), -EIO);
	cr_expect_str_eq(step, "firewall");
	cr_expect(bench.settings.lockdown);
	expect_machine(wanted(true, true, TUNNEL_DISCONNECTED, 0),
		       "as it was");
}

Test(netcheckfail, states_that_cannot_follow)
{
	up(true, true, TUNNEL_ERROR, CAUSE_OTHER);
	step = "";
	cr_expect_eq(set_state(TUNNEL_CONNECTED, 0), -EINVAL);
	cr_expect_str_eq(step, "", "nothing was tried");
	cr_expect(strstr(why.text, "connected cannot follow error"), "%s",
		  why.text);
	record_expect("", "nothing done");
}
