/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "answerbench.h"

TestSuite(answer, .init = setup, .fini = teardown);

/* --- the one rule --- */

static void look(const char *call)
{
	record_call("(%stable=%d,acks=%u)", call, in_table("192.0.2.1"),
		    acks_waiting());
}

Test(answer, kernel_then_table_then_ack)
{
	struct grant g = honest("192.0.2.1");

	fw.during = look;
	push(&g);
	cr_expect_eq(answer_grants(&answer), 1);
	look("after:");
	record_expect("add:192.0.2.1/31 (add:table=0,acks=0) "
		      "open:192.0.2.1,table=1,acks=0 "
		      "(after:table=1,acks=1) ", "order");
	cr_expect_eq(pop(7), 0);
}

Test(answer, all_of_a_grant_or_none)
{
	struct grant g = honest("192.0.2.1 192.0.2.2 2001:db8::1");

	g.id = UINT32_MAX;
	cr_expect_eq(ask(&g), 0);
	record_expect("add:192.0.2.1/31,192.0.2.2/31,2001:db8::1/31 "
		      "open:192.0.2.1,table=1,acks=0 "
		      "open:192.0.2.2,table=1,acks=0 "
		      "open:2001:db8::1,table=1,acks=0 ", "three at once");
	cr_expect_eq(answer.opened, 3);
	cr_expect_eq(answer.allowed.entry[0].name_len, 19);
	cr_expect_eq(answer.first_opened, record_clock);
}

Test(answer, the_same_address_twice_is_one)
{
	struct grant g = honest("192.0.2.1 192.0.2.2 192.0.2.1 192.0.2.1");

	cr_expect_eq(ask(&g), 0);
	cr_expect_eq(answer.allowed.n, 2);
	cr_expect_eq(answer.opened, 2);
	cr_expect_eq(answer.renewed, 0);
	cr_expect(strncmp(record.text, "add:192.0.2.1/31,192.0.2.2/31 ",
			  30) == 0, "%s", record.text);
}

/* --- for TLS alone --- */

static bool portals(void *context, const uint8_t *name, size_t len)
{
	cr_expect_eq(context, &answer);
	return len == 8 && memcmp(name, "\6portal", 8) == 0;
}

Test(answer, only_what_the_portal_alone_opened_is_for_tls)
{
	static const struct {
		const char *what, *addrs;
		bool portal;
		const char *tls;	/* of the entries 0, 1, 2 */
	} rows[] = {
		{ "the portal's host", "192.0.2.1 192.0.2.2", true, "tt" },
		{ "... again", "192.0.2.1", true, "tt" },
		{ "one is a probe's, too", "192.0.2.2 192.0.2.3", false,
		  "t--" },
		{ "... and stays so", "192.0.2.1 192.0.2.2 192.0.2.3", true,
		  "t--" },
	};

	answer.tls_only = portals;
	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct grant g = honest(rows[i].addrs);

		if (rows[i].portal) {
			memcpy(g.name, "\6portal", 8);
			g.name_len = 8;
		}
		cr_expect_eq(ask(&g), 0, "%s", rows[i].what);
		cr_expect_eq(answer.allowed.n, strlen(rows[i].tls));
		for (unsigned int k = 0; k < answer.allowed.n; k++)
			cr_expect_eq(answer.allowed.entry[k].tls,
				     rows[i].tls[k] == 't', "%s: %u",
				     rows[i].what, k);
	}
	/* What is put back is put back as it was. */
	record_forget();
	cr_expect_eq(answer_refill(&answer, &why), 0);
	record_expect("add:192.0.2.1/31t,192.0.2.2/31,192.0.2.3/31 ",
		      "refilled");
}

/* --- what is refused --- */

static void expect_nothing(const char *what)
{
	cr_expect_eq(record.len, 0, "%s: %s", what, record.text);
	cr_expect_eq(answer.allowed.n, 0, "%s", what);
	cr_expect_eq(fw.n, 0, "%s", what);
	cr_expect_eq(answer.opened, 0, "%s", what);
}

