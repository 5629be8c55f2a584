/* SPDX-License-Identifier: ISC */
/* Grants that came together: one batch for the kernel, an ack for each. */
#include "answerbench.h"

TestSuite(answerbatch, .init = setup, .fini = teardown);

#define BOTH "add:192.0.2.1/31,192.0.2.2/31 "
#define OPEN1 "open:192.0.2.1,table=1,acks=0 "
#define OPEN2 "open:192.0.2.2,table=1,acks=0 "

/* Two grants, with the ids 1 and 2, at once; what the first must get. */
static void both(const char *one, const char *other, int *error1, int *error2)
{
	struct grant g[2] = { honest(one), honest(other) };

	g[0].id = 1;
	g[1].id = 2;
	push(&g[0]);
	push(&g[1]);
	record_forget();
	cr_assert_eq(answer_grants(&answer), 2);
	*error1 = pop(1);
	*error2 = pop(2);
}

Test(answerbatch, together_or_alone)
{
	static const struct {
		const char *what, *one, *other, *fault;
		int error, want1, want2;
		const char *record;
	} rows[] = {
		{ "nothing in common", "192.0.2.1", "192.0.2.2", NULL, 0, 0,
		  0, BOTH OPEN1 OPEN2 },
		{ "an address in common", "192.0.2.1", "192.0.2.2 192.0.2.1",
		  NULL, 0, 0, 0, "add:192.0.2.1/31 " OPEN1
		  "add:192.0.2.2/31,192.0.2.1/31r "
		  "open:192.0.2.2,table=1,acks=1 " },
		{ "the first is unfit", "127.0.0.1", "192.0.2.2", NULL, 0,
		  -EPERM, 0, "add:192.0.2.2/31 " OPEN2 },
		{ "both are", "127.0.0.1", "127.0.0.2", NULL, 0, -EPERM,
		  -EPERM, "" },
		{ "refused together: each alone", "192.0.2.1", "192.0.2.2",
		  "add:192.0.2.1/31,", -EINVAL, 0, 0,
		  BOTH "add:192.0.2.1/31 " OPEN1 "add:192.0.2.2/31 "
		  "open:192.0.2.2,table=1,acks=1 " },
		{ "not known: neither is open", "192.0.2.1", "192.0.2.2",
		  "add:192.0.2.1/31,", -ETIMEDOUT, -ETIMEDOUT, -ETIMEDOUT,
		  BOTH "remove:192.0.2.1,192.0.2.2 " },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		int error1, error2;

		teardown();
		setup();
		if (rows[i].fault != NULL)
			record_fault(rows[i].fault, rows[i].error, 0, 0);
		both(rows[i].one, rows[i].other, &error1, &error2);
		cr_expect_eq(error1, rows[i].want1, "%s", rows[i].what);
		cr_expect_eq(error2, rows[i].want2, "%s", rows[i].what);
		record_expect(rows[i].record, rows[i].what);
		cr_expect_eq(in_table("192.0.2.1"), rows[i].want1 == 0, "%s",
			     rows[i].what);
		cr_expect_eq(in_kernel("192.0.2.2"), rows[i].want2 == 0, "%s",
			     rows[i].what);
		cr_expect_eq(answer.allowed.n, (rows[i].want1 == 0) +
			     (unsigned int)(rows[i].want2 == 0), "%s",
			     rows[i].what);
	}
}

/* The fault of one is not the other's. */
Test(answerbatch, one_that_the_kernel_refuses)
{
	int error1, error2;

	record_fault("add:192.0.2.1/31,", -EINVAL, 0, 0);
	record_fault("add:192.0.2.2", -EINVAL, 0, 0);
	both("192.0.2.1", "192.0.2.2", &error1, &error2);
	cr_expect_eq(error1, 0);
	cr_expect(in_table("192.0.2.1") && in_kernel("192.0.2.1"));
	cr_expect_not(in_table("192.0.2.2"));
}

Test(answerbatch, one_that_is_too_late)
{
	struct grant g[2] = { honest("192.0.2.1"), honest("192.0.2.2") };

	g[0].deadline = record_clock;
	push(&g[0]);
	push(&g[1]);
	cr_assert_eq(answer_grants(&answer), 2);
	cr_expect_eq(pop(7), -ETIMEDOUT);
	cr_expect_eq(pop(7), 0);
	cr_expect_not(in_kernel("192.0.2.1"));
	cr_expect(in_table("192.0.2.2"));
}

Test(answerbatch, more_than_a_batch)
{
	char text[16];

	for (unsigned int i = 0; i < ANSWER_BATCH + 1; i++) {
		struct grant g;

		snprintf(text, sizeof(text), "192.0.2.%u", i + 1);
		g = honest(text);
		g.id = i;
		push(&g);
	}
	cr_assert_eq(answer_grants(&answer), ANSWER_BATCH + 1);
	for (unsigned int i = 0; i < ANSWER_BATCH + 1; i++)
		cr_expect_eq(pop(i), 0);
	cr_expect_eq(answer.allowed.n, ANSWER_BATCH + 1);
}
