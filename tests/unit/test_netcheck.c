/* SPDX-License-Identifier: ISC */
/*
 * The door's steps, as a whole daemon takes them: order, failures, what is
 * undone, what is said.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "daemonbench.h"

TestSuite(netcheck, .init = bench_init, .fini = bench_fini);

static struct why why;
static const char *step;

static void again(void)
{
	bench_fini();
	bench_init();
}

static int set_state(enum tunnel_state state, enum tunnel_cause cause)
{
	const struct tunnel t = bench_tunnel(state, cause);

	return daemon_set_state(&bench, &t, &step, &why);
}

static void up(bool netcheck, bool lockdown, enum tunnel_state state,
	       enum tunnel_cause cause)
{
	const struct tunnel t = bench_tunnel(state, cause);

	bench_up(netcheck, lockdown, &t);
}

/* --- the four-way table --- */

/* What design section 5 says, by another way than the code's. */
struct want {
	enum fw_policy policy;
	bool listens, open;
};

static struct want wanted(bool netcheck, bool lockdown,
			  enum tunnel_state state, enum tunnel_cause cause)
{
	static const enum fw_policy policy[] = {
		FW_NONE, FW_CONNECTING, FW_CONNECTED, FW_DISCONNECTING,
		FW_BLOCKED,
	};
	struct want w = { .policy = policy[state], .listens = netcheck };

	if (state == TUNNEL_DISCONNECTED && lockdown) {
		w.policy = FW_BLOCKED;
		w.open = netcheck;
	}
	if (state == TUNNEL_ERROR)
		w.open = netcheck && cause > CAUSE_START_RESOLVER;
	if (w.open)
		w.policy = FW_BLOCKED_ACTIVE;
	return w;
}

static void expect_machine(struct want w, const char *what)
{
	cr_expect_eq(bench_fw.ruleset.policy, w.policy, "%s: rules %s, not %s",
		     what, fw_policy_name(bench_fw.ruleset.policy),
		     fw_policy_name(w.policy));
	cr_expect_eq(bench.running, w.listens, "%s: listening", what);
	cr_expect_eq(bench_dns.pointed, w.open, "%s: host DNS", what);
	cr_expect_eq(bench.active, w.open, "%s: active", what);
	cr_expect_eq(bench.answer.epoch != 0, w.open, "%s: epoch", what);
	cr_expect_eq(bench_told, bench.answer.epoch, "%s: told", what);
}

/* All rows of the table, by one way of getting there. */
static void four_ways(const char *way, void (*go)(bool netcheck, bool lockdown,
			enum tunnel_state state, enum tunnel_cause cause))
{
	for (unsigned int i = 0; i < 4; i++)
		for (unsigned int s = 0; s < TUNNEL__N; s++)
			for (unsigned int c = 0; c < CAUSE__N; c++) {
				char what[128];

				if (s != TUNNEL_ERROR && c > 0)
					continue;
				snprintf(what, sizeof(what),
					 "%s: netcheck %u, lockdown %u, %s(%s)",
					 way, i & 1, i >> 1,
					 tunnel_state_name(s),
					 tunnel_cause_name(c));
				again();
				go(i & 1, i >> 1, s, c);
				expect_machine(wanted(i & 1, i >> 1, s, c),
					       what);
			}
}

static void switch_to(bool netcheck, bool lockdown)
{
	cr_expect_eq(daemon_set_netcheck(&bench, netcheck, &step, &why), 0,
		     "%s", why.text);
	cr_expect_eq(daemon_set_lockdown(&bench, lockdown, &step, &why), 0,
		     "%s", why.text);
}

static void go_to(enum tunnel_state state, enum tunnel_cause cause)
{
	/* Nobody hangs up what is not there. */
	if (state == TUNNEL_DISCONNECTING)
		cr_expect_eq(set_state(TUNNEL_CONNECTING, 0), 0);
	cr_expect_eq(set_state(state, cause), 0, "%s", why.text);
}

static void state_last(bool netcheck, bool lockdown, enum tunnel_state state,
		       enum tunnel_cause cause)
{
	up(false, false, TUNNEL_DISCONNECTED, 0);
	switch_to(netcheck, lockdown);
	go_to(state, cause);
}

