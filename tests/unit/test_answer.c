/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "fwfake.h"
#include "log.h"
#include "record.h"

/* Both sides in one process: grants go in by `to`, acks come out of `from`. */
static struct answer answer;
static struct fwfake fw;
static struct arena control, datapath;
static struct ring to, from;
static struct why why;

static struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	cr_assert(ipaddr_parse(text, &a), "%s", text);
	return a;
}

static bool in_table(const char *text)
{
	struct ipaddr a = addr(text);

	return allow_lookup(&datapath.control->allow, &a, record_clock) != 0;
}

static bool in_kernel(const char *text)
{
	struct ipaddr a = addr(text);

	return fwfake_find(&fw, &a) >= 0;
}

static unsigned int acks_waiting(void)
{
	return atomic_load(from.head) - atomic_load(from.tail);
}

/* --- the callbacks of the daemon --- */

static void on_open(void *context, const struct allowed_entry *e)
{
	char text[IPADDR_TEXT];

	cr_expect_eq(context, &answer);
	ipaddr_text(&e->addr, text);
	record_call("open:%s,table=%d,acks=%u", text, in_table(text),
		    acks_waiting());
}

static int reload(void *context)
{
	static const struct fw_ruleset door = { .policy = FW_BLOCKED_ACTIVE };
	struct why ignored;

	cr_expect_eq(context, &answer);
	return fw.fw.ops->load(&fw.fw, &door, &ignored);
}

static void setup(void)
{
	static const struct fw_ruleset door = { .policy = FW_BLOCKED_ACTIVE };

	log_open(true, LEVEL_ERROR);
	record_reset();
	fwfake_init(&fw);
	cr_assert_eq(arena_create(&control), 0);
	cr_assert_eq(arena_attach(&datapath,
			fcntl(control.control_fd, F_DUPFD_CLOEXEC, 0),
			fcntl(control.datapath_fd, F_DUPFD_CLOEXEC, 0)), 0);
	arena_grants(&datapath, &to);
	arena_acks(&datapath, &from);
	answer = (struct answer){
		.fw = &fw.fw, .max = ALLOW_MAX, .per_name = ALLOW_PER_NAME,
		.context = &answer, .on_open = on_open, .reload = reload,
	};
	cr_assert_eq(fw.fw.ops->load(&fw.fw, &door, &why), 0);
	answer_attach(&answer, &control);
	answer_start(&answer);
	record_forget();
}

static void teardown(void)
{
	arena_close(&datapath);
	arena_close(&control);
}

TestSuite(answer, .init = setup, .fini = teardown);

/* --- the datapath's side --- */

static struct grant honest(const char *text)
{
	struct grant g = {
		.id = 7, .epoch = answer.epoch, .lifetime = TTL_MIN,
		.deadline = record_clock + ACK_DEADLINE_MS * CLOCK_MS,
		.name = "\7captive\5apple\3com", .name_len = 19,
	};
	char copy[1024], *at = copy, *one;

	snprintf(copy, sizeof(copy), "%s", text);
	while ((one = strsep(&at, " ")) != NULL)
		g.addrs[g.n_addrs++] = addr(one);
	return g;
}

static void push(const struct grant *g)
{
	void *r = ring_claim(&to);

	cr_assert_not_null(r);
	memcpy(r, g, sizeof(*g));
	ring_publish(&to);
}

/* The next ack's error; 1 if there is none. */
static int pop(uint32_t id)
{
	const void *r;
	struct ack k;

	if (ring_peek(&from, &r) != 1)
		return 1;
	memcpy(&k, r, sizeof(k));
	ring_release(&from);
	cr_expect_eq(k.id, id);
	return k.error;
}

/* What an honest client of the ring hears of g. */
static int ask(const struct grant *g)
{
	push(g);
	cr_expect_eq(answer_grants(&answer), 1);
	return pop(g->id);
}

static void open_now(const char *text, uint32_t lifetime)
{
	struct grant g = honest(text);

	g.lifetime = lifetime;
	cr_assert_eq(ask(&g), 0, "%s", text);
	record_forget();
}

static void pass(uint64_t ns)
{
	record_clock += ns;
}

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

/* --- what is refused --- */

static struct ipnet net(const char *text)
{
	struct ipnet n;

