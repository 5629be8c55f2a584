/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/filewatch.h"

static char folder[] = "/tmp/sallyport-test.XXXXXX";

static void run(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && %s", folder, command);
	cr_assert_eq(system(line), 0, "%s", command);
}

static const struct {
	const char *what, *before, *change;
	bool seen;
} rows[] = {
	{ "nothing", "echo a > P", "true", false },
	{ "read", "echo a > P", "cat P > /dev/null", false },
	{ "written in place", "echo a > P", "echo b > P", true },
	{ "a line more", "echo a > P", "echo b >> P", true },
	{ "emptied", "echo a > P", ": > P", true },
	{ "replaced", "echo a > P", "echo b > Q; mv Q P", true },
	{ "it was not there", "true", "echo a > P", true },
	{ "a neighbour", "echo a > P", "echo b > PP; echo b > p", false },
	{ "the target is written", "mkdir -p t; echo a > t/T; ln -s t/T P",
	  "echo b > t/T", true },
	{ "the target is replaced", "mkdir -p t; echo a > t/T; ln -s t/T P",
	  "echo b > t/U; mv t/U t/T", true },
	{ "the target's neighbour", "mkdir -p t; echo a > t/T; ln -s t/T P",
	  "echo b > t/U", false },
	{ "the symlink is replaced", "mkdir -p t; echo a > t/T; ln -s t/T P",
	  "ln -s t/none Q; mv -T Q P", true },
	{ "target beside it", "echo a > T; ln -s T P", "echo b > T", true },
};

static void init(void)
{
	cr_assert_not_null(mkdtemp(folder));
}

static void fini(void)
{
	run("rm -rf \"$PWD\"");
}

TestSuite(filewatch, .init = init, .fini = fini);

static struct filewatch *opened(void)
{
	struct filewatch *w;
	char path[512];
	struct why why;

	snprintf(path, sizeof(path), "%s/P", folder);
	cr_assert_eq(filewatch_open(&w, path, &why), 0, "%s", why.text);
	return w;
}

Test(filewatch, what_counts)
{
	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct filewatch *w;

		run("rm -rf ./*");
		run(rows[i].before);
		w = opened();
		run(rows[i].change);
		cr_expect_eq(filewatch_look(w), rows[i].seen, "%s",
			     rows[i].what);
		cr_expect_not(filewatch_look(w), "%s: told once",
			      rows[i].what);
		filewatch_close(w);
	}
}

/* As when ours takes the symlink's place, and gives it back. */
Test(filewatch, the_target_of_before_is_watched)
{
	struct filewatch *w;

	run("mkdir t; echo a > t/T; ln -s t/T P");
	w = opened();
	run("echo b > Q; mv -T Q P");
	cr_expect(filewatch_look(w));
	run("echo c > t/T");
	cr_expect(filewatch_look(w), "what the symlink led to");
	run("mkdir s; echo a > s/S; ln -s s/S Q; mv -T Q P");
	cr_expect(filewatch_look(w));
	run("echo b > s/S");
	cr_expect(filewatch_look(w), "another one");
	run("echo d > t/T");
	cr_expect_not(filewatch_look(w), "that of before is nobody's");
	filewatch_close(w);
}

Test(filewatch, readable_when_there_is_something)
{
	struct filewatch *w;
	struct pollfd p = { .events = POLLIN };

	run("echo a > P");
	w = opened();
	p.fd = filewatch_fd(w);
	cr_expect_eq(poll(&p, 1, 0), 0);
	run("echo b > P");
	cr_expect_eq(poll(&p, 1, 2000), 1);
	filewatch_close(w);
}

Test(filewatch, no_directory)
{
	struct filewatch *w;
	struct why why;

	cr_expect_lt(filewatch_open(&w, "/nonexistent/P", &why), 0);
	cr_expect_lt(filewatch_open(&w, "P", &why), 0, "no path");
}
