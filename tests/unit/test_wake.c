/* SPDX-License-Identifier: ISC */
/*
 * Sleep and wake, as the clocks (the test's) and logind (the test, by hand)
 * tell of them. The network is this machine's, and stays the same.
 */
#include <criterion/criterion.h>

#include "netcheckbench.h"
#include "os/wakewatch.h"

static uint64_t awake;		/* the monotonic clock, ns */

static void read_clocks(void *context, struct wakewatch_clocks *c)
{
	(void)context;
	*c = (struct wakewatch_clocks){ awake, record_clock, awake };
}

static void init(void)
{
	bench_init();
	awake = CLOCK_S;
	cr_assert_eq(wakewatch_open(&bench.wake.watch, read_clocks, NULL,
				    &why), 0);
}

static void fini(void)
{
	wakewatch_close(bench.wake.watch);
	bench_fini();
}

TestSuite(wake, .init = init, .fini = fini);

static void pass(unsigned int seconds)
{
	awake += seconds * CLOCK_S;
	record_clock += seconds * CLOCK_S;
}

static void nap(unsigned int seconds)
{
	record_clock += seconds * CLOCK_S;
}

/* --- once per wake --- */

static const struct {
	const char *what;
	/* s: about to sleep, w: awake, says logind; z: it sleeps for a minute;
	 * c: somebody has set the wall clock, as the kernel does at resume;
	 * .: a second passes */
	const char *story;
	unsigned int wakes, sleeps;
} stories[] = {
	{ "nothing", "...", 0, 0 },
	{ "NTP steps the clock", "c.c.", 0, 0 },
	{ "no logind", "zc.", 1, 0 },
	{ "no logind, and NTP at once", "zcc.c", 1, 0 },
	{ "no logind, in a row", "zc.zc.zc", 3, 0 },
	{ "no logind, two sleeps, seen late", "zzc", 1, 0 },
	{ "both, logind first", ".s.zwc.", 1, 1 },
	{ "both, the clock first", ".s.zcw.", 1, 1 },
	{ "both, the clock first, and NTP", ".s.zccwc.", 1, 1 },
	{ "both, in a row", "szwc.szcw.szwc", 3, 3 },
	{ "a sleep that logind did not announce", "szcw.zc", 2, 1 },
	{ "the next one before logind says it was awake", "szcszcw", 2, 2 },
	{ "asleep again before logind tells of the first", "szczw", 2, 1 },
	{ "announced and not done", "s.w.", 1, 1 },
	{ "announced twice", "ss.zw", 1, 1 },
	{ "awake without a sleep", "w", 1, 0 },
};

static void tell(const char *story)
{
	for (; *story != '\0'; story++) {
		switch (*story) {
		case 's':
			wake_prepare(&bench);
			break;
		case 'w':
			wake_by_logind(&bench);
			break;
		case 'z':
			nap(60);
			break;
		case 'c':
			wake_by_clock(&bench);
			break;
		default:
			pass(1);
			wake_tick(&bench);
			break;
		}
	}
}

Test(wake, each_counts_once)
{
	for (size_t i = 0; i < NITEMS(stories); i++) {
		up(true, true, TUNNEL_DISCONNECTED, 0);
		tell(stories[i].story);
		cr_expect_eq(bench.wake.wakes, stories[i].wakes,
			     "%s: %u wakes", stories[i].what,
			     (unsigned int)bench.wake.wakes);
		cr_expect_eq(bench.wake.sleeps, stories[i].sleeps, "%s",
			     stories[i].what);
		cr_expect(bench.wake.asleep || bench.answer.epoch != 0,
			  "%s: the door is open again", stories[i].what);
		fini();
		init();
	}
}

/* --- before sleep --- */

Test(wake, the_block_is_seen_before_sleep)
{
	up(true, true, TUNNEL_DISCONNECTED, 0);
	open_one();
	bench_fw.looks = true;
	wake_prepare(&bench);
	record_expect("clear kill:1 verify list verify ",
		      "shut first, then looked at");
	cr_expect_eq(bench_told, 0);
	cr_expect_eq(bench.answer.allowed.n, 0);
	cr_expect_eq(bench_fw.n, 0);
	cr_expect(!bench.wake.unready);
}

