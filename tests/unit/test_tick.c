/* SPDX-License-Identifier: ISC */
/* What is due, and above all: when nothing is. */
#include <criterion/criterion.h>

#include "netcheckbench.h"
#include "tick.h"

static void setup(void)
{
	static char watched;

	bench_init();
	bench.base = event_base_new();
	cr_assert_not_null(bench.base);
	cr_assert_eq(tick_open(&bench, &why), 0);
	capport_watch(&bench);
	bench_dns.hostdns.watch = (void *)&watched;
	bench.nm.due = UINT64_MAX;
}

static void teardown(void)
{
	capport_unwatch(&bench);
	tick_close(&bench);
	event_base_free(bench.base);
	bench_fini();
}

TestSuite(tick, .init = setup, .fini = teardown);

/* Until nothing is due; how many turns that took, at most max. */
static unsigned int settle(unsigned int max)
{
	unsigned int n = 0;

	while (n < max && tick_due(&bench) != UINT64_MAX) {
		record_clock = tick_due(&bench);
		event_active(bench.tick_event, EV_TIMEOUT, 0);
		event_base_loop(bench.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		n++;
	}
	return n;
}

Test(tick, nothing_is_due_in_any_state)
{
	for (unsigned int i = 0; i < 4 * TUNNEL__N; i++) {
		const enum tunnel_state state = i / 4;

		teardown();
		setup();
		bench_dns.n = 0;	/* nobody to ask: nothing is tried */
		up(i & 1, i & 2, state, CAUSE_OTHER);
		cr_expect_leq(settle(8), 7, "netcheck %u lockdown %u, state %u",
			      i & 1, i >> 1 & 1, state);
	}
}

Test(tick, an_open_address_is_closed_when_it_ends)
{
	up(true, true, TUNNEL_DISCONNECTED, 0);
	open_one();
	bench.capport.due = bench.answer.stale = false;
	cr_expect_eq(tick_due(&bench), record_clock + 60 * CLOCK_S);
}

/* The names are tried five times, and then the network has to change. */
Test(tick, what_is_not_open_is_asked_for_and_not_for_ever)
{
	up(true, true, TUNNEL_DISCONNECTED, 0);
	cr_expect_leq(settle(16), 15);
	cr_expect_eq(bench.prefetch, 1 + 5);
}

static void stale(void) { bench.answer.stale = true; }
static void astray(void) { bench.astray = true; }
static void unready(void) { bench.wake.unready = true; }
static void misled(void) { bench.misled = true; }
static void unwatched(void) { bench_dns.hostdns.watch = NULL; }
static void asks(void) { bench_fw.asks = true; }
static void portal(void) { bench.capport.due = true; }
static void flows(void) { bench.leaks.lines = 1; }

static void steering(void)
{
	bench.bypass.on = bench.bypass.steered = bench.bypass.doubt = true;
}

Test(tick, what_is_not_well_is_looked_at_a_second_later)
{
	static const struct {
		const char *what;
		void (*make)(void);
	} rows[] = {
		{ "rules", stale }, { "rules that nobody tells of", asks }, { "a host that stays pointed", astray },
		{ "a block before sleep", unready },
		{ "DNS that cannot be looked at", misled },
		{ "DNS that nobody watches", unwatched },
		{ "the portal's URL", portal }, { "told leaks", flows },
		{ "steering", steering },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		uint64_t at;

		teardown();
		setup();
		up(true, true, TUNNEL_DISCONNECTED, 0);
		cr_assert_lt(settle(16), 16);
		rows[i].make();
		at = record_clock + CLOCK_S;
		cr_expect_eq(tick_due(&bench), at, "%s", rows[i].what);
		record_clock += CLOCK_S / 2;
		cr_expect_eq(tick_due(&bench), at, "%s, no later",
			     rows[i].what);
		bench.bypass.on = false;
	}
}

Test(tick, who_is_not_told_asks)
{
	up(true, true, TUNNEL_DISCONNECTED, 0);
	cr_assert_lt(settle(16), 16);
	bench_fw.asks = bench_fw.looks = true;
	record_forget();
	settle(1);
	cr_expect_null(strstr(record.text, "verify"), "nothing has moved");
	bench_fw.moved = true;
	settle(1);
	cr_expect_not_null(strstr(record.text, "verify"));
}

Test(tick, a_bus_is_tried_for_when_its_pause_is_over)
{
	up(false, false, TUNNEL_DISCONNECTED, 0);
	cr_assert_lt(settle(4), 4);
	bench.nm.due = record_clock + 5 * CLOCK_S;
	cr_expect_eq(tick_due(&bench), bench.nm.due);
}

static void stop(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(context);
}

Test(tick, the_loop_ends_when_it_is_told)
{
	up(false, false, TUNNEL_DISCONNECTED, 0);
	cr_assert_eq(event_base_once(bench.base, -1, EV_TIMEOUT, stop,
				     bench.base, NULL), 0);
	tick_run(&bench);
}