static void switches_last(bool netcheck, bool lockdown,
			  enum tunnel_state state, enum tunnel_cause cause)
{
	up(false, false, TUNNEL_DISCONNECTED, 0);
	go_to(state, cause);
	switch_to(netcheck, lockdown);
}

static void from_the_other_end(bool netcheck, bool lockdown,
			       enum tunnel_state state,
			       enum tunnel_cause cause)
{
	up(!netcheck, !lockdown, TUNNEL_ERROR, CAUSE_AUTH_FAILED);
	switch_to(netcheck, lockdown);
	if (state == TUNNEL_CONNECTED)
		cr_expect_eq(set_state(TUNNEL_CONNECTING, 0), 0);
	go_to(state, cause);
}

Test(netcheck, table_after_a_start)
{
	four_ways("saved", up);
}

Test(netcheck, table_by_switches_then_state)
{
	four_ways("switches, state", state_last);
}

Test(netcheck, table_by_state_then_switches)
{
	four_ways("state, switches", switches_last);
}

Test(netcheck, table_from_the_other_end)
{
	four_ways("other end", from_the_other_end);
}

Test(netcheck, freshly_installed_everything_is_off)
{
	cr_assert_eq(daemon_start(&bench, &why), 0);
	record_expect("load:none ", "only what may be left is taken away");
	expect_machine(wanted(false, false, TUNNEL_DISCONNECTED, 0), "fresh");
}

/* --- order --- */

static const struct {
	const char *what;
	bool netcheck, lockdown;	/* before */
	enum tunnel_state from;
	enum tunnel_cause cause;
	enum { STATE, NETCHECK, LOCKDOWN } change;
	int to;				/* state, or on and off */
	const char *record;
} orders[] = {
#define IN "load:door read load:door point "
	{ "in, connecting", true, false, TUNNEL_CONNECTING, 0, STATE,
	  TUNNEL_ERROR, IN },
	{ "in, connected", true, false, TUNNEL_CONNECTED, 0, STATE,
	  TUNNEL_ERROR, IN },
	{ "in, disconnecting", true, false, TUNNEL_DISCONNECTING, 0, STATE,
	  TUNNEL_ERROR, IN },
	{ "in, disconnected", true, false, TUNNEL_DISCONNECTED, 0, STATE,
	  TUNNEL_ERROR, IN },
	{ "in, shut error", true, false, TUNNEL_ERROR, CAUSE_SET_DNS, STATE,
	  TUNNEL_ERROR, IN },
	{ "in, locked down", true, true, TUNNEL_DISCONNECTING, 0, STATE,
	  TUNNEL_DISCONNECTED, IN },
	{ "in, by lockdown", true, false, TUNNEL_DISCONNECTED, 0, LOCKDOWN,
	  true, IN },
	{ "on, blocking", false, false, TUNNEL_ERROR, CAUSE_OTHER, NETCHECK,
	  true, "load:door start read load:door point " },
	{ "on, connected", false, false, TUNNEL_CONNECTED, 0, NETCHECK, true,
	  "start " },
	{ "on, shut error", false, true, TUNNEL_ERROR, CAUSE_READ_DNS,
	  NETCHECK, true, "start " },
	{ "off, blocking", true, false, TUNNEL_ERROR, CAUSE_OTHER, NETCHECK,
	  false, "restore clear load:blocked stop " },
	{ "off, connected", true, false, TUNNEL_CONNECTED, 0, NETCHECK, false,
	  "restore stop " },
	{ "out, connecting", true, false, TUNNEL_ERROR, CAUSE_OTHER, STATE,
	  TUNNEL_CONNECTING, "restore clear load:connecting " },
	{ "out, disconnected", true, false, TUNNEL_ERROR, CAUSE_OTHER, STATE,
	  TUNNEL_DISCONNECTED, "restore clear load:none " },
	{ "out, by lockdown", true, true, TUNNEL_DISCONNECTED, 0, LOCKDOWN,
	  false, "restore clear load:none " },
	{ "from one to another", true, true, TUNNEL_ERROR, CAUSE_OTHER,
	  STATE, TUNNEL_DISCONNECTED, "" },
	{ "off is off", false, false, TUNNEL_ERROR, CAUSE_OTHER, NETCHECK,
	  false, "" },
	{ "on is on", true, false, TUNNEL_ERROR, CAUSE_OTHER, NETCHECK, true,
	  "" },
	{ "never on", false, false, TUNNEL_CONNECTED, 0, STATE, TUNNEL_ERROR,
	  "load:blocked " },
};