Test(wake, rules_that_somebody_took_away_are_back_before_sleep)
{
	up(true, true, TUNNEL_DISCONNECTED, 0);
	bench_fw.damaged = true;
	wake_prepare(&bench);
	record_expect("clear load:door ", "loaded anew");
	cr_expect(!bench.wake.unready);
}

Test(wake, sleep_waits_until_the_block_can_be_seen)
{
	up(true, true, TUNNEL_DISCONNECTED, 0);
	record_fault("verify", -EIO, 0, 0);
	wake_prepare(&bench);
	cr_expect(bench.wake.unready);
	wake_tick(&bench);
	cr_expect(bench.wake.unready, "still");
	record_repair();
	wake_tick(&bench);
	cr_expect(!bench.wake.unready);
	cr_expect(bench.wake.asleep);
}

Test(wake, without_rules_there_is_nothing_to_see)
{
	up(true, false, TUNNEL_DISCONNECTED, 0);
	bench_fw.looks = true;
	wake_prepare(&bench);
	record_expect("", "nothing to be done");
	cr_expect(!bench.wake.unready);
}

/* What could open the door meanwhile does not. */
Test(wake, nothing_opens_until_the_wake)
{
	up(true, true, TUNNEL_DISCONNECTED, 0);
	wake_prepare(&bench);
	netcheck_restart(&bench, "link", record_clock);
	cr_expect_eq(bench.answer.epoch, 0, "another network");
	switch_to(false, true);
	switch_to(true, true);
	cr_expect_eq(bench.answer.epoch, 0, "switched off and on");
	cr_expect_eq(set_state(TUNNEL_CONNECTING, 0), 0);
	cr_expect_eq(set_state(TUNNEL_ERROR, CAUSE_OFFLINE), 0);
	cr_expect_eq(bench.answer.epoch, 0, "another state");
	cr_expect_eq(bench_told, 0);
	cr_expect(bench.active, "all is prepared");
	wake_by_logind(&bench);
	expect_machine(wanted(true, true, TUNNEL_ERROR, CAUSE_OFFLINE),
		       "the wake");
}

/* --- the wake --- */

Test(wake, a_wake_is_a_new_episode_on_another_network)
{
	const struct episode *e;
	uint32_t epoch, network, prefetch;

	up(true, true, TUNNEL_DISCONNECTED, 0);
	open_one();
	bench.portal = true;
	epoch = bench.answer.epoch;
	network = bench.network;
	prefetch = bench.prefetch;
	bench_dns.last = 99;
	nap(20);
	wake_by_clock(&bench);
	e = timeline_last(&bench.timeline);
	cr_expect_str_eq(e->reason, "wake");
	cr_expect_eq(e->start, record_clock);
	cr_expect_eq(e->at[TIMELINE_WAKE], record_clock);
	cr_expect_eq(e->at[TIMELINE_LINK], 0, "it did not come up");
	cr_expect_gt(bench.answer.epoch, epoch);
	cr_expect_eq(bench_told, bench.answer.epoch);
	cr_expect_gt(bench.network, network, "what was learnt is forgotten");
	cr_expect_gt(bench.prefetch, prefetch, "at once");
	cr_expect_eq(bench.answer.allowed.n, 0);
	cr_expect(!bench.portal);
	cr_expect_eq(bench_fw.ruleset.n_upstreams, 1);
	cr_expect_eq(bench_fw.ruleset.upstreams[0].b[15], 99,
		     "asked for anew");
}

Test(wake, stale_upstreams_are_gone_even_if_none_follows)
{
	up(true, true, TUNNEL_DISCONNECTED, 0);
	cr_assert_eq(bench_fw.ruleset.n_upstreams, 1);
	bench_dns.n = 0;
	nap(20);
	wake_by_clock(&bench);
	cr_expect_eq(bench.servers.n, 0);
	cr_expect_eq(bench_fw.ruleset.n_upstreams, 0);
	cr_expect_neq(bench.answer.epoch, 0);
}

