/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "hosttree.h"

static const struct {
	const char *what, *commands;
} originals[] = {
	{ "regular",       FILE_IS(TEXT) },
	{ "no file",       "true" },
	{ "empty",         "touch resolv.conf" },
	{ "no last line feed", FILE_IS("nameserver 192.0.2.53") },
	{ "secret",        FILE_IS(TEXT) "chmod 0600 resolv.conf" },
	{ "set-id",        FILE_IS(TEXT) "chmod 6755 resolv.conf" },
	{ "no rights",     FILE_IS(TEXT) "chmod 0 resolv.conf" },
	{ "owner",         FILE_IS(TEXT) "chown 7:8 resolv.conf || true" },
	{ "old",           FILE_IS(TEXT) "touch -d 2001-02-03 resolv.conf" },
	{ "symlink",       "echo nameserver 192.0.2.53 > real;"
			   "ln -s \"$PWD/real\" resolv.conf" },
	{ "relative symlink", "mkdir ../run;"
			   "echo nameserver 192.0.2.53 > ../run/real;"
			   "ln -s ../run/real resolv.conf" },
	{ "dangling symlink", "ln -s ../run/none resolv.conf" },
	{ "symlink to itself", "ln -s resolv.conf resolv.conf" },
	{ "second link",   FILE_IS(TEXT) "ln resolv.conf other" },
};

Test(hostdns_file, comes_back_whole)
{
	for (size_t i = 0; i < NITEMS(originals); i++) {
		struct snapshot before, after;
		struct hostdns *h;

		make_tree(originals[i].commands);
		take(&before);
		h = opened();
		cr_expect(!h->ops->pointed(h));
		restore(h);
		take(&after);
		cr_expect(is_same(&before, &after), "%s: nothing to restore",
			  originals[i].what);
		for (unsigned int twice = 0; twice < 2; twice++) {
			point(h);
			take(&after);
			cr_expect(S_ISREG(after.st.st_mode));
			cr_expect_eq(after.st.st_mode & 07777, 0644);
			cr_expect(strstr(after.text,
					 "nameserver 127.0.0.1\n"
					 "nameserver ::1\n") != NULL);
			restore(h);
			take(&after);
			cr_expect(is_same(&before, &after), "%s",
				  originals[i].what);
			restore(h);
			expect_clean(originals[i].what);
		}
		h->ops->close(h);
		remove_tree();
	}
}

/* Attributes of the kind the row wants are really there. */
Test(hostdns_file, attribute_is_tested)
{
	struct snapshot s;

	make_tree(FILE_IS(TEXT));
	if (setxattr("resolv.conf", "user.mark", "x", 1, 0) != 0)
		cr_skip_test("no user attributes in /tmp");
	take(&s);
	cr_expect_str_eq(s.xattr, "x");
	struct hostdns *h = opened();
	point(h);
	take(&s);
	cr_expect_str_eq(s.xattr, "");
	restore(h);
	take(&s);
	cr_expect_str_eq(s.xattr, "x");
	h->ops->close(h);
	remove_tree();
}

Test(hostdns_file, keeps_search_and_options)
{
	struct snapshot s;
	struct hostdns *h;

	make_tree("printf '# c\\nsearch a.example b.example\\r\\n"
		  "domain\\tc.example\\nnameserver 192.0.2.53\\n"
		  "options  edns0 trust-ad\nsortlist 1.1.1.1\n"
		  "searching x\\nsearch\\n' > resolv.conf");
	h = opened();
	point(h);
	take(&s);
	cr_expect(strstr(s.text, "\nsearch a.example b.example\n"
			 "domain\tc.example\noptions  edns0 trust-ad\n"
			 "nameserver 127.0.0.1\nnameserver ::1\n") != NULL,
		  "%s", s.text);
	cr_expect(strstr(s.text, "search .\n") == NULL, "of resolved's own");
	h->ops->close(h);
	remove_tree();
}

Test(hostdns_file, pointed_twice)
{
	struct snapshot before, first, second, other;
	struct hostdns *h;
	struct why why;

	make_tree(FILE_IS(TEXT));
	take(&before);
	h = opened();
	point(h);
	take(&first);
	point(h);
	take(&second);
	cr_expect(is_same(&first, &second), "the same again changes nothing");
	cr_expect_eq(h->ops->point(h, loopback, 1, &why), 0);
	take(&other);
	cr_expect(strstr(other.text, "::1") == NULL);
	cr_expect(strstr(other.text, "search corp.example\n") != NULL);
	restore(h);
	take(&second);
	cr_expect(is_same(&before, &second));
	expect_clean("twice");
	h->ops->close(h);
	remove_tree();
}

static const struct {
	const char *what, *commands, *want;
} foreign[] = {
	{ "rewritten",   "echo nameserver 192.0.2.7 > resolv.conf",
	  "nameserver 192.0.2.7\n" },
	{ "replaced",    "echo nameserver 192.0.2.7 > x; mv x resolv.conf",
	  "nameserver 192.0.2.7\n" },
	{ "symlink now", "echo nameserver 192.0.2.7 > x;"
			 "ln -sf x resolv.conf", "nameserver 192.0.2.7\n" },
	{ "emptied",     ": > resolv.conf", "" },
	{ "dangling now", "ln -sf nowhere resolv.conf", "" },
};