Test(netcheck, order_of_steps)
{
	for (size_t i = 0; i < NITEMS(orders); i++) {
		int error;

		again();
		up(orders[i].netcheck, orders[i].lockdown, orders[i].from,
		   orders[i].cause);
		if (orders[i].change == STATE)
			error = set_state((enum tunnel_state)orders[i].to,
					  CAUSE_AUTH_FAILED);
		else if (orders[i].change == NETCHECK)
			error = daemon_set_netcheck(&bench, orders[i].to,
						    &step, &why);
		else
			error = daemon_set_lockdown(&bench, orders[i].to,
						    &step, &why);
		cr_expect_eq(error, 0, "%s: %s", orders[i].what, why.text);
		record_expect(orders[i].record, orders[i].what);
	}
}

/* A grant, as if a datapath had asked: the set is not empty. */
static void open_one(void)
{
	struct ipaddr a = ipaddr_v4((const uint8_t[]){ 203, 0, 113, 80 });
	struct allowed_entry *e = allowed_add(&bench.answer.allowed, &a, 1);

	cr_assert_not_null(e);
	e->opened = record_clock;
	e->expiry = record_clock + 60 * CLOCK_S;
	fwfake_put(&bench_fw, &a);
}

Test(netcheck, leaving_closes_what_is_open)
{
	up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
	open_one();
	cr_expect_eq(set_state(TUNNEL_CONNECTING, 0), 0);
	record_expect("restore clear kill:1 load:connecting ",
		      "host DNS, addresses, connections, exemption");
	cr_expect_eq(bench.answer.allowed.n, 0);
}

Test(netcheck, a_load_while_open_keeps_the_door_open)
{
	up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
	open_one();
	cr_expect_eq(daemon_set_lan(&bench, true, &step, &why), 0);
	record_expect("load:door add:203.0.113.80/61 ", "put back");
	cr_expect_eq(bench_fw.n, 1);
	cr_expect(bench_fw.ruleset.lan);
}

Test(netcheck, upstreams_are_exempt_before_the_host_is_pointed)
{
	up(true, false, TUNNEL_CONNECTED, 0);
	cr_expect_eq(set_state(TUNNEL_ERROR, CAUSE_OTHER), 0);
	cr_expect_eq(bench_fw.ruleset.n_upstreams, 1);
	cr_expect_eq(bench_fw.ruleset.upstreams[0].b[15], 53);
	cr_expect_eq(set_state(TUNNEL_CONNECTING, 0), 0);
	record_forget();
	cr_expect_eq(set_state(TUNNEL_ERROR, CAUSE_OTHER), 0);
	record_expect("load:door read point ", "the same servers");
	cr_expect_eq(set_state(TUNNEL_CONNECTING, 0), 0);
	bench_dns.last = 54;
	record_forget();
	cr_expect_eq(set_state(TUNNEL_ERROR, CAUSE_OTHER), 0);
	record_expect("load:door read load:door point ", "others");
	cr_expect_eq(bench_fw.ruleset.upstreams[0].b[15], 54);
}

Test(netcheck, no_server_yet_is_no_failure)
{
	bench_dns.n = 0;
	up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
	expect_machine(wanted(true, false, TUNNEL_ERROR, CAUSE_OTHER),
		       "no server");
	cr_expect_eq(bench.servers.n, 0);
}

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

Test(netcheck, failing_into_error)
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