Test(wake, stale_upstreams_are_gone_even_if_none_can_be_read)
{
	up(true, true, TUNNEL_DISCONNECTED, 0);
	record_fault("read", -EIO, 0, 0);
	nap(20);
	wake_by_clock(&bench);
	cr_expect_eq(bench.servers.n, 0);
	cr_expect_eq(bench_fw.ruleset.n_upstreams, 0);
}

/* What a front-end has said stays as it is, and so do the rules. */
Test(wake, no_state_moves)
{
	for (unsigned int s = 0; s < TUNNEL__N; s++)
		for (unsigned int i = 0; i < 4; i++) {
			up(i & 1, i >> 1, s, CAUSE_OTHER);
			tell(".szwc");
			cr_expect_eq(bench.tunnel.state, s);
			expect_machine(wanted(i & 1, i >> 1, s, CAUSE_OTHER),
				       tunnel_state_name(s));
			fini();
			init();
		}
}

Test(wake, addresses_expire_during_sleep)
{
	up(true, true, TUNNEL_DISCONNECTED, 0);
	open_one();
	nap(59);
	answer_expire(&bench.answer);
	cr_expect_eq(bench.answer.allowed.n, 1, "a second is left");
	nap(2);
	answer_expire(&bench.answer);
	cr_expect_eq(bench.answer.allowed.n, 0, "by no other clock");
	cr_expect_eq(bench_fw.n, 0);
}

/* The server may be up later than the link. */
Test(wake, nothing_open_is_asked_for_again)
{
	uint32_t prefetch;

	up(true, true, TUNNEL_DISCONNECTED, 0);
	nap(20);
	wake_by_clock(&bench);
	prefetch = bench.prefetch;
	uplink_tick(&bench);
	cr_expect_eq(bench.prefetch, prefetch, "not at once");
	for (unsigned int i = 0; i < 100; i++) {
		pass(1);
		uplink_tick(&bench);
	}
	cr_expect_eq(bench.prefetch, prefetch + 5, "and not for ever");
	wake_by_logind(&bench);
	prefetch = bench.prefetch;
	open_one();
	pass(1);
	uplink_tick(&bench);
	cr_expect_eq(bench.prefetch, prefetch, "something is open");
	answer_expire(&bench.answer);
	allowed_cut(&bench.answer.allowed, 0);
	uplink_tick(&bench);
	cr_expect_eq(bench.prefetch, prefetch + 1);
}

/* --- many --- */

static void idle(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	(void)context;
}

/* With a loop, as a daemon has: those that are too many wait for it. */
Test(wake, a_storm_of_wakes_is_bounded_and_shuts_the_door)
{
	uint32_t first;

	up(true, true, TUNNEL_DISCONNECTED, 0);
	bench.base = event_base_new();
	bench.pending.pace = (struct pace){ .gap = CLOCK_S, .burst = 4 };
	bench.pending.event = event_new(bench.base, -1, 0, idle, NULL);
	cr_assert_not_null(bench.pending.event);
	first = bench.answer.epoch;
	for (unsigned int i = 0; i < 1000; i++) {
		open_one();
		wake_by_logind(&bench);
		cr_assert_eq(bench.answer.allowed.n, i < 5 ? 0 : 1,
			     "shut once, and nothing opens a door that is");
		allowed_cut(&bench.answer.allowed, 0);
	}
	cr_expect_eq(bench.wake.wakes, 1000);
	cr_expect_eq(bench.pending.deferred, 996);
	cr_expect_eq(bench.answer.epoch, 0, "shut, until its turn comes");
	cr_expect_eq(bench.answer.last_epoch, first + 4);
	cr_expect(event_pending(bench.pending.event, EV_TIMEOUT, NULL));
	pass(1);
	wake_by_logind(&bench);
	cr_expect_eq(bench.answer.epoch, first + 5, "its turn");
	cr_expect_not(event_pending(bench.pending.event, EV_TIMEOUT, NULL));
	event_free(bench.pending.event);
	event_base_free(bench.base);
	bench.base = NULL;
}
