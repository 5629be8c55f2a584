/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

static struct run_end end;
static struct why why;

static int shell(const char *text, const char *input, bool output)
{
	const char *const args[] = { "sh", "-c", text, NULL };

	return run(&(struct run){
		.path = "/bin/sh", .args = args, .input = input,
		.len = strlen(input), .wait_ms = 300, .output = output,
	}, &end, &why);
}

static const struct {
	const char *what, *text;
	bool output;
	int status;
	const char *line;
} ends[] = {
	{ "says nothing",       "exit 3", true, 3, "it did not say why" },
	{ "one line of two",    "echo a b; echo c", true, 0, "a b" },
	{ "stderr alone",       "echo a; echo b >&2", false, 0, "b" },
	{ "what it reads",      "cat", true, 0, "input" },
	{ "environment",        "echo $(env | grep -v -e ^PWD= -e ^_= | sort)",
	  true, 0, "LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin" },
	{ "file mode",          "umask", true, 0, "0022" },
	{ "a group of its own", "[ $(ps -o pgid= -p $$) = $$ ]", true, 0,
	  "it did not say why" },
	{ "no last line feed",  "printf a", true, 0, "a" },
};

Test(run, ends)
{
	umask(077);
	for (size_t i = 0; i < NITEMS(ends); i++) {
		cr_assert_eq(shell(ends[i].text, "input\n", ends[i].output), 0,
			     "%s: %s", ends[i].what, why.text);
		cr_expect(WIFEXITED(end.status) &&
			  WEXITSTATUS(end.status) == ends[i].status,
			  "%s: %x", ends[i].what, (unsigned int)end.status);
		cr_expect_str_eq(end.line, ends[i].line, "%s: \"%s\"",
				 ends[i].what, end.line);
	}
	cr_expect_eq(umask(022), 077, "ours is what it was");
}

/* More than it may say is refused to it. */
Test(run, says_too_much)
{
	cr_assert_eq(shell("exec yes", "", true), 0, "%s", why.text);
	cr_expect(WIFEXITED(end.status) && WEXITSTATUS(end.status) != 0);
	cr_expect_str_eq(end.line, "y");
}

Test(run, a_line_too_long)
{
	cr_assert_eq(shell("head -c 1000 /dev/zero | tr '\\0' x", "", true), 0);
	cr_expect_eq(strlen(end.line), RUN_LINE - 1);
}

Test(run, all_that_it_said)
{
	static const struct {
		const char *what, *text, *want;
	} rows[] = {
		{ "two lines",	"echo a; echo b >&2",	"a\nb\n" },
		{ "nothing",	"true",			"" },
		{ "cut",	"printf 123456789",	"1234567" },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		const char *const args[] = { "sh", "-c", rows[i].text, NULL };
		char text[8] = "unread";

		cr_assert_eq(run(&(struct run){
			.path = "/bin/sh", .args = args, .input = "",
			.wait_ms = 300, .output = true, .text = text,
			.size = sizeof(text),
		}, &end, &why), 0);
		cr_expect_str_eq(text, rows[i].want, "%s", rows[i].what);
	}
}

/* With its children. */
Test(run, hangs)
{
	char name[] = "/tmp/test_run.XXXXXX", text[128];
	int fd = mkstemp(name);
	struct stat st;

	cr_assert(fd >= 0);
	snprintf(text, sizeof(text), "(sleep 1; echo x >%s) & wait", name);
	cr_expect_eq(shell(text, "", true), -ETIMEDOUT);
	cr_expect_str_eq(why.text, "sh had not ended after 300 ms");
	sleep(2);
	cr_expect(fstat(fd, &st) == 0 && st.st_size == 0, "a child lives on");
	close(fd);
	unlink(name);
}

Test(run, is_not_there)
{
	const char *const args[] = { "none", NULL };
	char path[RUN_LINE];

	cr_expect_eq(run(&(struct run){ .path = "/none", .args = args,
					.input = "", .wait_ms = 300 },
			 &end, &why), -ENOENT);
	cr_expect_str_eq(why.text, "/none: No such file or directory");
	cr_expect_null(run_find("no-such-program", path));
	cr_expect_str_eq(strrchr(run_find("sh", path), '/'), "/sh");
}
