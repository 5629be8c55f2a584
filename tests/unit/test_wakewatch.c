/* SPDX-License-Identifier: ISC */
/*
 * The clocks are the test's: this shows what is made of them, not that a
 * kernel's do so.
 */
#include <criterion/criterion.h>
#include <poll.h>

#include "clock.h"
#include "os/wakeclock.h"
#include "os/wakewatch.h"

#define MIN 60000		/* ms */

/* A look: what the clocks have gone on by since the one before, ms, and how
 * long each reading took. */
struct step {
	int64_t monotonic, boot;
	unsigned int before, after;	/* us, around the boot clock's */
	uint64_t slept;			/* ms, at most a reading's time less */
};

static const struct {
	const char *what;
	struct step step[5];
	unsigned int n;
} rows[] = {
	{ "nothing happens", { { 1, 1, 0, 0, 0 }, { MIN, MIN, 1, 1, 0 } }, 2 },
	{ "NTP steps the wall clock: both go on", { { 10, 10, 1, 1, 0 } }, 1 },
	{ "resume", { { 10, 10 + 5 * MIN, 1, 1, 5 * MIN } }, 1 },
	{ "resume, then a step of the wall clock",
	  { { 10, 10 + MIN, 1, 1, MIN }, { 10, 10, 1, 1, 0 } }, 2 },
	{ "resume, told twice", { { 10, 10 + MIN, 1, 1, MIN },
				  { 0, 0, 1, 1, 0 } }, 2 },
	{ "several in a row",
	  { { 10, 10 + MIN, 1, 1, MIN }, { 1, 1 + MIN, 1, 1, MIN },
	    { 1, 1 + 2 * MIN, 1, 1, 2 * MIN } }, 3 },
	{ "two sleeps before a look are one", { { 20, 20 + 2 * MIN, 1, 1,
						  2 * MIN } }, 1 },
	{ "the shortest", { { 1, 2, 0, 0, 1 } }, 1 },
	{ "too short, until they add up to enough", { { 1000, 1000, 0, 400, 0 },
						     { 1, 2, 0, 0, 1 } }, 2 },
	{ "boot clock goes backwards", { { 10, -MIN, 1, 1, 0 } }, 1 },
	{ "backwards, then a sleep",
	  { { 10, -MIN, 1, 1, 0 }, { 10, 10 + MIN, 1, 1, MIN } }, 2 },
	{ "a pause before the boot clock's reading is no sleep",
	  { { 0, 0, 3000000, 1, 0 } }, 1 },
	{ "a pause behind it is none", { { 0, 0, 1, 3000000, 0 } }, 1 },
	{ "after both pauses a sleep is still seen",
	  { { 0, 0, 3000000, 1, 0 }, { 0, 0, 1, 3000000, 0 },
	    { 10, 10 + MIN, 1, 1, MIN } }, 3 },
	{ "a day", { { 10, 10 + 1440LL * MIN, 1, 1, 1440LL * MIN } }, 1 },
};

static struct {
	int64_t monotonic, boot;	/* ns */
	unsigned int before, after;	/* us */
} fake;

static void read_fake(void *context, struct wakewatch_clocks *c)
{
	cr_assert_eq(context, &fake);
	c->before = (uint64_t)fake.monotonic;
	fake.monotonic += fake.before * 1000LL;
	fake.boot += fake.before * 1000LL;
	c->boot = (uint64_t)fake.boot;
	fake.monotonic += fake.after * 1000LL;
	fake.boot += fake.after * 1000LL;
	c->after = (uint64_t)fake.monotonic;
}

static struct wakewatch *opened(void)
{
	struct wakewatch *w;
	struct why why;

	fake.monotonic = 1000 * (int64_t)CLOCK_S;
	fake.boot = 5000 * (int64_t)CLOCK_S;
	fake.before = fake.after = 0;
	cr_assert_eq(wakewatch_open(&w, read_fake, &fake, &why), 0, "%s",
		     why.text);
	return w;
}

static void expect_step(struct wakewatch *w, const struct step *s,
			const char *what)
{
	uint64_t slack = (s->before + s->after + 2u) * 1000u, slept;
	/* A clock that can be set is not believed when it is only a little. */
	uint64_t seen = s->slept * CLOCK_MS < (uint64_t)wakeclock_shortest ? 0 :
			s->slept * CLOCK_MS;

	fake.monotonic += s->monotonic * (int64_t)CLOCK_MS;
	fake.boot += s->boot * (int64_t)CLOCK_MS;
	fake.before = s->before;
	fake.after = s->after;
	slept = wakewatch_look(w);
	cr_expect(slept <= seen && slept + slack >= seen,
		  "%s: slept %llu us", what, (unsigned long long)slept / 1000);
}

Test(wakewatch, what_the_clocks_say)
{
	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct wakewatch *w = opened();

		for (unsigned int k = 0; k < rows[i].n; k++)
			expect_step(w, &rows[i].step[k], rows[i].what);
		wakewatch_close(w);
	}
}

Test(wakewatch, this_machine_does_not_sleep_meanwhile)
{
	struct wakewatch *w;
	struct pollfd p = { .events = POLLIN };
	struct why why;

	cr_assert_eq(wakewatch_open(&w, NULL, NULL, &why), 0, "%s", why.text);
	p.fd = wakewatch_fd(w);
	cr_expect_eq(poll(&p, 1, 0), 0, "nothing to look at");
	for (unsigned int i = 0; i < 100; i++)
		cr_expect_eq(wakewatch_look(w), 0);
	cr_expect_eq(poll(&p, 1, 0), 0, "still nothing");
	wakewatch_close(w);
}