Test(answer, unfit_addresses)
{
	static const struct {
		const char *what, *addrs;
		int want;
	} rows[] = {
		{ "unspecified", "0.0.0.0", -EPERM },
		{ "this network", "0.1.2.3", -EPERM },
		{ "unspecified, six", "::", -EPERM },
		{ "loopback", "127.0.0.1", -EPERM },
		{ "loopback, last", "127.255.255.255", -EPERM },
		{ "loopback, six", "::1", -EPERM },
		{ "link-local", "169.254.1.1", -EPERM },
		{ "link-local, six", "fe80::1", -EPERM },
		{ "multicast", "224.0.0.251", -EPERM },
		{ "multicast, six", "ff02::1", -EPERM },
		{ "broadcast", "255.255.255.255", -EPERM },
		{ "class E", "240.0.0.1", -EPERM },
		{ "our own", "203.0.113.9", -EPERM },
		{ "the net's broadcast", "203.0.113.127", -EPERM },
		{ "a relay", "198.51.100.7", -EPERM },
		{ "in the tunnel", "10.64.0.200", -EPERM },
		{ "private, elsewhere", "10.0.0.1", -EPERM },
		{ "private, six", "fd00::1", -EPERM },
		{ "loopback in NAT64", "64:ff9b::127.0.0.1", -EPERM },
		{ "relay in NAT64", "64:ff9b::198.51.100.7", -EPERM },
		{ "last of three", "192.0.2.1 192.0.2.2 127.0.0.1", -EPERM },
		{ "first of three", "::1 192.0.2.1 192.0.2.2", -EPERM },
	};

	set_judge();
	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct grant g = honest(rows[i].addrs);

		cr_expect_eq(ask(&g), rows[i].want, "%s", rows[i].what);
		expect_nothing(rows[i].what);
		cr_expect_eq(answer.refused, i + 1, "%s", rows[i].what);
	}
}

Test(answer, private_on_link_is_fit)
{
	struct grant g = honest("192.168.7.1");

	set_judge();
	cr_expect_eq(ask(&g), 0);
}

Test(answer, grants_that_no_honest_datapath_sends)
{
	const uint64_t soon = record_clock + 100 * CLOCK_MS;
	const struct {
		const char *what;
		uint32_t epoch, lifetime;
		uint16_t n;
		uint64_t deadline;
		int want;
	} rows[] = {
		{ "epoch 0", 0, 30, 1, soon, -ESTALE },
		{ "episode before", 4, 30, 1, soon, -ESTALE },
		{ "episode to come", 6, 30, 1, soon, -ESTALE },
		{ "no address", 5, 30, 0, soon, -EINVAL },
		{ "one too many", 5, 30, 9, soon, -EINVAL },
		{ "more than fit", 5, 30, ALLOW_PER_NAME + 1, soon, -EINVAL },
		{ "most", 5, 30, UINT16_MAX, soon, -EINVAL },
		{ "no lifetime", 5, 0, 1, soon, -EINVAL },
		{ "a second short", 5, TTL_MIN - 1, 1, soon, -EINVAL },
		{ "a second long", 5, TTL_MAX + 1, 1, soon, -EINVAL },
		{ "for ever", 5, UINT32_MAX, 1, soon, -EINVAL },
		{ "no deadline", 5, 30, 1, 0, -ETIMEDOUT },
		{ "past by 1 ns", 5, 30, 1, record_clock - 1, -ETIMEDOUT },
		{ "this very ns", 5, 30, 1, record_clock, -ETIMEDOUT },
	};

	for (int i = 0; i < 4; i++)
		answer_start(&answer);
	cr_assert_eq(answer.epoch, 5);
	answer.per_name = 8;
	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct grant g = honest("192.0.2.1");

		for (unsigned int k = 1; k < ALLOW_PER_NAME; k++) {
			g.addrs[k] = g.addrs[0];
			g.addrs[k].b[15] = (uint8_t)(k + 1);
		}
		g.epoch = rows[i].epoch;
		g.lifetime = rows[i].lifetime;
		g.n_addrs = rows[i].n;
		g.deadline = rows[i].deadline;
		cr_expect_eq(ask(&g), rows[i].want, "%s", rows[i].what);
		expect_nothing(rows[i].what);
	}
}

