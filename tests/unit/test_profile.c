/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/profile.c"

static char tree[64];

static void make_tree(void)
{
	strcpy(tree, "/tmp/test_profile.XXXXXX");
	cr_assert(mkdtemp(tree) != NULL);
	root = tree;
}

static void remove_tree(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", tree);
	cr_assert_eq(system(command), 0);
}

static void make_parents(char *path)
{
	for (char *at = strchr(path + 1, '/'); at != NULL;
	     at = strchr(at + 1, '/')) {
		*at = '\0';
		mkdir(path, 0755);
		*at = '/';
	}
}

static void put_file(const char *path, const char *text)
{
	char full[PATH_MAX];
	FILE *out;

	snprintf(full, sizeof(full), "%s%s", tree, path);
	make_parents(full);
	out = fopen(full, "w");
	cr_assert(out != NULL, "%s", full);
	fputs(text, out);
	fclose(out);
}

/* "a b" of the names a profile gives. */
static void names_of(const char *word, char *list, size_t size)
{
	struct conf c = { 0 };
	struct why why;
	char text[DNSNAME_TEXT];
	size_t at = 0;

	cr_assert_eq(profile_add(&c, word, &why), 0, "%s", why.text);
	list[0] = '\0';
	for (unsigned int i = 0; i < c.n_names; i++)
		at += (size_t)snprintf(list + at, size - at, "%s%s",
				       i > 0 ? " " : "",
				       dnsname_to_text(c.names[i].wire,
						       c.names[i].len, text));
}

#define ETC "/etc/NetworkManager/"
#define RUN "/run/NetworkManager/"
#define LIB "/usr/lib/NetworkManager/"
#define URI(u) "[connectivity]\nuri=" u "\n"

struct file {
	const char *path, *text;
};

static const struct {
	const char *what;
	struct file file[4];
	const char *want;
} trees[] = {
	{ "nothing known", { { 0 } }, "nmcheck.gnome.org" },
	{ "debian", { { "/etc/os-release", "NAME=x\nID=debian\n" } },
	  "network-test.debian.org" },
	{ "quoted id", { { "/etc/os-release", "ID=\"fedora\"\n" } },
	  "fedoraproject.org" },
	{ "like", { { "/etc/os-release",
		      "ID_LIKE=\"foo ubuntu debian\"\nID=mint\n" } },
	  "connectivity-check.ubuntu.com" },
	{ "id before like", { { "/etc/os-release",
				"ID_LIKE=fedora\nID=rhel\n" } },
	  "static.redhat.com" },
	{ "opensuse flavour", { { "/etc/os-release",
				  "ID=opensuse-tumbleweed\n" } },
	  "conncheck.opensuse.org" },
	{ "main file", { { ETC "NetworkManager.conf",
			   URI("http://a.example/nm") } }, "a.example" },
	{ "final dot", { { ETC "NetworkManager.conf",
			   URI("http://a.example./") } }, "a.example" },
	{ "port", { { ETC "NetworkManager.conf",
		      URI("https://a.example:8443/x?y#z") } }, "a.example" },
	{ "blanks and CRLF", { { ETC "NetworkManager.conf",
		"[connectivity]\r\n uri = http://a.example/\r\n" } },
	  "a.example" },
	{ "other section", { { ETC "NetworkManager.conf",
		"[main]\nuri=http://a.example/\n" } }, "nmcheck.gnome.org" },
	{ "key that begins alike", { { ETC "NetworkManager.conf",
		"[connectivity]\nuri2=http://a.example/\n" } },
	  "nmcheck.gnome.org" },
	{ "comment", { { ETC "NetworkManager.conf",
		"[connectivity]\n#uri=http://a.example/\n" } },
	  "nmcheck.gnome.org" },
	{ "address, no name", { { ETC "NetworkManager.conf",
				  URI("http://192.0.2.1/") } },
	  "nmcheck.gnome.org" },
	{ "no scheme", { { ETC "NetworkManager.conf", URI("a.example") } },
	  "nmcheck.gnome.org" },
	{ "switched off again", { { LIB "conf.d/a.conf",
				    URI("http://a.example/") },
				  { ETC "NetworkManager.conf", URI("") } },
	  "nmcheck.gnome.org" },
	{ "main over lib", { { LIB "conf.d/z.conf",
			       URI("http://lib.example/") },
			     { ETC "NetworkManager.conf",
			       URI("http://main.example/") } },
	  "main.example" },
	{ "run over lib", { { LIB "conf.d/z.conf",
			      URI("http://lib.example/") },
			    { RUN "conf.d/a.conf",
			      URI("http://run.example/") } },
	  "run.example" },
	{ "etc snippet over main", { { ETC "conf.d/a.conf",
				       URI("http://etc.example/") },
				     { ETC "NetworkManager.conf",
				       URI("http://main.example/") } },
	  "etc.example" },
	{ "by name in a folder", { { ETC "conf.d/20-b.conf",
				     URI("http://b.example/") },
				   { ETC "conf.d/10-a.conf",
				     URI("http://a.example/") } },
	  "b.example" },
	{ "shadowed by etc", { { LIB "conf.d/20-c.conf",
				 URI("http://lib.example/") },
			       { ETC "conf.d/20-c.conf", "" } },
	  "nmcheck.gnome.org" },
	{ "shadowed by run", { { LIB "conf.d/20-c.conf",
				 URI("http://lib.example/") },
			       { RUN "conf.d/20-c.conf", "" } },
	  "nmcheck.gnome.org" },
	{ "no snippet", { { ETC "conf.d/a.conf.bak",
			    URI("http://a.example/") },
			  { ETC "conf.d/.b.conf",
			    URI("http://b.example/") } },
	  "nmcheck.gnome.org" },
};