Test(netcheck, failing_into_lockdown)
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
Test(netcheck, what_was_so_before_is_not_undone)
{
	up(true, false, TUNNEL_CONNECTED, 0);
	record_fault("point", -EROFS, 0, 0);
	cr_expect_eq(set_state(TUNNEL_ERROR, CAUSE_OTHER), 0);
	record_expect("load:door read load:door point load:blocked ",
		      "no stop");
	cr_expect(bench.running);
	cr_expect_eq(bench.tunnel.cause, CAUSE_SET_DNS);
}

Test(netcheck, not_tried_again_before_a_change)
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

Test(netcheck, error_of_a_step_is_not_tried_again)
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

Test(netcheck, tried_again_when_a_switch_moves)
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
Test(netcheck, a_block_that_cannot_be_loaded_is_said)
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

Test(netcheck, failing_to_switch_on_while_blocking)
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

Test(netcheck, failing_to_listen_elsewhere)
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

Test(netcheck, a_crashed_one_is_not_started_twice)
{
	/* Another one is on its way, and the host is pointed at it. */
	up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
	bench_gone(&bench);
	record_fault("start", -EADDRINUSE, 0, 0);
	cr_expect_eq(daemon_set_netcheck(&bench, true, &step, &why), 0);
	record_expect("", "it is on");
	cr_expect(bench.active && bench_dns.pointed);
}

Test(netcheck, one_that_was_given_up_is_started_again)
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

Test(netcheck, failing_to_switch_off)
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

Test(netcheck, switching_off_survives_a_clear_that_fails)
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

Test(netcheck, leaving_goes_on_without_the_hosts_dns)
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

Test(netcheck, leaving_without_rules_to_leave_for)
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

Test(netcheck, lockdown_off_that_fails_is_on_again)
{
	up(true, true, TUNNEL_DISCONNECTED, 0);
	record_fault("load:none", -EIO, 0, 0);
	cr_expect_eq(daemon_set_lockdown(&bench, false, &step, &why), -EIO);
	cr_expect_str_eq(step, "firewall");
	cr_expect(bench.settings.lockdown);
	expect_machine(wanted(true, true, TUNNEL_DISCONNECTED, 0),
		       "as it was");
}

Test(netcheck, states_that_cannot_follow)
{
	up(true, true, TUNNEL_ERROR, CAUSE_OTHER);
	step = "";
	cr_expect_eq(set_state(TUNNEL_CONNECTED, 0), -EINVAL);
	cr_expect_str_eq(step, "", "nothing was tried");
	cr_expect(strstr(why.text, "connected cannot follow error"), "%s",
		  why.text);
	record_expect("", "nothing done");
}

/* --- episodes --- */

Test(netcheck, every_entry_is_an_episode_of_its_own)
{
	uint32_t first;

	up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
	first = bench.answer.epoch;
	cr_expect_str_eq(timeline_last(&bench.timeline)->reason,
			 "error(other)");
	cr_expect_eq(set_state(TUNNEL_CONNECTING, 0), 0);
	cr_expect_eq(bench_told, 0);
	record_clock++;
	cr_expect_eq(set_state(TUNNEL_ERROR, CAUSE_OFFLINE), 0);
	cr_expect_gt(bench.answer.epoch, first);
	cr_expect_str_eq(timeline_last(&bench.timeline)->reason,
			 "error(offline)");
	cr_expect_eq(bench.timeline.n, 2);
	cr_expect_eq(set_state(TUNNEL_CONNECTING, 0), 0);
	cr_expect_eq(set_state(TUNNEL_CONNECTED, 0), 0);
	cr_expect_eq(timeline_last(&bench.timeline)->at[TIMELINE_TUNNEL],
		     record_clock);
}

Test(netcheck, a_new_network_is_a_new_episode)
{
	uint32_t first;

	up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
	open_one();
	first = bench.answer.epoch;
	netcheck_restart(&bench, "link", record_clock);
	record_expect("clear kill:1 ", "what was learnt is closed");
	cr_expect_gt(bench.answer.epoch, first);
	cr_expect_eq(bench_told, bench.answer.epoch);
	cr_expect(bench_dns.pointed, "the host's DNS is left alone");
}

