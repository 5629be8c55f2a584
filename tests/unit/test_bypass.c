/* SPDX-License-Identifier: ISC */
/*
 * Which datapath is in force, and which steps its door has. That bypass
 * works is for tests/live.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "netcheckbench.h"

TestSuite(bypass, .init = bench_init, .fini = bench_fini);

static void use(enum conf_datapath datapath)
{
	again();
	bench.conf.datapath = datapath;
	bench.bypass.on = datapath == DATAPATH_BYPASS;
}

/* The door, opened by other means than netcheckbench.h's. */
static void expect_door(bool bypass, bool open, const char *what)
{
	enum fw_policy policy = open ? FW_BLOCKED_ACTIVE : FW_BLOCKED;

	cr_expect_eq(bench.bypass.on, bypass, "%s: bypass", what);
	cr_expect_eq(bench.bypass.steered, bypass && open, "%s: steered", what);
	cr_expect_eq(bench_dns.pointed, !bypass && open, "%s: pointed", what);
	cr_expect_eq(bench.active, open, "%s: active", what);
	cr_expect_eq(bench_fw.ruleset.policy, policy, "%s: rules", what);
	if (open)
		cr_expect_eq(bench_fw.ruleset.bypass, bypass, "%s: rules",
			     what);
}

static const struct {
	const char *what;
	enum conf_datapath datapath;
	const char *fault;	/* the first of them */
	unsigned int times;
	bool bypass, open;
	const char *record;
} rows[] = {
	{ "auto is socket", DATAPATH_AUTO, NULL, 0, false, true,
	  "load:door start read load:door point verify list verify " },
	{ "bypass", DATAPATH_BYPASS, NULL, 0, true, true,
	  "load:door start read steer verify list verify " },
	{ "auto, port 53 is held", DATAPATH_AUTO, "start", 1, true, true,
	  "load:door start load:blocked load:door start read steer "
	  "verify list verify " },
	{ "auto, settings cannot be written", DATAPATH_AUTO, "point", 1, true,
	  true, "load:door start read load:door point stop load:blocked "
	  "load:door start read steer verify list verify " },
	{ "auto, settings cannot be read", DATAPATH_AUTO, "read", 1, false,
	  false, "load:door start read stop load:blocked " },
	{ "auto, no rules", DATAPATH_AUTO, "load:door", 1, false, false,
	  "load:door load:blocked " },
	{ "socket, port 53 is held", DATAPATH_SOCKET, "start", 1, false,
	  false, "load:door start load:blocked " },
	{ "socket, settings cannot be written", DATAPATH_SOCKET, "point", 1,
	  false, false, "load:door start read load:door point stop "
	  "load:blocked " },
	{ "bypass, no device", DATAPATH_BYPASS, "start", 1, true, false,
	  "load:door start load:blocked " },
	{ "bypass, no routing", DATAPATH_BYPASS, "steer", 1, true, false,
	  "load:door start read steer stop load:blocked " },
};

/* Without the looks at the kernel. */
static void expect_record(const char *want, const char *what)
{
	size_t n = strcspn(want, "v");

	cr_expect(strncmp(record.text, want, n) == 0, "%s:\n have %s\n "
		  "want %s", what, record.text, want);
}

Test(bypass, opening)
{
	for (size_t i = 0; i < NITEMS(rows); i++) {
		const char *what = rows[i].what;

		use(rows[i].datapath);
		up(true, false, TUNNEL_CONNECTED, 0);
		bench_gone(&bench);
		if (rows[i].fault != NULL)
			record_fault(rows[i].fault, -EADDRINUSE, 0,
				     rows[i].times);
		record_forget();
		cr_expect_eq(set_state(TUNNEL_ERROR, CAUSE_OTHER), 0);
		expect_record(rows[i].record, what);
		expect_door(rows[i].bypass, rows[i].open, what);
		cr_expect_eq(bench.bypass.instead.text[0] != '\0',
			     rows[i].bypass &&
			     rows[i].datapath == DATAPATH_AUTO, "%s", what);
		record_repair();
	}
}

Test(bypass, a_running_socket_is_replaced)
{
	use(DATAPATH_AUTO);
	up(true, false, TUNNEL_CONNECTED, 0);
	record_fault("point", -EROFS, 0, 0);
	cr_expect_eq(set_state(TUNNEL_ERROR, CAUSE_OTHER), 0);
	cr_expect(strstr(record.text, "point load:blocked stop "
			 "load:door start "), "%s", record.text);
	expect_door(true, true, "while it ran");
	cr_expect(strstr(bench.bypass.instead.text, "injected: point"));
}