Test(profile, networkmanager)
{
	for (size_t i = 0; i < NITEMS(trees); i++) {
		char list[512];

		make_tree();
		for (unsigned int f = 0; trees[i].file[f].path != NULL; f++)
			put_file(trees[i].file[f].path,
				 trees[i].file[f].text);
		names_of("networkmanager", list, sizeof(list));
		cr_expect_str_eq(list, trees[i].want, "%s: %s",
				 trees[i].what, list);
		remove_tree();
	}
}

static const struct {
	const char *what, *path[3], *want;
} autos[] = {
	{ "nothing here", { 0 }, "networkmanager" },
	{ "a mac", { "/System/Library/CoreServices/x" }, "apple" },
	{ "gnome", { "/usr/sbin/NetworkManager", "/usr/bin/gnome-shell" },
	  "networkmanager,gnome" },
	{ "both places of one program", { "/usr/sbin/NetworkManager",
					  "/usr/bin/NetworkManager" },
	  "networkmanager" },
	{ "kde alone", { "/usr/bin/plasmashell" }, "kde" },
};

/* What the running one says is a name beside that of its files. */
Test(profile, learnt_of_networkmanager, .init = make_tree,
     .fini = remove_tree)
{
	static const struct {
		const char *edge, *profile, *uri, *names;
		int want;
	} uris[] = {
		{ "no uri", "networkmanager", "", "nmcheck.gnome.org", 0 },
		{ "an address", "networkmanager", "http://192.0.2.1/",
		  "nmcheck.gnome.org", 0 },
		{ "no name", "networkmanager", "http://a..b/",
		  "nmcheck.gnome.org", 0 },
		{ "another profile", "apple", "http://learnt.example/",
		  NULL, 0 },
		{ "known", "networkmanager", "http://nmcheck.gnome.org/x",
		  "nmcheck.gnome.org", 0 },
		{ "new", "networkmanager", "https://learnt.example:443/x",
		  "learnt.example nmcheck.gnome.org", 1 },
	};
	char names[1024];
	struct why why;

	for (size_t i = 0; i < NITEMS(uris); i++) {
		struct conf c = { 0 };

		learnt[0] = '\0';
		cr_assert_eq(profile_add(&c, uris[i].profile, &why), 0);
		cr_expect_eq(profile_learn_uri(&c, uris[i].uri, &why),
			     uris[i].want, "%s", uris[i].edge);
		if (uris[i].names == NULL)
			continue;
		names_of("networkmanager", names, sizeof(names));
		cr_expect_str_eq(names, uris[i].names, "%s: %s",
				 uris[i].edge, names);
	}
}

Test(profile, automatic)
{
	for (size_t i = 0; i < NITEMS(autos); i++) {
		struct conf c = { 0 };
		struct why why;

		make_tree();
		for (unsigned int p = 0; autos[i].path[p] != NULL; p++)
			put_file(autos[i].path[p], "");
		cr_expect_eq(profile_add(&c, "auto", &why), 0);
		cr_expect_str_eq(c.profiles, autos[i].want, "%s: %s",
				 autos[i].what, c.profiles);
		cr_expect(c.n_names > 0);
		remove_tree();
	}
}

Test(profile, all_of_them)
{
	struct conf c = { 0 };
	struct why why;

	make_tree();
	for (unsigned int twice = 0; twice < 2; twice++)
		for (size_t i = 0; i < NITEMS(words); i++)
			cr_expect_eq(profile_add(&c, words[i], &why), 0,
				     "%s: %s", words[i], why.text);
	/* clients3.google.com is there twice, and NetworkManager's name here
	 * is gnome's. */
	cr_expect_eq(c.n_names, NITEMS(rows) - 1);
	cr_expect_str_eq(c.profiles, "networkmanager,apple,gnome,kde,"
			 "firefox,windows,android,chromeos");
	remove_tree();
}

Test(profile, every_row_has_a_profile_and_a_source)
{
	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct conf c = { 0 };
		struct why why;

		cr_expect_eq(profile_add(&c, rows[i].profile, &why), 0);
		cr_expect(c.n_names > 0, "%s", rows[i].profile);
		cr_expect(strlen(rows[i].source) > 0 &&
			  strlen(rows[i].date) == strlen("2026-11-22"));
	}
}

Test(profile, unknown_word)
{
	struct conf c = { 0 };
	struct why why;

	cr_expect_eq(profile_add(&c, "Apple", &why), -ENOENT);
	cr_expect_str_eq(why.text, "\"Apple\" is not one of auto, none, "
			 "apple, networkmanager, gnome, kde, firefox, "
			 "windows, android, chromeos");
	cr_expect_eq(c.n_names, 0);
}

Test(profile, exact_becomes_suffix)
{
	struct conf c = { 0 };
	struct why why;

	cr_expect_eq(profile_add_name(&c, "a.example", false, &why), 0);
	cr_expect_eq(profile_add_name(&c, "A.Example.", true, &why), 0);
	cr_expect_eq(profile_add_name(&c, "a.example", false, &why), 0);
	cr_expect_eq(c.n_names, 1);
	cr_expect(c.names[0].suffix);
}
