/* SPDX-License-Identifier: ISC */
/*
 * The door's steps, as a whole daemon takes them: what the machine looks like
 * in every state, and in which order it comes to look so.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "netcheckbench.h"

TestSuite(netcheck, .init = bench_init, .fini = bench_fini);

/* --- the four-way table --- */

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
