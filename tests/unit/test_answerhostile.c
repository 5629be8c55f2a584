/* SPDX-License-Identifier: ISC */
/* What a hostile datapath can do with its end of the rings: nothing. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "answerbench.h"

TestSuite(answerhostile, .init = setup, .fini = teardown);

/* --- a hostile datapath --- */

Test(answerhostile, a_head_that_cannot_be)
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

Test(answerhostile, a_ring_of_grants_at_a_time)
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

Test(answerhostile, acks_that_nobody_takes)
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

Test(answerhostile, noise_opens_nothing_that_is_forbidden)
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
