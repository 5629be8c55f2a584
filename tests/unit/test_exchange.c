/* SPDX-License-Identifier: ISC */
#include "fakeserver.h"

/* --- a good answer --- */

Test(exchange, answered, .init = setup, .fini = teardown)
{
	struct question *q = ask();
	struct dnsmsg m = hear(&server[0]);
	struct wire w = answer(&server[0]);

	cr_expect_eq(m.flags, DNSFLAG_RD);
	cr_expect_not(m.edns);
	cr_expect_eq(m.qtype, DNSTYPE_A);
	cr_expect(dnsname_equal(&m.qname, q->name, q->name_len));
	say(&server[0], &w);
	cr_assert_eq(go_round(), q);
	cr_expect_eq(q->view.counts[1], 1);
	cr_expect_eq(q->answered, T + 7);
	cr_expect_eq(q->view.msg.p, slots_data(&slots, q->slot));
	cr_expect_eq(counted(COUNT_ASKED), 1);
	cr_expect_eq(counted(PARSE_OK), 1);
}

static void setup_v6(void)
{
	start(1, "::1");
}

Test(exchange, answered_over_ipv6, .init = setup_v6, .fini = teardown)
{
	struct question *q = ask();
	struct wire w;

	hear(&server[0]);
	w = answer(&server[0]);
	say(&server[0], &w);
	cr_expect_eq(go_round(), q);
}

Test(exchange, all_servers_at_once_and_the_first_wins, .init = setup_two,
     .fini = teardown)
{
	struct question *q = ask();
	struct dnsmsg a = hear(&server[0]), b = hear(&server[1]);
	struct wire first = answer(&server[1]), second = answer(&server[0]);
	unsigned int from = 9;

	/* 2^-32 that both are the same by chance. */
	cr_expect(a.id != b.id || memcmp(a.msg.p + DNSMSG_HEADER, b.msg.p +
					 DNSMSG_HEADER, q->name_len) != 0);
	cr_expect_neq(server[0].client.in.sin_port,
		      server[1].client.in.sin_port);
	say(&server[1], &first);
	cr_assert_eq(round_of(WAIT_MS, &from), q);
	cr_expect_eq(from, 1);
	q->state = QUESTION_HELD;
	say(&server[0], &second);
	cr_expect_null(go_round());
	cr_expect_eq(counted(COUNT_LATE), 1);
}

/* Over 64 questions no spelling, id or port stands still. */
Test(exchange, ids_ports_and_spelling_are_random, .init = setup,
     .fini = teardown)
{
	bool upper = false, lower = false, id = false, port = false;
	uint16_t first_id = 0, first_port = 0;

	for (unsigned int i = 0; i < 64; i++) {
		struct dnsmsg m;

		ask();
		m = hear(&server[0]);
		if (i == 0) {
			first_id = m.id;
			first_port = server[0].client.in.sin_port;
		}
		id = id || m.id != first_id;
		port = port || server[0].client.in.sin_port != first_port;
		upper = upper || m.msg.p[DNSMSG_HEADER + 1] == 'C';
		lower = lower || m.msg.p[DNSMSG_HEADER + 1] == 'c';
		drop_all();
	}
	cr_expect(id && port);
	cr_expect(upper && lower);
}

/* --- what does not count --- */

static const struct {
	const char *what;
	enum mutation how;
	unsigned int counter;
	bool failed;		/* the server has said that it will not */
} bad[] = {
	{ "wrong id", WRONG_ID, COUNT_BAD_ID, false },
	{ "one letter in other case", WRONG_CASE, COUNT_BAD_CASE, false },
	{ "another type", WRONG_TYPE, COUNT_BAD_QUESTION, false },
	{ "another name", WRONG_NAME, COUNT_BAD_QUESTION, false },
	{ "a longer name", LONGER_NAME, COUNT_BAD_QUESTION, false },
	{ "another class", WRONG_CLASS, PARSE_QUESTION, false },
	{ "a query", QUERY, COUNT_BAD_QR, false },
	{ "another opcode", NOTIFY, COUNT_BAD_QR, false },
	{ "format error", FORMERR, COUNT_BAD_RCODE, true },
	{ "server failure", SERVFAIL, COUNT_BAD_RCODE, true },
	{ "refused", REFUSED, COUNT_BAD_RCODE, true },
	{ "one octet short", SHORT, PARSE_SHORT, false },
	{ "an empty datagram", EMPTY, PARSE_SHORT, false },
	{ "an octet too many", TRAILING, PARSE_TRAILING, false },
	{ "two questions", TWO_QUESTIONS, PARSE_QUESTION, false },
	{ "no question", NO_QUESTION, PARSE_QUESTION, false },
	{ "counts that cannot be", COUNTS_LIE, PARSE_HEADER, false },
	{ "a name that hops to itself", HOP_TO_ITSELF, PARSE_HOP, false },
	{ "more than a slot may hold", OVERSIZED, PARSE_LONG, false },
};

Test(exchange, what_does_not_count, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < NITEMS(bad); i++) {
		struct question *q = ask();
		uint64_t before = counted(bad[i].counter);
		struct wire w, good;

		hear(&server[0]);
		w = good = answer(&server[0]);
		mutate(&w, bad[i].how);
		say(&server[0], &w);
		cr_expect_null(go_round(), "%s", bad[i].what);
		cr_expect_eq(counted(bad[i].counter), before + 1, "%s",
			     bad[i].what);
		cr_expect_eq(exchange_hopeless(q, T), bad[i].failed, "%s",
			     bad[i].what);
		cr_expect_eq(q->slot, SLOTS_NONE, "%s", bad[i].what);
		cr_expect_eq(slots.n_free, SLOT_COUNT, "%s", bad[i].what);
		/* It has not spoilt what comes after it. */
		say(&server[0], &good);
		cr_expect_eq(go_round(), q, "%s: the right one after it",
			     bad[i].what);
		drop_all();
	}
}