Test(hostdns_file, changed_by_somebody_else)
{
	for (size_t i = 0; i < 2 * NITEMS(foreign); i++) {
		bool restart = i % 2 != 0;
		struct snapshot theirs, after;
		struct hostdns *h;

		make_tree(FILE_IS(TEXT));
		h = opened();
		point(h);
		run("%s", foreign[i / 2].commands);
		take(&theirs);
		cr_expect(!h->ops->pointed(h));
		if (restart) {
			h->ops->close(h);
			h = opened();
		} else {
			restore(h);
		}
		take(&after);
		cr_expect(is_same(&theirs, &after), "%s", foreign[i / 2].what);
		cr_expect_str_eq(after.text, foreign[i / 2].want);
		expect_clean(foreign[i / 2].what);
		point(h);
		restore(h);
		take(&after);
		cr_expect(is_same(&theirs, &after), "%s: theirs is the "
			  "original now", foreign[i / 2].what);
		h->ops->close(h);
		remove_tree();
	}
}

/* Pointing again takes theirs for the original. */
Test(hostdns_file, pointed_again_after_a_change)
{
	struct snapshot theirs, after;
	struct hostdns *h;

	make_tree(FILE_IS(TEXT));
	h = opened();
	point(h);
	run("echo nameserver 192.0.2.7 > resolv.conf");
	take(&theirs);
	point(h);
	restore(h);
	take(&after);
	cr_expect(is_same(&theirs, &after));
	expect_clean("pointed again");
	h->ops->close(h);
	remove_tree();
}

/* One edited line makes ours theirs. */
Test(hostdns_file, edited)
{
	struct snapshot after;
	struct hostdns *h;

	make_tree(FILE_IS(TEXT));
	h = opened();
	point(h);
	run("echo nameserver 192.0.2.7 >> resolv.conf");
	restore(h);
	take(&after);
	cr_expect(strstr(after.text, "192.0.2.7") != NULL);
	expect_clean("edited");
	h->ops->close(h);
	remove_tree();
}

Test(hostdns_file, taken_away)
{
	struct snapshot before, after;
	struct hostdns *h;
	struct why why;

	make_tree(FILE_IS(TEXT));
	take(&before);
	h = opened();
	point(h);
	run("rm resolv.conf");
	restore(h);
	take(&after);
	cr_expect(is_same(&before, &after), "the file");
	point(h);
	run("rm .resolv.conf.sallyport-saved");
	cr_expect_eq(h->ops->restore(h, &why), -ENOENT);
	cr_expect(strstr(why.text, "taken away") != NULL, "%s", why.text);
	h->ops->close(h);
	h = opened();	/* starts all the same */
	h->ops->close(h);
	remove_tree();
}

Test(hostdns_file, reads_the_original_while_pointed)
{
	for (size_t i = 0; i < NITEMS(originals); i++) {
		char a[IPADDR_TEXT], b[IPADDR_TEXT];
		struct hostdns *h;
		const char *was;

		make_tree(originals[i].commands);
		h = opened();
		if (strcmp(originals[i].what, "symlink to itself") != 0) {
			was = read_first(h, a);
			point(h);
			cr_expect_str_eq(was, read_first(h, b), "%s",
					 originals[i].what);
			cr_expect(strstr(originals[i].commands, "192.0.2") ==
				  NULL || strcmp(b, "192.0.2.53") == 0, "%s",
				  originals[i].what);
			restore(h);
		}
		h->ops->close(h);
		remove_tree();
	}
}

Test(hostdns_file, cannot)
{
	struct hostdns *h;
	struct why why;

	make_tree("true");
	snprintf(conf.resolv_conf, PATH_MAX, "%s/none/resolv.conf", root);
	cr_expect_eq(hostdns_open(&h, &conf, &why), -ENOENT);
	cr_expect(strstr(why.text, "/none/resolv.conf: cannot open its "
			 "directory: No such file") != NULL, "%s", why.text);
	remove_tree();
}

static const struct {
	enum conf_hostdns hostdns;
	uint16_t port;
	const char *name;
} choices[] = {
	{ HOSTDNS_AUTO, 53,   "file" },
	{ HOSTDNS_AUTO, 5353, "none" },
	{ HOSTDNS_FILE, 53,   "file" },
	{ HOSTDNS_NONE, 53,   "none" },
};

Test(hostdns, chooser)
{
	make_tree(FILE_IS(TEXT));
	for (size_t i = 0; i < NITEMS(choices); i++) {
		struct snapshot before, after;
		char a[IPADDR_TEXT];
		struct hostdns *h;
		struct why why;

		take(&before);
		conf.hostdns = choices[i].hostdns;
		conf.port = choices[i].port;
		h = opened();
		cr_expect_str_eq(h->ops->name, choices[i].name);
		cr_expect_str_eq(read_first(h, a), "192.0.2.53");
		cr_expect_eq(h->ops->point(h, loopback, 2, &why), 0);
		cr_expect_eq(h->ops->pointed(h),
			     strcmp(choices[i].name, "file") == 0);
		cr_expect_eq(h->ops->restore(h, &why), 0);
		take(&after);
		cr_expect(is_same(&before, &after));
		h->ops->close(h);
	}
	remove_tree();
}