Test(answer, edges_that_are_granted)
{
	static const uint32_t lifetimes[] = { TTL_MIN, TTL_MAX };
	struct grant g;

	answer.per_name = 2;
	for (size_t i = 0; i < NITEMS(lifetimes); i++) {
		g = honest("192.0.2.1 192.0.2.2");
		g.lifetime = lifetimes[i];
		g.deadline = record_clock + 1;
		g.name_len = i == 0 ? 0 : UINT8_MAX;
		cr_expect_eq(ask(&g), 0, "%u s", lifetimes[i]);
	}
}

Test(answer, shut_or_without_a_datapath)
{
	struct grant g = honest("192.0.2.1");

	cr_expect_eq(answer_stop(&answer, &why), 0);
	record_forget();
	cr_expect_eq(ask(&g), -ESTALE);
	expect_nothing("shut");
	g.epoch = 0;
	cr_expect_eq(ask(&g), -ESTALE, "0 is no episode");
	expect_nothing("shut");

	answer_attach(&answer, NULL);
	push(&g);
	cr_expect_eq(answer_grants(&answer), 0);
	expect_nothing("no datapath");
}

Test(answer, no_more_than_max)
{
	struct grant g = honest("192.0.2.3");

	answer.max = 2;
	open_now("192.0.2.1 192.0.2.2", TTL_MIN);
	cr_expect_eq(ask(&g), -ENOSPC);
	g = honest("192.0.2.1 192.0.2.3");
	cr_expect_eq(ask(&g), -ENOSPC, "one of two is there");
	cr_expect_eq(record.len, 0, "%s", record.text);
	cr_expect_eq(answer.allowed.n, 2);
	cr_expect(!in_table("192.0.2.3"));
	cr_expect(in_table("192.0.2.1"));

	answer.max = 3;
	g = honest("192.0.2.3 192.0.2.4");
	cr_expect_eq(ask(&g), -ENOSPC, "room for the first of them");
	cr_expect_eq(answer.allowed.n, 2);
	answer.max = 2;
	g = honest("192.0.2.2 192.0.2.1");
	cr_expect_eq(ask(&g), 0, "renewals need no room");
	pass(31 * CLOCK_S);
	g = honest("192.0.2.3");
	cr_expect_eq(ask(&g), 0, "what has ended makes room");
}

Test(answer, a_full_window_of_the_table)
{
	struct allow *t = control.allow;
	struct grant g = honest("192.0.2.1 192.0.2.9");

	open_now("192.0.2.1", TTL_MIN);
	for (size_t i = 0; i < NITEMS(t->entries); i++)
		if (t->entries[i].tag == 0)
			t->entries[i] = (struct allow_entry){
				.expiry = UINT64_MAX,
				.tag = (uint64_t)t->epoch << 32 | 1,
			};
	cr_expect_eq(ask(&g), -ENOSPC);
	record_expect("add:192.0.2.1/31r,192.0.2.9/31 remove:192.0.2.9 ",
		      "rolled back");
	cr_expect(!in_kernel("192.0.2.9") && !in_table("192.0.2.9"));
	cr_expect(in_kernel("192.0.2.1") && in_table("192.0.2.1"));
	cr_expect_eq(answer.allowed.n, 1);
	cr_expect_eq(answer.rolled_back, 1);
}

/* --- what the kernel refuses --- */

