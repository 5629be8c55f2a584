/* SPDX-License-Identifier: ISC */
/* The exchange: retries, lateness, and its table. */
#include "fakeserver.h"

/* --- time --- */

static const struct {
	const char *what;
	uint64_t ms;
	unsigned int queries;	/* sent at this time */
	uint64_t due_ms;	/* next, when it is over */
} times[] = {
	{ "the instant it is asked", 0, 0, 100 },
	{ "just before the first retry", 99, 0, 100 },
	{ "first retry", 100, 1, 300 },
	{ "again at the same time", 100, 0, 300 },
	{ "just before the second", 299, 0, 300 },
	{ "second retry, late", 350, 1, 900 },
	{ "third retry", 900, 1, 3000 },
	{ "no fourth", 2000, 0, 3000 },
	{ "the last moment", 2999, 0, 3000 },
};

Test(exchange, retries, .init = setup, .fini = teardown)
{
	struct question *q = ask();
	struct wire first;

	hear(&server[0]);
	first = server[0].query;
	for (size_t i = 0; i < NITEMS(times); i++) {
		uint64_t now = T + times[i].ms * CLOCK_MS;

		retry(q, now);
		for (unsigned int n = 0; n < times[i].queries; n++) {
			hear(&server[0]);
			/* Same id, same spelling: the first answer counts. */
			cr_expect_arr_eq(server[0].query.b, first.b, first.len,
					 "%s", times[i].what);
		}
		expect_silence();
		cr_expect_eq(exchange_due(&x, now),
			     T + times[i].due_ms * CLOCK_MS, "%s",
			     times[i].what);
		cr_expect_not(exchange_hopeless(q, now), "%s", times[i].what);
	}
	cr_expect(exchange_hopeless(q, T + 3000 * CLOCK_MS));
	cr_expect_eq(counted(COUNT_RETRY), 3);
	cr_expect_eq(counted(COUNT_ASKED), 4);
}

Test(exchange, answer_to_the_first_try_after_the_second, .init = setup,
     .fini = teardown)
{
	struct question *q = ask();
	struct wire w;

	hear(&server[0]);
	w = answer(&server[0]);
	retry(q, T + 100 * CLOCK_MS);
	say(&server[0], &w);
	cr_expect_eq(go_round(), q);
}

/* The network has changed: all three tries are ahead again. */
Test(exchange, again_starts_anew, .init = setup, .fini = teardown)
{
	static const uint64_t ms[] = { 0, 100, 300, 900 };
	struct question *q = ask();
	uint64_t now = T + 2500 * CLOCK_MS;

	hear(&server[0]);
	retry(q, T + 100 * CLOCK_MS);
	hear(&server[0]);
	exchange_again(q, now);
	for (size_t i = 0; i < NITEMS(ms); i++) {
		cr_expect_eq(exchange_due(&x, now), now + ms[i] * CLOCK_MS);
		retry(q, now + ms[i] * CLOCK_MS);
		hear(&server[0]);
	}
	cr_expect_not(exchange_hopeless(q, now + 2999 * CLOCK_MS));
	cr_expect(exchange_hopeless(q, now + 3000 * CLOCK_MS));
}

Test(exchange, again_leaves_what_is_held, .init = setup, .fini = teardown)
{
	struct question *q = ask();

	hear(&server[0]);
	q->state = QUESTION_HELD;
	exchange_again(q, T + 50 * CLOCK_MS);
	retry(q, T + 50 * CLOCK_MS);
	expect_silence();
	cr_expect_eq(q->deadline, T + 3000 * CLOCK_MS);
}

Test(exchange, held_is_not_asked_again, .init = setup, .fini = teardown)
{
	struct question *q = ask();

	hear(&server[0]);
	q->state = QUESTION_HELD;
	retry(q, T + 100 * CLOCK_MS);
	expect_silence();
	cr_expect_not(exchange_hopeless(q, T + 9000 * CLOCK_MS));
}