	cr_assert(ipnet_parse(text, &n), "%s", text);
	return n;
}

static void set_judge(void)
{
	struct judge *j = &answer.judge;

	j->private = PRIVATE_ON_LINK;
	j->own[j->n_own++] = addr("203.0.113.9");
	j->onlink[j->n_onlink++] = net("192.168.7.0/24");
	j->onlink[j->n_onlink++] = net("203.0.113.0/25");
	j->forbidden[j->n_forbidden++] = net("198.51.100.7/32");
	j->forbidden[j->n_forbidden++] = net("10.64.0.0/24");
}

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

	g = honest("192.0.2.2 192.0.2.1");
	cr_expect_eq(ask(&g), 0, "renewals need no room");
	pass(31 * CLOCK_S);
	g = honest("192.0.2.3");
	cr_expect_eq(ask(&g), 0, "what has ended makes room");
}

Test(answer, a_full_window_of_the_table)
{
	struct allow *t = &control.control->allow;
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

/* --- how long --- */

Test(answer, renewals_never_shorten)
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
		cr_expect_eq(allow_lookup(&datapath.control->allow, &a,
					  record_clock) - since, rows[i].want,
			     "%s", rows[i].what);
		cr_expect_eq(answer.allowed.entry[0].expiry - since,
			     rows[i].want, "%s", rows[i].what);
	}
}

Test(answer, what_has_ended_is_closed_everywhere)
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
		    datapath.control->allow.epoch, answer.epoch,
		    answer.allowed.n);
}

Test(answer, stop_shuts_from_the_inside_out)
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

Test(answer, stop_that_fails_in_parts)
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

