/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/filewatch.h"

static char root[] = "/tmp/test_filewatch.XXXXXX";
static struct filewatch *watch;

static void run(const char *text)
{
	cr_assert_eq(system(text), 0, "%s", text);
}

static void up(void)
{
	struct why why;

	cr_assert(mkdtemp(root) != NULL && chdir(root) == 0);
	cr_assert_eq(filewatch_open(&watch, &why), 0, "%s", why.text);
}

static void down(void)
{
	char text[64];

	filewatch_close(watch);
	snprintf(text, sizeof(text), "rm -rf %s", root);
	cr_assert_eq(chdir("/"), 0);
	run(text);
}

static const struct {
	const char *what, *before, *then;
	bool changed;
} changes[] = {
	{ "nothing",              "echo a >f", "true", false },
	{ "another file",         "echo a >f", "echo b >g; mv g h", false },
	{ "read",                 "echo a >f", "cat f", false },
	{ "written",              "echo a >f", "echo b >f", true },
	{ "renamed over",         "echo a >f; echo b >g", "mv g f", true },
	{ "removed",              "echo a >f", "rm f", true },
	{ "renamed away",         "echo a >f", "mv f g", true },
	{ "mode",                 "echo a >f", "chmod 600 f", true },
	{ "comes",                "true", "echo a >f", true },
	{ "begun, not written",   "true", "exec 9>f; kill -9 $$",
	  true },
	{ "comes as a link",      "true", "ln -s g f", true },
	{ "comes as a hard link", "echo a >g", "ln g f", true },
	{ "link elsewhere",       "ln -s g f", "ln -sfn h f", true },
	{ "target written",       "mkdir d; echo a >d/g; ln -s d/g f",
	  "echo b >d/g", true },
	{ "target renamed over",  "mkdir d; echo a >d/g; ln -s d/g f",
	  "echo b >d/h; mv d/h d/g", true },
	{ "beside the target",    "mkdir d; echo a >d/g; ln -s d/g f",
	  "echo b >d/h", false },
	{ "third of three",       "mkdir d e; echo a >e/h; ln -s ../e/h d/g;"
	  "ln -s \"$PWD/d/g\" f", "echo b >e/h", true },
	{ "dangling, comes",      "mkdir d; ln -s d/g f", "echo a >d/g", true },
	{ "folder missing, comes", "ln -s d/e/g f", "mkdir d", true },
	{ "folder missing, another", "ln -s d/e/g f", "mkdir c", false },
	{ "link to itself",       "ln -s f f", "rm f", true },
	{ "folder, file comes",   "mkdir all", "echo a >all/x", true },
	{ "folder, file goes",    "mkdir all; echo a >all/x", "rm all/x",
	  true },
	{ "folder, goes",         "mkdir all", "rmdir all", true },
	{ "folder, comes",        "true", "mkdir all", true },
};

static void follow(void)
{
	char file[64], all[64];
	const char *const paths[] = { file, all };

	snprintf(file, sizeof(file), "%s/f", root);
	snprintf(all, sizeof(all), "%s/all/", root);
	filewatch_follow(watch, paths, NITEMS(paths));
}

Test(filewatch, changes, .init = up, .fini = down)
{
	for (size_t i = 0; i < NITEMS(changes); i++) {
		bool changed;

		run("rm -rf ./*");
		run(changes[i].before);
		follow();
		(void)filewatch_changed(watch);
		cr_assert_neq(system(changes[i].then), -1);
		changed = filewatch_changed(watch);
		cr_expect(changed == changes[i].changed ||
			  (changed && !filewatch_exact), "%s",
			  changes[i].what);
		cr_expect(!filewatch_changed(watch), "%s: told once",
			  changes[i].what);
	}
}

/* A file that is being written is not looked at half. */
Test(filewatch, begun, .init = up, .fini = down)
{
	FILE *out;

	if (!filewatch_exact)
		return;
	follow();
	out = fopen("f", "w");
	cr_assert(out != NULL);
	cr_expect(!filewatch_changed(watch), "begun");
	fputs("nameserver 192.0.2.1\n", out);
	fflush(out);
	cr_expect(!filewatch_changed(watch), "half");
	fclose(out);
	cr_expect(filewatch_changed(watch), "whole");
}

/* What was followed before is not any more. */
Test(filewatch, follows_others, .init = up, .fini = down)
{
	run("mkdir d e; echo a >d/g; echo a >e/g; ln -s d/g f");
	follow();
	run("ln -sfn e/g f");
	cr_expect(filewatch_changed(watch));
	follow();
	(void)filewatch_changed(watch);
	run("echo b >d/g");
	cr_expect(!filewatch_changed(watch), "the old target");
	run("echo b >e/g");
	cr_expect(filewatch_changed(watch), "the new one");
	filewatch_follow(watch, NULL, 0);
	(void)filewatch_changed(watch);
	run("echo c >e/g; rm f");
	cr_expect(!filewatch_changed(watch), "none at all");
	filewatch_follow(NULL, NULL, 0);
}

/* The same again: only if nothing has happened is there nothing to do. */
Test(filewatch, follows_again, .init = up, .fini = down)
{
	run("mkdir d e; echo a >d/g; echo a >e/g; ln -s d/g f");
	follow();
	follow();
	run("echo b >d/g");
	cr_expect(filewatch_changed(watch), "still watched");
	follow();
	run("ln -sfn e/g f");
	follow();
	(void)filewatch_changed(watch);
	run("echo b >d/g");
	cr_expect(!filewatch_changed(watch), "the old target");
	run("echo b >e/g");
	cr_expect(filewatch_changed(watch), "the new one, of what was unread");
}
