/* SPDX-License-Identifier: ISC */
/*
 * What is looked after when time passes, and what a datapath is told. The
 * clock's event is fired by hand.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "netcheckbench.h"
#include "tick.h"

static void setup(void)
{
	bench_init();
	bench.base = event_base_new();
	cr_assert_not_null(bench.base);
	cr_assert_eq(supervise_open(&bench, &why), 0);
	cr_assert_eq(tick_open(&bench, &why), 0);
}

static void teardown(void)
{
	tick_close(&bench);
	event_base_free(bench.base);
	bench_fini();
}

TestSuite(supervise, .init = setup, .fini = teardown);

static void tick(void)
{
	event_active(bench.tick_event, EV_TIMEOUT, 0);
	event_base_loop(bench.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

Test(supervise, what_has_ended_is_closed)
{
	up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
	open_one();
	tick();
	record_expect("", "not yet");
	record_clock += 60 * CLOCK_S;
	tick();
	record_expect("remove:203.0.113.80 ", "on time");
	cr_expect_eq(bench.answer.allowed.n, 0);
}

Test(supervise, rules_are_looked_at_after_every_load)
{
	up(false, false, TUNNEL_CONNECTED, 0);
	cr_expect(!bench.verified);
	bench_fw.looks = true;
	tick();
	cr_expect(bench.verified);
	cr_expect(strstr(record.text, "verify"));
	record_forget();
	tick();
	record_expect("", "once");
}

Test(supervise, damaged_rules_are_put_back)
{
	up(false, true, TUNNEL_DISCONNECTED, 0);
	bench_fw.damaged = true;
	supervise_verify(&bench);
	record_expect("load:blocked ", "repaired");
	cr_expect_eq(bench.answer.repaired, 1);
	cr_expect(bench.verified);
}

Test(supervise, rules_that_cannot_be_put_back_are_tried_again_and_said_once)
{
	up(false, true, TUNNEL_DISCONNECTED, 0);
	bench_fw.damaged = true;
	record_fault("verify", -EIO, 0, 2);
	for (int i = 0; i < 2; i++) {
		bench.answer.stale = true;
		tick();
		cr_expect(!bench.verified);
		cr_expect(strstr(bench.problem.text, "injected"));
		record_expect("", "cannot even look");
	}
	tick();
	record_expect("load:blocked ", "the third time");
	cr_expect(bench.verified);
}

Test(supervise, without_rules_there_is_nothing_to_look_at)
{
	up(false, false, TUNNEL_DISCONNECTED, 0);
	bench_fw.looks = true;
	bench_fw.damaged = true;
	tick();
	record_expect("", "disconnected");
}

Test(supervise, a_host_that_stays_pointed_is_tried_again)
{
	up(true, false, TUNNEL_ERROR, CAUSE_OTHER);
	record_fault("restore", -EROFS, 0, 2);
	cr_expect_eq(set_state(TUNNEL_CONNECTING, 0), 0);
	record_forget();
	tick();
	record_expect("restore ", "fails again");
	cr_expect(bench.astray);
	tick();
	tick();
	record_expect("restore restore ", "until it works");
	cr_expect(!bench.astray && !bench_dns.pointed);
}

/* --- what is told --- */

static void set_onlink(unsigned int i, const char *net, const char *ifname)
{
	cr_assert(ipnet_parse(net, &bench.net.onlink[i].net));
	strcpy(bench.net.onlink[i].ifname, ifname);
	bench.net.n_onlink = (uint16_t)(i + 1);
}

static enum judge_why judged(const char *text)
{
	struct ipaddr a;

	cr_assert(ipaddr_parse(text, &a));
	return judge_address(&bench.answer.judge, &a);
}

Test(supervise, never_ourselves_nor_the_tunnel)
{
	static const struct {
		const char *what, *addr;
		enum judge_why want;
	} rows[] = {
		{ "a public one", "192.0.2.80", JUDGE_OK },
		{ "on link", "192.168.7.1", JUDGE_OK },
		{ "private, elsewhere", "192.168.8.1", JUDGE_PRIVATE },
		{ "our own", "192.168.7.20", JUDGE_OWN },
		{ "the relay of the last tunnel", "198.51.100.7",
		  JUDGE_FORBIDDEN },
		{ "its DNS", "192.0.2.99", JUDGE_FORBIDDEN },
		{ "on its interface", "10.64.0.3", JUDGE_FORBIDDEN },
		{ "on the configured interface", "10.65.0.3",
		  JUDGE_FORBIDDEN },
		{ "a configured endpoint", "198.51.100.8", JUDGE_FORBIDDEN },
	};
	struct tunnel t = bench_tunnel(TUNNEL_CONNECTED, 0);

	strcpy(bench.conf.tunnel.interface, "tun9");
	bench.conf.tunnel.n_endpoints = 1;
	cr_assert(endpoint_parse("198.51.100.8:1",
				 &bench.conf.tunnel.endpoints[0]));
	t.n_dns = 1;
	cr_assert(ipaddr_parse("192.0.2.99", &t.dns[0]));
	bench_up(true, false, &t);
	set_onlink(0, "192.168.7.0/24", "wlan0");
	set_onlink(1, "10.64.0.0/24", "wg0");
	set_onlink(2, "10.65.0.0/24", "tun9");
	cr_assert(ipaddr_parse("192.168.7.20", &bench.net.own[0]));
	bench.net.n_own = 1;
	/* The tunnel has failed; its interface is still there. */
	cr_expect_eq(set_state(TUNNEL_ERROR, CAUSE_OTHER), 0);
	bench_gone(&bench);
	supervise_resolver.tell(&bench);
	for (size_t i = 0; i < NITEMS(rows); i++)
		cr_expect_eq(judged(rows[i].addr), rows[i].want, "%s: %s",
			     rows[i].what, judge_name(judged(rows[i].addr)));
}

Test(supervise, nets_on_link_are_never_more_than_fit)
{
	up(true, false, TUNNEL_CONNECTED, 0);
	for (unsigned int i = 0; i < POLICY_NETS; i++)
		set_onlink(i, "10.64.0.0/24", i % 2 ? "wg0" : "wlan0");
	supervise_resolver.tell(&bench);
	cr_expect_leq(bench.answer.judge.n_forbidden, POLICY_NETS);
	cr_expect_eq(bench.answer.judge.n_onlink, POLICY_NETS / 2);
}