/* 192.0.2.1 is open; 192.0.2.1 and 192.0.2.2 are asked for. */
Test(answer, the_kernel_says_no)
{
#define ADD "add:192.0.2.1/31r,192.0.2.2/31 "
#define LOAD "load:door "
#define FILL "add:192.0.2.1/31 "
#define OPEN "open:192.0.2.2,table=1,acks=0 "
	static const struct {
		const char *what, *call;
		int error;
		unsigned int skip, times;
		const char *call2;
		int want;
		const char *record;
		bool old, fresh;	/* in the table afterwards */
	} rows[] = {
		{ "refused", "add", -EBUSY, 0, 0, NULL, -EBUSY,
		  ADD "remove:192.0.2.2 ", true, false },
		{ "refused, and the way back too", "add", -EBUSY, 0, 0,
		  "remove", -EBUSY, ADD "remove:192.0.2.2 ", true, false },
		{ "not known: neither may count as open", "add", -ETIMEDOUT,
		  0, 0, NULL, -ETIMEDOUT,
		  ADD "remove:192.0.2.1,192.0.2.2 ", false, false },
		{ "table gone, put back", "add", -ENOENT, 0, 1, NULL, 0,
		  ADD LOAD FILL ADD OPEN, true, true },
		{ "gone again: once is enough", "add:192.0.2.1/31r", -ENOENT,
		  0, 0, NULL, -ENOENT,
		  ADD LOAD FILL ADD "remove:192.0.2.2 ", true, false },
		{ "gone, cannot be loaded", "add", -ENOENT, 0, 0, "load",
		  -EIO, ADD LOAD "remove:192.0.2.2 ", true, false },
		{ "gone, cannot be filled", "add", -ENOENT, 0, 2, NULL,
		  -ENOENT, ADD LOAD FILL "remove:192.0.2.2 ", true, false },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct grant g;

		teardown();
		setup();
		open_now("192.0.2.1", TTL_MIN);
		answer.stale = false;
		g = honest("192.0.2.1 192.0.2.2");
		record_fault(rows[i].call, rows[i].error, rows[i].skip,
			     rows[i].times);
		if (rows[i].call2 != NULL)
			record_fault(rows[i].call2, -EIO, 0, 0);
		cr_expect_eq(ask(&g), rows[i].want, "%s", rows[i].what);
		record_expect(rows[i].record, rows[i].what);
		cr_expect_eq(in_table("192.0.2.1"), rows[i].old, "%s",
			     rows[i].what);
		cr_expect_eq(in_table("192.0.2.2"), rows[i].fresh, "%s",
			     rows[i].what);
		cr_expect_eq(in_kernel("192.0.2.2"), rows[i].fresh, "%s",
			     rows[i].what);
		cr_expect_eq(answer.allowed.n,
			     (unsigned int)rows[i].old + rows[i].fresh, "%s",
			     rows[i].what);
		cr_expect_eq(answer.rolled_back, rows[i].want != 0, "%s",
			     rows[i].what);
		/* Whatever is not certain is looked at within a second. */
		cr_expect(answer.stale || i == 0, "%s", rows[i].what);
	}
}

static void slow(const char *call)
{
	if (strcmp(call, "add:") == 0)
		pass(ACK_DEADLINE_MS * CLOCK_MS);
}

static void nearly_slow(const char *call)
{
	if (strcmp(call, "add:") == 0)
		pass(ACK_DEADLINE_MS * CLOCK_MS - 1);
}

Test(answer, an_ack_that_is_late_opens_nothing)
{
	struct grant g = honest("192.0.2.1 192.0.2.2");

	open_now("192.0.2.1", TTL_MIN);
	fw.during = slow;
	cr_expect_eq(ask(&g), -ETIMEDOUT);
	record_expect("add:192.0.2.1/31r,192.0.2.2/31 remove:192.0.2.2 ",
		      "late");
	cr_expect(!in_table("192.0.2.2") && !in_kernel("192.0.2.2"));
	cr_expect(in_table("192.0.2.1") && in_kernel("192.0.2.1"),
		  "was open before");

	g = honest("192.0.2.2");
	fw.during = nearly_slow;
	cr_expect_eq(ask(&g), 0, "in the last nanosecond");
}