static const struct {
	const char *what, *addr;
} sources[] = {
	{ "another port of the same address", "127.0.0.1" },
	{ "another address", "127.0.0.2" },
};

Test(exchange, wrong_source, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < NITEMS(sources); i++) {
		struct question *q = ask();
		uint16_t port = 0;
		int fd = bound(SOCK_DGRAM, sources[i].addr, &port);
		struct wire w;

		cr_assert_geq(fd, 0);
		hear(&server[0]);
		w = answer(&server[0]);
		say_from(fd, &server[0], &w);
		cr_expect_null(go_round(), "%s", sources[i].what);
		cr_expect_eq(counted(COUNT_BAD_SOURCE), i + 1, "%s",
			     sources[i].what);
		say(&server[0], &w);
		cr_expect_eq(go_round(), q, "%s: the right one after it",
			     sources[i].what);
		close(fd);
		drop_all();
	}
}

/* The same port on another address: only the address differs. */
Test(exchange, wrong_address_right_port, .init = setup, .fini = teardown)
{
	uint16_t port = policy.upstreams[0].port;
	int fd = bound(SOCK_DGRAM, "127.0.0.3", &port);
	struct wire w;

	cr_assert_geq(fd, 0);
	ask();
	hear(&server[0]);
	w = answer(&server[0]);
	say_from(fd, &server[0], &w);
	cr_expect_null(go_round());
	cr_expect_eq(counted(COUNT_BAD_SOURCE), 1);
	close(fd);
}

/* A flood of forgeries in one burst, the answer among them. */
Test(exchange, the_answer_among_forgeries, .init = setup, .fini = teardown)
{
	struct question *q = ask(), *got = NULL;
	struct wire w, good;

	hear(&server[0]);
	w = good = answer(&server[0]);
	for (unsigned int i = 0; i < 40; i++) {
		w.b[0] = (uint8_t)~good.b[0];
		w.b[1] = (uint8_t)i;
		say(&server[0], i == 33 ? &good : &w);
	}
	for (unsigned int i = 0; got == NULL && i < 40; i++)
		got = go_round();
	cr_expect_eq(got, q);
	cr_expect_geq(counted(COUNT_BAD_ID), 33);
}

/* --- several servers --- */

Test(exchange, servfail_from_one_answer_from_the_other, .init = setup_two,
     .fini = teardown)
{
	struct question *q = ask();
	struct wire w, good;
	unsigned int from = 9;

	hear(&server[0]);
	hear(&server[1]);
	w = answer(&server[0]);
	mutate(&w, SERVFAIL);
	say(&server[0], &w);
	cr_expect_null(go_round());
	cr_expect_not(exchange_hopeless(q, T));
	/* Only the other one is asked again. */
	retry(q, T + 100 * CLOCK_MS);
	hear(&server[1]);
	expect_silence();
	good = answer(&server[1]);
	say(&server[1], &good);
	cr_assert_eq(round_of(WAIT_MS, &from), q);
	cr_expect_eq(from, 1);
}

Test(exchange, all_failed, .init = setup_two, .fini = teardown)
{
	struct question *q = ask();

	for (unsigned int i = 0; i < 2; i++) {
		struct wire w;

		cr_expect_not(exchange_hopeless(q, T));
		hear(&server[i]);
		w = answer(&server[i]);
		mutate(&w, REFUSED);
		say(&server[i], &w);
		cr_expect_null(go_round());
	}
	cr_expect(exchange_hopeless(q, T));
}

Test(exchange, rejected_by_the_caller, .init = setup_two, .fini = teardown)
{
	struct question *q = ask();
	struct wire w;

	hear(&server[0]);
	hear(&server[1]);
	w = answer(&server[0]);
	say(&server[0], &w);
	cr_assert_eq(go_round(), q);
	exchange_reject(&x, q, 0);
	cr_expect_eq(q->slot, SLOTS_NONE);
	cr_expect_eq(q->answered, 0);
	cr_expect_not(exchange_hopeless(q, T));
	w = answer(&server[1]);
	say(&server[1], &w);
	cr_assert_eq(go_round(), q);
	exchange_reject(&x, q, 1);
	cr_expect(exchange_hopeless(q, T));
}

Test(exchange, nobody_to_ask, .init = setup, .fini = teardown)
{
	struct question *q = new_question(name, T);

	policy.n_upstreams = 0;
	cr_expect_not(exchange_ask(&x, q, &policy, T));
	cr_expect(exchange_hopeless(q, T));
	exchange_end(&x, q, T);
	cr_expect_eq(q->state, QUESTION_FREE, "no sockets, no lingering");
	policy.n_upstreams = 1;
}

/* It may come back, so only that try is lost. */
Test(exchange, interface_that_is_gone, .init = setup_two, .fini = teardown)
{
	struct question *q;

	policy.upstreams[0].ifindex = INT32_MAX;
	q = ask();
	hear(&server[1]);
	expect_silence();
	cr_expect_eq(counted(COUNT_UPSTREAM_ERROR), 1);
	cr_expect_eq(counted(COUNT_ASKED), 1);
	cr_expect(q->sent);
	cr_expect_not(exchange_hopeless(q, T));
	drop_all();
	policy.upstreams[1].ifindex = INT32_MAX;
	q = ask();
	expect_silence();
	cr_expect_not(q->sent);
	cr_expect_not(exchange_hopeless(q, T));
	cr_expect(exchange_hopeless(q, T + 3000 * CLOCK_MS));
}