Test(netcheck, a_set_that_cannot_be_emptied_is_loaded_empty)
{
	up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
	open_one();
	record_fault("clear", -EIO, 0, 0);
	netcheck_restart(&bench, "link", record_clock);
	record_expect("clear kill:1 load:door ", "another way");
	cr_expect_eq(bench_fw.n, 0);
}

Test(netcheck, addresses_of_the_tunnel_are_remembered)
{
	up(true, false, TUNNEL_CONNECTED, 0);
	cr_expect_eq(set_state(TUNNEL_ERROR, CAUSE_OTHER), 0);
	cr_expect_eq(bench.tunnel.n_relays, 0);
	cr_expect_eq(bench.known.n_relays, 1, "never to be opened");
	cr_expect_str_eq(bench.known.interface, "wg0");
}

/* --- the disk --- */

Test(netcheck, settings_survive_a_restart)
{
	up(false, false, TUNNEL_DISCONNECTED, 0);
	switch_to(true, true);
	cr_expect_eq(daemon_set_lan(&bench, true, &step, &why), 0);
	memset(&bench.settings, 0, sizeof(bench.settings));
	bench_gone(&bench);
	bench.active = false;
	cr_assert_eq(daemon_start(&bench, &why), 0);
	cr_expect(bench.settings.netcheck && bench.settings.lockdown &&
		  bench.settings.lan);
	cr_expect(bench_fw.ruleset.lan);
}

Test(netcheck, a_switch_that_cannot_be_saved_is_not_moved)
{
	up(false, false, TUNNEL_ERROR, CAUSE_OTHER);
	bench_disk("state", false);
	cr_expect_eq(daemon_set_netcheck(&bench, true, &step, &why), -ENOENT);
	cr_expect_str_eq(step, "settings");
	cr_expect_eq(daemon_set_lockdown(&bench, true, &step, &why),
		     -ENOENT);
	cr_expect_str_eq(step, "settings");
	record_expect("", "nothing was begun");
	cr_expect(!bench.settings.netcheck && !bench.settings.lockdown);
	cr_expect_eq(daemon_set_lan(&bench, true, &step, &why), -ENOENT);
	cr_expect(!bench.settings.lan && !bench_fw.ruleset.lan);
	bench_disk("state", true);
	cr_expect_eq(daemon_set_netcheck(&bench, true, &step, &why), 0);

	bench_disk("state", false);
	record_forget();
	cr_expect_eq(daemon_set_netcheck(&bench, false, &step, &why),
		     -ENOENT);
	record_expect("", "nothing was begun");
	cr_expect(bench.settings.netcheck && bench.active);
	bench_disk("state", true);
}

/* The tunnel is where it is; that it cannot be written down is said. */
Test(netcheck, a_state_that_cannot_be_saved_is_entered)
{
	up(true, false, TUNNEL_CONNECTED, 0);
	bench_disk("run", false);
	cr_expect_eq(set_state(TUNNEL_ERROR, CAUSE_OTHER), 0);
	expect_machine(wanted(true, false, TUNNEL_ERROR, CAUSE_OTHER),
		       "entered");
	cr_expect(strstr(bench.problem.text, "tunnel.json"), "%s",
		  bench.problem.text);
	bench_disk("run", true);
}

static void spoil(const char *name)
{
	FILE *f = fopen(bench_path(name), "w");

	cr_assert_not_null(f);
	fputs("{\"version\":1,", f);
	fclose(f);
}

Test(netcheck, damaged_files_keep_it_from_starting)
{
	static const char *const names[] = {
		"state/settings.json", "run/tunnel.json",
	};

	for (size_t i = 0; i < NITEMS(names); i++) {
		again();
		spoil(names[i]);
		cr_expect_eq(daemon_start(&bench, &why), -EBADMSG, "%s",
			     names[i]);
		cr_expect(strstr(why.text, "damaged"), "%s", why.text);
		record_expect("", "whatever rules there are stay");
	}
}

/* --- the start --- */

Test(netcheck, start_blocks_before_it_does_anything_else)
{
	const struct tunnel t = bench_tunnel(TUNNEL_ERROR, CAUSE_OTHER);

	bench_saved(true, false, &t);
	cr_assert_eq(daemon_start(&bench, &why), 0);
	record_expect("load:blocked start load:door read load:door point ",
		      "firewall first, host DNS last");
}

