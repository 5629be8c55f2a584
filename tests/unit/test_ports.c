/* SPDX-License-Identifier: ISC */
/* Who shares a port with whom, and that nobody gets another's answer. */
#include "fakeserver.h"

/* ---- the table */

static uint16_t join(unsigned int to, uint64_t ms, uint8_t *use)
{
	return ports_join(&x.ports, to, &policy.upstreams[to], 0,
			  T + ms * CLOCK_MS, use);
}

static const struct {
	const char *what;
	unsigned int before;	/* uses, at 0 ms */
	unsigned int server;	/* the last one's */
	uint64_t ms;
	bool apart;		/* ports_part() before it */
	bool shared;
} joins[] = {
	{ "two at the same time", 1, 0, 0, false, true },
	{ "the last that is early enough", 1, 0, PORT_YOUNG_MS - 1, false,
	  true },
	{ "a moment later", 1, 0, PORT_YOUNG_MS, false, false },
	{ "the last place", PORT_USES - 1, 0, 0, false, true },
	{ "no place left", PORT_USES, 0, 0, false, false },
	{ "another server", 1, 1, 0, false, false },
	{ "another episode", 1, 0, 0, true, false },
};

Test(ports, who_shares, .init = setup_two, .fini = teardown)
{
	for (size_t i = 0; i < NITEMS(joins); i++) {
		uint8_t use[PORT_USES], last;
		uint16_t port = PORTS_NONE, other;

		for (unsigned int k = 0; k < joins[i].before; k++) {
			port = join(0, 0, &use[k]);
			cr_expect_eq(use[k], k, "%s", joins[i].what);
		}
		if (joins[i].apart)
			ports_part(&x.ports);
		other = join(joins[i].server, joins[i].ms, &last);
		cr_expect_eq(other == port, joins[i].shared, "%s",
			     joins[i].what);
		for (unsigned int k = 0; k < joins[i].before; k++)
			ports_leave(&x.ports, port, use[k]);
		cr_expect_neq(x.ports.port[other].fd, -1, "%s",
			      joins[i].what);
		ports_leave(&x.ports, other, last);
		cr_expect_eq(x.ports.port[other].fd, -1, "%s",
			     joins[i].what);
		cr_expect_eq(open_fds(), fds_before, "%s", joins[i].what);
	}
}

/* A place is not given twice: what comes late to one is nobody else's. */
Test(ports, a_place_is_used_once, .init = setup, .fini = teardown)
{
	uint8_t first, second, third;
	uint16_t port = join(0, 0, &first);

	cr_assert_eq(join(0, 0, &second), port);
	x.ports.port[port].use[first].id = 7;
	cr_expect_not_null(ports_find(&x.ports.port[port], 7));
	ports_leave(&x.ports, port, first);
	cr_expect_null(ports_find(&x.ports.port[port], 7));
	cr_assert_eq(join(0, 0, &third), port);
	cr_expect_eq(third, 2);
	ports_leave(&x.ports, port, second);
	ports_leave(&x.ports, port, third);
}

Test(ports, all_there_can_be, .init = setup, .fini = teardown)
{
	static uint8_t use[PORTS_MAX], none;

	for (unsigned int i = 0; i < PORTS_MAX; i++) {
		ports_part(&x.ports);
		cr_assert_neq(join(0, 0, &use[i]), PORTS_NONE, "%u", i);
	}
	ports_part(&x.ports);
	cr_expect_eq(join(0, 0, &none), PORTS_NONE, "one too many");
	for (uint16_t i = 0; i < PORTS_MAX; i++)
		ports_leave(&x.ports, i, use[i]);
}

/* ---- questions */

static struct question *ask_nth(unsigned int i)
{
	char text[32];
	struct question *q;

	snprintf(text, sizeof(text), "n%u.example", i);
	q = new_question(text, T);
	cr_assert(exchange_ask(&x, q, &policy, T));
	return q;
}

Test(ports, each_gets_its_own_answer, .init = setup, .fini = teardown)
{
	enum { N = PORT_USES + 2 };
	struct question *q[N];
	struct wire said[N];
	in_port_t port[N];

	for (unsigned int i = 0; i < N; i++)
		q[i] = ask_nth(i);
	expect_silence();
	exchange_flush(&x);
	for (unsigned int i = 0; i < N; i++) {
		hear(&server[0]);
		said[i] = server[0].query;
		said[i].b[2] |= DNSFLAG_QR >> 8;
		port[i] = server[0].client.in.sin_port;
		for (unsigned int k = 0; k < i; k++)
			cr_expect(q[i]->server[0].port !=
				  q[k]->server[0].port ||
				  q[i]->server[0].id != q[k]->server[0].id);
	}
	cr_expect_eq(port[0], port[PORT_USES - 1]);
	cr_expect_neq(port[0], port[PORT_USES]);
	cr_expect_eq(port[PORT_USES], port[N - 1]);
	for (unsigned int i = N; i-- > 0; ) {
		server[0].client.in.sin_port = port[i];
		say(&server[0], &said[i]);
		cr_expect_eq(go_round(), q[i], "%u", i);
		exchange_end(&x, q[i], T);
	}
	cr_expect_eq(counted(COUNT_ASKED), N);
	/* Once more: all of them are over. */
	for (unsigned int i = 0; i < N; i++) {
		server[0].client.in.sin_port = port[i];
		say(&server[0], &said[i]);
		cr_expect_null(go_round());
		cr_expect_eq(counted(COUNT_LATE), i + 1);
	}
}

/* The id of one with the question of another, on the port of both. */
Test(ports, a_neighbours_id_is_not_enough, .init = setup, .fini = teardown)
{
	struct question *a = ask_nth(0), *b = ask_nth(1);
	struct wire one, other;

	exchange_flush(&x);
	hear(&server[0]);
	one = server[0].query;
	hear(&server[0]);
	other = server[0].query;
	one.b[2] |= DNSFLAG_QR >> 8;
	other.b[2] |= DNSFLAG_QR >> 8;
	for (unsigned int i = 0; i < 2; i++) {
		uint8_t id = one.b[i];

		one.b[i] = other.b[i];
		other.b[i] = id;
	}
	say(&server[0], &one);
	cr_expect_null(go_round());
	say(&server[0], &other);
	cr_expect_null(go_round());
	cr_expect_eq(counted(COUNT_BAD_QUESTION), 2);
	cr_expect_not(exchange_hopeless(a, T));
	cr_expect_not(exchange_hopeless(b, T));
}

/* What was to be sent for a question that is over stays here. */
Test(ports, over_before_it_is_sent, .init = setup, .fini = teardown)
{
	struct question *a = ask_nth(0), *b;

	exchange_drop(&x, a);
	b = ask_nth(1);
	cr_expect_eq(a, b, "the same place");
	exchange_flush(&x);
	hear(&server[0]);
	expect_silence();
	cr_expect_eq(counted(COUNT_ASKED), 1);
}

Test(ports, more_than_the_outbox_holds, .init = setup, .fini = teardown)
{
	for (unsigned int i = 0; i < QUESTIONS_MAX; i++)
		ask_nth(i);
	exchange_flush(&x);
	for (unsigned int i = 0; i < QUESTIONS_MAX; i++)
		hear(&server[0]);
	expect_silence();
	cr_expect_eq(counted(COUNT_ASKED), QUESTIONS_MAX);
}
