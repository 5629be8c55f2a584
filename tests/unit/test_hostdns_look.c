/* SPDX-License-Identifier: ISC */
/*
 * Somebody else changes resolv.conf while it names us: what comes back is what
 * there would be without us.
 */
#include <criterion/criterion.h>
#include <errno.h>

#include "hosttree.h"

static struct why told;

static int looks(struct hostdns *h)
{
	return h->ops->look(h, &told);
}

static const struct {
	const char *what, *before, *then;
} changes[] = {
	{ "written into", FILE_IS(TEXT) "chmod 640 resolv.conf;"
	  "chown 7:8 resolv.conf || true",
	  "echo nameserver 192.0.2.7 >resolv.conf" },
	{ "written through a link", "echo nameserver 192.0.2.53 >real;"
	  "chmod 600 real; ln -s real resolv.conf",
	  "echo nameserver 192.0.2.7 >resolv.conf" },
	{ "emptied", FILE_IS(TEXT), ": >resolv.conf" },
	{ "renamed over", FILE_IS(TEXT), "echo nameserver 192.0.2.7 >x;"
	  "chmod 604 x; mv x resolv.conf" },
	{ "a link now", FILE_IS(TEXT), "echo nameserver 192.0.2.7 >x;"
	  "ln -sf x resolv.conf" },
	{ "another link", "ln -s y resolv.conf", "echo nameserver 192.0.2.7 >x;"
	  "ln -sf x resolv.conf" },
	{ "comes", "true", "echo nameserver 192.0.2.7 >x; mv x resolv.conf" },
	{ "names this host", FILE_IS(TEXT), "echo nameserver 127.0.0.53 >x;"
	  "mv x resolv.conf" },
};

/* st_ino and times are of files made one after the other. */
static void alike(const struct snapshot *a, const struct snapshot *b,
		  const char *what)
{
	cr_expect_eq(a->there, b->there, "%s: there", what);
	cr_expect_eq(a->st.st_mode, b->st.st_mode, "%s: mode", what);
	cr_expect_eq(a->st.st_uid, b->st.st_uid, "%s: owner", what);
	cr_expect_eq(a->st.st_gid, b->st.st_gid, "%s: group", what);
	cr_expect_str_eq(a->link, b->link, "%s: link", what);
	cr_expect_str_eq(a->text, b->text, "%s: \"%s\"", what, b->text);
}

static void without_us(size_t i, struct snapshot *s)
{
	make_tree(changes[i].before);
	run("%s", changes[i].then);
	take(s);
	remove_tree();
}

Test(hostdns_look, as_without_us)
{
	for (size_t i = 0; i < NITEMS(changes); i++) {
		struct snapshot want, got;
		struct hostdns *h;

		without_us(i, &want);
		make_tree(changes[i].before);
		h = opened();
		cr_expect_eq(looks(h), 0, "not pointed");
		point(h);
		cr_expect_eq(looks(h), 0);
		run("%s", changes[i].then);
		cr_expect_eq(looks(h), 1, "%s", changes[i].what);
		cr_expect(h->ops->pointed(h), "%s", changes[i].what);
		cr_expect_eq(looks(h), 0, "%s: once", changes[i].what);
		restore(h);
		take(&got);
		alike(&want, &got, changes[i].what);
		expect_clean(changes[i].what);
		run("%s", changes[i].then);
		cr_expect_eq(looks(h), 0, "not pointed any more");
		h->ops->close(h);
		remove_tree();
	}
}

static const struct {
	const char *what, *then;
} nothing[] = {
	{ "an option",   "echo options rotate >>resolv.conf" },
	{ "one of ours", "sed -i /::1/d resolv.conf" },
	{ "taken away",  "rm resolv.conf" },
	{ "touched",     "touch resolv.conf; chmod 600 resolv.conf" },
};

Test(hostdns_look, no_other_server)
{
	for (size_t i = 0; i < NITEMS(nothing); i++) {
		struct snapshot before, after;
		char a[IPADDR_TEXT];
		struct hostdns *h;

		make_tree(FILE_IS(TEXT));
		take(&before);
		h = opened();
		point(h);
		run("%s", nothing[i].then);
		cr_expect_geq(looks(h), 0, "%s", nothing[i].what);
		cr_expect(h->ops->pointed(h), "%s", nothing[i].what);
		cr_expect_str_eq(read_first(h, a), "192.0.2.53", "%s",
				 nothing[i].what);
		restore(h);
		take(&after);
		cr_expect(is_same(&before, &after), "%s", nothing[i].what);
		expect_clean(nothing[i].what);
		h->ops->close(h);
		remove_tree();
	}
}

Test(hostdns_look, a_fight_ends)
{
	struct snapshot theirs, after;
	struct hostdns *h;
	char a[IPADDR_TEXT];

	make_tree(FILE_IS(TEXT));
	h = opened();
	point(h);
	for (unsigned int i = 0; i < 5; i++) {
		run("echo nameserver 192.0.2.%u >x; mv x resolv.conf", i + 1);
		cr_expect_eq(looks(h), 1);
	}
	run("echo nameserver 192.0.2.9 >x; mv x resolv.conf");
	take(&theirs);
	cr_expect_eq(looks(h), -EBUSY);
	cr_expect(strstr(told.text, "somebody else keeps writing") != NULL,
		  "%s", told.text);
	cr_expect_str_eq(read_first(h, a), "192.0.2.9");
	restore(h);
	take(&after);
	cr_expect(is_same(&theirs, &after));
	expect_clean("a fight");
	h->ops->close(h);
	remove_tree();
}