Test(netcheck, start_without_port_53)
{
	static const struct {
		const char *what;
		bool lockdown;
		enum tunnel_state state;
		enum tunnel_cause cause, want;
		enum fw_policy policy;
	} rows[] = {
		{ "error", false, TUNNEL_ERROR, CAUSE_OTHER,
		  CAUSE_START_RESOLVER, FW_BLOCKED },
		{ "lockdown", true, TUNNEL_DISCONNECTED, 0, 0, FW_BLOCKED },
		{ "connected", false, TUNNEL_CONNECTED, 0, 0, FW_CONNECTED },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct tunnel t = bench_tunnel(rows[i].state, rows[i].cause);
		const struct want w = { rows[i].policy, false, false };

		again();
		bench_saved(true, rows[i].lockdown, &t);
		record_fault("start", -EADDRINUSE, 0, 0);
		cr_expect_eq(daemon_start(&bench, &why), 0, "%s",
			     rows[i].what);
		cr_expect(strstr(bench.problem.text, "start"), "%s",
			  rows[i].what);
		cr_expect(strstr(record.text, "start ") != NULL &&
			  strstr(strstr(record.text, "start ") + 1,
				 "start ") == NULL, "%s: tried once: %s",
			  rows[i].what, record.text);
		expect_machine(w, rows[i].what);
		cr_expect_eq(bench.tunnel.state, rows[i].state, "%s",
			     rows[i].what);
		cr_expect_eq(bench.tunnel.cause, rows[i].want, "%s",
			     rows[i].what);
	}
}

Test(netcheck, start_without_a_firewall)
{
	const struct tunnel t = bench_tunnel(TUNNEL_ERROR, CAUSE_OTHER);

	bench_saved(true, true, &t);
	record_fault("load:", -EPERM, 0, 0);
	cr_expect_eq(daemon_start(&bench, &why), -EPERM);
	cr_expect(strstr(why.text, "injected"), "%s", why.text);
	record_expect("load:blocked ", "and nothing else");
}

/* --- configuration --- */

Test(netcheck, reload)
{
	bool changed = true;

	up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
	cr_expect_eq(daemon_reload(&bench, &changed, &why), 0, "%s",
		     why.text);
	cr_expect(!changed);
	record_expect("", "the same file");
	bench_write_conf("allow {\n\tports = {80}\n}\n");
	cr_expect_eq(daemon_reload(&bench, &changed, &why), 0, "%s",
		     why.text);
	cr_expect(changed);
	cr_expect_eq(bench_fw.ruleset.n_ports, 1);
	expect_machine(wanted(true, false, TUNNEL_ERROR, CAUSE_OTHER),
		       "a new episode");
	cr_expect_eq(bench.answer.epoch, 2);
}

Test(netcheck, a_reload_that_fails_changes_nothing)
{
	static const struct {
		const char *what, *conf, *call;
	} rows[] = {
		{ "half a file", "mode = ", NULL },
		{ "a key that is fixed", "port = 5353\n", NULL },
		{ "rules refused", "allow {\n\tports = {80}\n}\n",
		  "load:door" },
		{ "no upstreams to read", "refuse = \"nxdomain\"\n",
		  "read" },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		static struct conf before;
		bool changed;

		again();
		up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
		before = bench.conf;
		bench_write_conf(rows[i].conf);
		if (rows[i].call != NULL)
			record_fault(rows[i].call, -EIO, 0, 1);
		cr_expect_lt(daemon_reload(&bench, &changed, &why), 0, "%s",
			     rows[i].what);
		cr_expect_eq(memcmp(&before, &bench.conf, sizeof(before)), 0,
			     "%s", rows[i].what);
		cr_expect_eq(bench_fw.ruleset.n_ports, 2, "%s",
			     rows[i].what);
		expect_machine(wanted(true, false, TUNNEL_ERROR,
				      CAUSE_OTHER), rows[i].what);
	}
}
