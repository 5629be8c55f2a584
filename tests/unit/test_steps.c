/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "steps.h"

/* What each of four steps returns, and what was called. */
struct script {
	int result[4];
	char calls[32];		/* "1 2 -1": run 1, run 2, undo 1 */
};

static void note(struct script *s, const char *word)
{
	if (s->calls[0] != '\0')
		strcat(s->calls, " ");
	strcat(s->calls, word);
}

static int run(struct script *s, unsigned int i, const char *word,
	       struct why *why)
{
	note(s, word);
	return s->result[i] < 0 ? why_set(why, s->result[i], "step %s", word) :
				  s->result[i];
}

#define STEP(i, n) \
	static int run##n(void *c, struct why *why) \
	{ return run(c, i, #n, why); } \
	static void undo##n(void *c) { note(c, "-" #n); }

STEP(0, 1)
STEP(1, 2)
STEP(2, 3)
STEP(3, 4)

static const struct step steps[] = {
	{ "one", CAUSE_SET_FIREWALL, run1, undo1 },
	{ "two", CAUSE_START_RESOLVER, run2, undo2 },
	{ "three", CAUSE_READ_DNS, run3, undo3 },
	{ "four", CAUSE_SET_DNS, run4, undo4 },
};

static const struct {
	const char *what;
	unsigned int n;
	int result[4];
	int want;
	const char *calls, *failed;
} rows[] = {
	{ "all are done", 4, { 0, 0, 0, 0 }, 0, "1 2 3 4", NULL },
	{ "all were so already", 4, { 1, 1, 1, 1 }, 0, "1 2 3 4", NULL },
	{ "the first fails", 4, { -EIO, 0, 0, 0 }, -EIO, "1", "one" },
	{ "the second", 4, { 0, -EPERM, 0, 0 }, -EPERM, "1 2 -1", "two" },
	{ "the third", 4, { 0, 0, -EBUSY, 0 }, -EBUSY, "1 2 3 -2 -1",
	  "three" },
	{ "the last", 4, { 0, 0, 0, -EROFS }, -EROFS, "1 2 3 4 -3 -2 -1",
	  "four" },
	{ "what was so stays", 4, { 0, 1, 0, -EIO }, -EIO, "1 2 3 4 -3 -1",
	  "four" },
	{ "nothing of ours to undo", 4, { 1, 1, 1, -EIO }, -EIO, "1 2 3 4",
	  "four" },
	{ "so already, behind one done", 4, { 0, 1, -EIO, 0 }, -EIO,
	  "1 2 3 -1", "three" },
	{ "one alone", 1, { 0, -EIO, 0, 0 }, 0, "1", NULL },
	{ "one alone fails", 1, { -EIO, 0, 0, 0 }, -EIO, "1", "one" },
	{ "none", 0, { -EIO, 0, 0, 0 }, 0, "", NULL },
};

Test(steps, done_together_or_not_at_all)
{
	for (size_t i = 0; i < NITEMS(rows); i++) {
		const struct step *failed = NULL;
		struct script s = { .calls = "" };
		struct why why = { "" };

		memcpy(s.result, rows[i].result, sizeof(s.result));
		cr_expect_eq(steps_run(steps, rows[i].n, &s, &failed, &why),
			     rows[i].want, "%s", rows[i].what);
		cr_expect_str_eq(s.calls, rows[i].calls, "%s: %s",
				 rows[i].what, s.calls);
		if (rows[i].failed == NULL) {
			cr_expect_null(failed, "%s", rows[i].what);
			continue;
		}
		cr_assert_not_null(failed, "%s", rows[i].what);
		cr_expect_str_eq(failed->name, rows[i].failed, "%s",
				 rows[i].what);
		cr_expect(strncmp(why.text, "step ", 5) == 0, "%s: %s",
			  rows[i].what, why.text);
	}
}

Test(steps, in_a_part_of_a_table)
{
	struct script s = { .result = { 0, 0, -EIO, 0 }, .calls = "" };
	const struct step *failed;
	struct why why;

	cr_expect_eq(steps_run(&steps[1], 2, &s, &failed, &why), -EIO);
	cr_expect_str_eq(s.calls, "2 3 -2");
	cr_expect_eq(failed, &steps[2]);
}