Test(bypass, neither_can_be_had)
{
	use(DATAPATH_AUTO);
	up(true, false, TUNNEL_CONNECTED, 0);
	record_fault("point", -EROFS, 0, 0);
	record_fault("steer", -EPERM, 0, 0);
	cr_expect_eq(set_state(TUNNEL_ERROR, CAUSE_OTHER), 0);
	expect_door(false, false, "neither");
	cr_expect(bench.running, "the socket's datapath is back");
	cr_expect(strstr(bench.problem.text, "injected: point") &&
		  strstr(bench.problem.text, "injected: steer"), "%s",
		  bench.problem.text);
	cr_expect_eq(bench.tunnel.cause, CAUSE_SET_DNS);
	cr_expect_eq(bench.bypass.instead.text[0], '\0');
}

Test(bypass, nobody_waits_for_a_door)
{
	use(DATAPATH_AUTO);
	record_fault("start", -EADDRINUSE, 0, 1);
	up(true, false, TUNNEL_CONNECTED, 0);
	cr_expect(bench.running && bench.bypass.on, "at start");
	cr_expect_eq(daemon_set_netcheck(&bench, false, &step, &why), 0);
	cr_expect(!bench.bypass.on && bench.bypass.instead.text[0] == '\0',
		  "switched off");
	record_fault("start", -EADDRINUSE, 0, 1);
	cr_expect_eq(daemon_set_netcheck(&bench, true, &step, &why), 0);
	cr_expect(bench.running && bench.bypass.on, "switched on");
}

Test(bypass, leaving)
{
	use(DATAPATH_BYPASS);
	up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
	expect_door(true, true, "up");
	cr_expect_eq(set_state(TUNNEL_CONNECTING, 0), 0);
	cr_expect(strncmp(record.text, "unsteer ", 8) == 0,
		  "steering ends first: %s", record.text);
	cr_expect(!bench.bypass.steered && bench.running);
	cr_expect(strstr(record.text, "restore") == NULL);
}

Test(bypass, routing_that_stays_is_tried_again)
{
	use(DATAPATH_BYPASS);
	up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
	record_fault("unsteer", -EBUSY, 0, 1);
	cr_expect_eq(daemon_set_netcheck(&bench, false, &step, &why), -EBUSY);
	cr_expect_str_eq(step, "point_dns");
	expect_door(true, true, "nothing of it");
	cr_expect_eq(daemon_set_netcheck(&bench, false, &step, &why), 0);
	cr_expect(!bench.bypass.steered && !bench.running);
}

Test(bypass, the_rules_name_no_server)
{
	use(DATAPATH_BYPASS);
	up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
	cr_expect_eq(bench.servers.n, 1);
	cr_expect_eq(bench_fw.ruleset.n_upstreams, 0);
	cr_expect_eq(bench_fw.ruleset.datapath_uid, 0);
}

/* Where the system shuts sockets while it sleeps. */
static const struct {
	const char *what;
	bool frail, running;
	uint64_t started, woken;
	bool anew;
} sleeps[] = {
	{ "no sleep", true, true, 10, 0, false },
	{ "a sleep", true, true, 10, 11, true },
	{ "it was started at the wake", true, true, 10, 10, false },
	{ "it was started behind the wake", true, true, 10, 9, false },
	{ "none runs", true, false, 10, 11, false },
	{ "sockets outlive it", false, true, 10, 11, false },
};

Test(bypass, a_sleep_may_end_a_datapath)
{
	for (size_t i = 0; i < 2 * NITEMS(sleeps); i++) {
		size_t row = i / 2;

		bench.bypass.on = i % 2;
		bench.bypass.frail = sleeps[row].frail;
		bench.running = sleeps[row].running;
		bench.started = sleeps[row].started;
		bench.wake.at = sleeps[row].woken;
		cr_expect_eq(bypass_moved(&bench), sleeps[row].anew, "%s, %s",
			     sleeps[row].what, i % 2 ? "bypass" : "socket");
	}
	bench.running = false;
}

Test(bypass, its_own_addresses_open_nothing)
{
	static const char *const own[] = {
		"198.18.53.1", "198.18.53.2", "fd73:616c:6c79::1",
		"fd73:616c:6c79::2",
	};
	static struct judge j = { .private = PRIVATE_ANY };

	bypass_judge(&j);
	for (size_t i = 0; i < NITEMS(own); i++) {
		struct ipaddr a;

		cr_assert(ipaddr_parse(own[i], &a));
		cr_expect_neq(judge_address(&j, &a), JUDGE_OK, "%s", own[i]);
	}
	j.n_own = j.n_forbidden = POLICY_NETS;
	bypass_judge(&j);
	cr_expect_eq(j.n_own, POLICY_NETS, "full");
}