Test(exchange, late_and_twice, .init = setup, .fini = teardown)
{
	struct question *q = ask();
	struct wire w;

	hear(&server[0]);
	w = answer(&server[0]);
	say(&server[0], &w);
	cr_assert_eq(go_round(), q);
	exchange_end(&x, q, T);
	cr_expect_eq(q->state, QUESTION_LINGER);
	cr_expect_eq(slots.n_free, SLOT_COUNT);
	say(&server[0], &w);
	cr_expect_null(go_round());
	cr_expect_eq(counted(COUNT_LATE), 1);
	cr_expect_eq(exchange_due(&x, T + 999 * CLOCK_MS),
		     T + 1000 * CLOCK_MS);
	cr_expect_eq(q->state, QUESTION_LINGER);
	cr_expect_eq(exchange_due(&x, T + 1000 * CLOCK_MS), UINT64_MAX);
	cr_expect_eq(q->state, QUESTION_FREE);
	cr_expect_eq(open_fds(), fds_before);
}

/* --- the table --- */

Test(exchange, found_while_it_is_open, .init = setup, .fini = teardown)
{
	struct question *q = ask();
	uint8_t wire[DNSNAME_MAX];
	size_t len = dnsname_from_text(name, wire);

	cr_expect_eq(exchange_find(&x, wire, len, DNSTYPE_A), q);
	cr_expect_null(exchange_find(&x, wire, len, DNSTYPE_AAAA));
	cr_expect_null(exchange_find(&x, wire, len - 1, DNSTYPE_A));
	q->state = QUESTION_HELD;
	cr_expect_eq(exchange_find(&x, wire, len, DNSTYPE_A), q);
	exchange_end(&x, q, T);
	cr_expect_null(exchange_find(&x, wire, len, DNSTYPE_A));
}

static struct question *ask_nth(unsigned int i)
{
	char text[32];

	snprintf(text, sizeof(text), "n%u.example", i);
	return new_question(text, T);
}

Test(exchange, full_table_refuses, .init = setup, .fini = teardown)
{
	for (unsigned int i = 0; i < QUESTIONS_MAX; i++)
		cr_assert_not_null(ask_nth(i));
	cr_expect_null(ask_nth(99));
	x.question[5].state = QUESTION_HELD;
	cr_expect_null(ask_nth(99), "held is in use as well");
	drop_all();
	cr_expect_not_null(ask_nth(99));
}

Test(exchange, the_oldest_lingering_one_gives_way, .init = setup,
     .fini = teardown)
{
	for (unsigned int i = 0; i < QUESTIONS_MAX; i++)
		cr_assert(exchange_ask(&x, ask_nth(i), &policy, T));
	exchange_end(&x, &x.question[9], T + 1);
	exchange_end(&x, &x.question[3], T + 2);
	cr_expect_eq(ask_nth(99), &x.question[9]);
	cr_expect_eq(ask_nth(98), &x.question[3]);
	cr_expect_null(ask_nth(97));
}

/* What stood in the place before does not shine through. */
/* Its socket is used again: by another port, and with nothing in it. */
Test(exchange, who_gives_way_leaves_nothing_to_hear, .init = setup,
     .fini = teardown)
{
	struct question *q = ask();
	unsigned int fds;
	struct wire w;

	hear(&server[0]);
	w = answer(&server[0]);
	exchange_end(&x, q, T);
	for (unsigned int i = 1; i < QUESTIONS_MAX; i++)
		cr_assert_not_null(ask_nth(i));
	fds = open_fds();
	say(&server[0], &w);
	cr_assert_eq(ask(), q);
	cr_expect_eq(open_fds(), fds, "no other socket is opened");
	say(&server[0], &w);
	cr_expect_not(readable(x.poller->fd, 0), "the old port is nobody's");
	hear(&server[0]);
	w = answer(&server[0]);
	say(&server[0], &w);
	cr_expect_eq(go_round(), q);
}

Test(exchange, a_place_used_again_is_fresh, .init = setup, .fini = teardown)
{
	struct question *q = ask();
	struct wire w;

	hear(&server[0]);
	w = answer(&server[0]);
	retry(q, T + 100 * CLOCK_MS);
	hear(&server[0]);
	exchange_end(&x, q, T + 100 * CLOCK_MS);
	exchange_due(&x, T + 1100 * CLOCK_MS);
	cr_assert_eq(ask(), q);
	hear(&server[0]);
	cr_expect_eq(q->slot, SLOTS_NONE);
	cr_expect_eq(exchange_due(&x, T), T + 100 * CLOCK_MS);
	/* The old answer, to the old socket: nobody there. */
	say(&server[0], &w);
	cr_expect_null(go_round());
	cr_expect_eq(counted(COUNT_BAD_ID) + counted(COUNT_BAD_CASE), 1);
}