Test(answer, stop_of_what_is_shut)
{
	cr_expect_eq(answer_stop(&answer, &why), 0);
	cr_expect_eq(answer_stop(&answer, &why), 0);
	record_expect("clear clear ", "the set is emptied all the same");
}

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
Test(answer, verify)
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
		cr_expect_eq(atomic_load(&datapath.control->verified),
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

Test(answer, verify_looks_at_rules_before_and_after_the_elements)
{
	fw.looks = true;
	cr_expect_eq(answer_verify(&answer, &why), 0);
	record_expect("verify list verify ", "one generation throughout");
}

Test(answer, verify_keeps_what_is_whole)
{
	/* Neither closed in between, nor shortened. */
	open_now("192.0.2.1", TTL_MAX);
	pass(100 * CLOCK_S + CLOCK_S / 2);
	open_now("192.0.2.2", TTL_MIN);
	lose("192.0.2.1");
	cr_expect_eq(answer_verify(&answer, &why), 1);
	record_expect("add:192.0.2.1/201 ", "the rest of its time, and 1 s");
}

Test(answer, verify_does_not_miss_what_has_ended)
{
	open_now("192.0.2.1", TTL_MIN);
	pass(31 * CLOCK_S);
	lose("192.0.2.1");
	cr_expect_eq(answer_verify(&answer, &why), 0);
	record_expect("remove:192.0.2.1 ", "nobody else's doing");
}

Test(answer, verify_while_shut)
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

Test(answer, verify_of_a_set_full_of_strangers)
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

Test(answer, refill_after_a_load_of_our_own)
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

/* --- a hostile datapath --- */

Test(answer, a_head_that_cannot_be)
{
	static const struct {
		const char *what;
		uint32_t ahead;
	} rows[] = {
		{ "one over full", RING_GRANTS + 1 },
		{ "half way round", UINT32_MAX / 2 },
		{ "moved back", UINT32_MAX },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		teardown();
		setup();
		open_now("192.0.2.1", TTL_MIN);
		atomic_fetch_add(to.head, rows[i].ahead);
		cr_expect_eq(answer_grants(&answer), -EPROTO, "%s",
			     rows[i].what);
		record_expect("", rows[i].what);
	}
}

Test(answer, a_ring_of_grants_at_a_time)
{
	const void *r;
	unsigned int n = 0;

	for (unsigned int i = 0; i < RING_GRANTS; i++) {
		struct grant g = honest("192.0.2.1");

		g.addrs[0].b[15] = (uint8_t)(i % 200 + 1);
		g.id = i;
		push(&g);
	}
	cr_expect_null(ring_claim(&to), "full");
	cr_expect_eq(answer_grants(&answer), RING_GRANTS);
	for (; ring_peek(&from, &r) == 1; n++) {
		cr_expect_eq(((const struct ack *)r)->id, n, "in order");
		ring_release(&from);
	}
	cr_expect_eq(n, RING_GRANTS);
	cr_expect_eq(answer_grants(&answer), 0);
}

Test(answer, acks_that_nobody_takes)
{
	struct grant g = honest("192.0.2.1");

	for (unsigned int i = 0; i < RING_ACKS; i++) {
		push(&g);
		cr_assert_eq(answer_grants(&answer), 1);
	}
	record_forget();
	g = honest("192.0.2.2");
	push(&g);
	(void)!answer_grants(&answer);
	record_expect("", "who will not hear of it gets nothing opened");
	cr_expect(!in_table("192.0.2.2"));
	cr_expect_eq(answer.refused, 1);
}

/* xorshift64; fixed seed. */
static uint64_t rnd(void)
{
	static uint64_t x = 0x5a11990f7;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static struct ipaddr random_addr(void)
{
	static const char *const some[] = {
		"0.0.0.0", "127.0.0.1", "::1", "203.0.113.9", "198.51.100.7",
		"10.64.0.3", "10.1.2.3", "192.168.7.7", "192.168.7.255",
		"224.0.0.1", "fe80::1", "64:ff9b::10.0.0.1", "192.0.2.1",
		"192.0.2.2", "2001:db8::1",
	};
	struct ipaddr a;

	if (rnd() % 4 != 0)
		return addr(some[rnd() % NITEMS(some)]);
	for (unsigned int i = 0; i < sizeof(a.b); i++)
		a.b[i] = (uint8_t)rnd();
	if (rnd() % 2)
		memcpy(a.b, "\0\0\0\0\0\0\0\0\0\0\377\377", 12);
	return a;
}

/* Noise, with enough that is right in it to get past the first checks. */
static void random_grant(struct grant *g)
{
	uint8_t *p = (uint8_t *)g;

	for (size_t i = 0; i < sizeof(*g); i++)
		p[i] = (uint8_t)rnd();
	if (rnd() % 8 != 0)
		g->epoch = answer.epoch;
	if (rnd() % 8 != 0)
		g->lifetime = (uint32_t)(TTL_MIN + rnd() % (TTL_MAX - TTL_MIN));
	if (rnd() % 8 != 0)
		g->deadline = record_clock + 1 + rnd() % CLOCK_S;
	if (rnd() % 8 != 0)
		g->n_addrs = (uint16_t)(1 + rnd() % 3);
	for (unsigned int i = 0; i < ALLOW_PER_NAME; i++)
		g->addrs[i] = random_addr();
}

static void expect_sound(unsigned int turn)
{
	cr_assert_leq(answer.allowed.n, answer.max, "turn %u", turn);
	cr_assert_eq(fw.n, answer.allowed.n, "turn %u", turn);
	for (unsigned int i = 0; i < fw.n; i++) {
		char text[IPADDR_TEXT];

		ipaddr_text(&fw.open[i], text);
		cr_assert_eq(judge_address(&answer.judge, &fw.open[i]),
			     JUDGE_OK, "turn %u: %s", turn, text);
		cr_assert(allowed_find(&answer.allowed, &fw.open[i]) != NULL,
			  "turn %u: %s", turn, text);
		cr_assert(in_table(text), "turn %u: %s", turn, text);
	}
}

Test(answer, noise_opens_nothing_that_is_forbidden)
{
	set_judge();
	answer.max = 40;
	for (unsigned int turn = 0; turn < 20000; turn++) {
		struct grant g;
		const void *r;

		random_grant(&g);
		push(&g);
		cr_assert_eq(answer_grants(&answer), 1);
		while (ring_peek(&from, &r) == 1)
			ring_release(&from);
		expect_sound(turn);
		record_forget();
		pass(rnd() % (2 * CLOCK_S));
		answer_expire(&answer);
	}
	cr_expect_gt(answer.opened, 1000);
	cr_expect_gt(answer.renewed, 1000);
	cr_expect_gt(answer.refused, 1000);
}
