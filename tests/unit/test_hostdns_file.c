/* SPDX-License-Identifier: ISC */
/*
 * In a folder of its own: "etc/resolv.conf" and "state". Crashes are real: a
 * child is killed at each of its system calls in turn.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "hostdns/hostdns.h"
#include "hostdns/resolvfile.h"
#include "log.h"

static char root[64];
static struct conf conf;
static struct ipaddr loopback[2];

static void run(const char *fmt, ...) PRINTF(1, 2);

static void run(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cr_assert_eq(system(text), 0, "%s", text);
}

/* The commands run in etc/, as does the test. */
static void make_tree(const char *commands)
{
	char etc[80];

	log_set_level(LEVEL_ERROR);
	/* In memory, where it can be: there are thousands of fsync(2). */
	strcpy(root, access("/dev/shm", W_OK) == 0 ?
	       "/dev/shm/test_hostdns.XXXXXX" : "/tmp/test_hostdns.XXXXXX");
	cr_assert(mkdtemp(root) != NULL);
	snprintf(etc, sizeof(etc), "%s/etc", root);
	cr_assert_eq(mkdir(etc, 0755), 0);
	cr_assert_eq(chdir(etc), 0);
	run("mkdir %s/state; %s", root, commands);
	conf = (struct conf){ .hostdns = HOSTDNS_FILE, .port = 53 };
	snprintf(conf.resolv_conf, PATH_MAX, "%s/resolv.conf", etc);
	snprintf(conf.state_dir, PATH_MAX, "%s/state", root);
	cr_assert(ipaddr_parse("127.0.0.1", &loopback[0]) &&
		  ipaddr_parse("::1", &loopback[1]));
}

static void remove_tree(void)
{
	cr_assert_eq(chdir("/"), 0);
	run("rm -rf %s", root);
}

static struct hostdns *opened(void)
{
	struct hostdns *h;
	struct why why;

	cr_assert_eq(hostdns_open(&h, &conf, &why), 0, "%s", why.text);
	return h;
}

static void point(struct hostdns *h)
{
	struct why why;

	cr_assert_eq(h->ops->point(h, loopback, 2, &why), 0, "%s", why.text);
	cr_expect(h->ops->pointed(h));
}

static void restore(struct hostdns *h)
{
	struct why why;

	cr_assert_eq(h->ops->restore(h, &why), 0, "%s", why.text);
	cr_expect(!h->ops->pointed(h));
}

/* All that must come back. */
struct snapshot {
	bool there;
	struct stat st;
	char link[256], xattr[64], text[4096];
	size_t len;
};

static void take(struct snapshot *s)
{
	FILE *in;

	memset(s, 0, sizeof(*s));
	s->there = lstat("resolv.conf", &s->st) == 0;
	if (!s->there)
		return;
	if (S_ISLNK(s->st.st_mode) &&
	    readlink("resolv.conf", s->link, sizeof(s->link) - 1) < 0)
		abort();
	if (getxattr("resolv.conf", "user.mark", s->xattr, 63) < 0)
		s->xattr[0] = '\0';
	in = fopen("resolv.conf", "r");
	if (in != NULL) {
		s->len = fread(s->text, 1, sizeof(s->text), in);
		fclose(in);
	}
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_same(const struct snapshot *a, const struct snapshot *b)
{
	if (!a->there || !b->there)
		return a->there == b->there;
	return a->st.st_ino == b->st.st_ino &&
	       a->st.st_mode == b->st.st_mode &&
	       a->st.st_uid == b->st.st_uid && a->st.st_gid == b->st.st_gid &&
	       a->st.st_nlink == b->st.st_nlink &&
	       same_time(&a->st.st_mtim, &b->st.st_mtim) &&
	       strcmp(a->link, b->link) == 0 &&
	       strcmp(a->xattr, b->xattr) == 0 && a->len == b->len &&
	       memcmp(a->text, b->text, a->len) == 0;
}

static bool has_entry(const char *path, const char *part)
{
	DIR *dir = opendir(path);
	const struct dirent *d;
	bool found = false;

	cr_assert(dir != NULL, "%s", path);
	while ((d = readdir(dir)) != NULL)
		found |= strcmp(d->d_name, ".") != 0 &&
			 strcmp(d->d_name, "..") != 0 &&
			 strstr(d->d_name, part) != NULL;
	closedir(dir);
	return found;
}

/* Nothing of ours stays behind. */
static void expect_clean(const char *what)
{
	cr_expect(!has_entry(".", "sallyport"), "%s: left beside", what);
	cr_expect(!has_entry(conf.state_dir, ""), "%s: left in state", what);
}

#define TEXT "search corp.example\nnameserver 192.0.2.53\noptions edns0\n"
#define FILE_IS(text) "printf '" text "' > resolv.conf; "

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
		  "options  edns0 trust-ad\\nsortlist 1.1.1.1\\n"
		  "searching x\\nsearch\\n' > resolv.conf");
	h = opened();
	point(h);
	take(&s);
	cr_expect(strstr(s.text, "\nsearch a.example b.example\n"
			 "domain\tc.example\noptions  edns0 trust-ad\n"
			 "nameserver 127.0.0.1\nnameserver ::1\n") != NULL,
		  "%s", s.text);
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

static const char *read_first(struct hostdns *h, char text[static IPADDR_TEXT])
{
	struct hostdns_servers s;
	struct why why;
	int error = h->ops->read(h, &s, &why);

	cr_assert(error == 0 || error == -ENOENT, "%s", why.text);
	return error != 0 ? "" : ipaddr_text(&s.server[0].addr, text);
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

static void point_and_restore(void)
{
	struct hostdns *h;
	struct why why;

	if (hostdns_open(&h, &conf, &why) != 0 ||
	    h->ops->point(h, loopback, 2, &why) != 0 ||
	    h->ops->point(h, loopback, 1, &why) != 0 ||
	    h->ops->restore(h, &why) != 0)
		_exit(1);
	h->ops->close(h);
}

/*
 * Runs the whole life in a child and kills it when it has entered or left
 * its n-th system call. False when it came to its end before that.
 */
static bool killed_at(unsigned int n)
{
	pid_t child = fork();
	int status;

	cr_assert(child >= 0);
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		point_and_restore();
		_exit(0);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	for (unsigned int i = 0; i < n && WIFSTOPPED(status); i++) {
		ptrace(PTRACE_SYSCALL, child, NULL, NULL);
		cr_assert_eq(waitpid(child, &status, 0), child);
	}
	if (!WIFSTOPPED(status)) {
		cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0,
			  "status %x", status);
		return false;
	}
	kill(child, SIGKILL);
	cr_assert_eq(waitpid(child, &status, 0), child);
	return true;
}

static bool can_trace(void)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0);
	return waitpid(child, &status, 0) == child && status == 0;
}

static void release(void)
{
	cr_assert_eq(chdir("/"), 0);
	run("umount %s/etc/resolv.conf %s/etc 2>/dev/null; true", root, root);
}

/*
 * In between P is the original or ours; afterwards, when the next one has
 * healed, the original. in_place: octets change under the readers' eyes.
 */
static void crash_everywhere(const char *commands, bool in_place)
{
	struct snapshot before, after;
	unsigned int n = 0, ours = 0;
	struct hostdns *h;
	bool killed;

	make_tree(commands);
	take(&before);
	do {
		killed = killed_at(++n);
		take(&after);
		if (resolvfile_origin(after.text, after.len) !=
		    ORIGIN_FOREIGN) {
			ours++;
		} else if (!in_place) {
			after.st.st_nlink = before.st.st_nlink;
			cr_assert(is_same(&before, &after),
				  "call %u: P is neither", n);
		}
		h = opened();
		h->ops->close(h);
		take(&after);
		cr_assert(is_same(&before, &after), "call %u: healed", n);
		expect_clean("crash");
	} while (killed);
	cr_expect(n > 20 && ours > 5, "%u calls, %u while pointed", n, ours);
	if (in_place)
		release();
	remove_tree();
}

Test(hostdns_file, crash_at_every_call)
{
	static const size_t rows[] = { 0, 1, 4, 10, 11 };

	if (!can_trace())
		cr_skip_test("no ptrace here");
	for (size_t i = 0; i < NITEMS(rows); i++)
		crash_everywhere(originals[rows[i]].commands, false);
}

static void private_mounts(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		cr_skip_test("needs root for a mount namespace");
}

#define MOUNTED "echo 'nameserver 192.0.2.53' > real; chmod 0640 real;" \
	"chown 7:8 real; touch -d 2001-02-03 real; touch resolv.conf;" \
	"mount --bind real resolv.conf"
#define LONG "for i in $(seq 500); do echo \"# a comment\"; done > real;" \
	"echo 'nameserver 192.0.2.53' >> real; touch resolv.conf;" \
	"mount --bind real resolv.conf"
#define READ_ONLY "mkdir ../run; echo 'nameserver 192.0.2.53' > ../run/real;" \
	"ln -s ../run/real resolv.conf; mount --bind . .;" \
	"mount -o remount,bind,ro .; cd ..; cd etc"

static const char *const in_place[] = { MOUNTED, LONG, READ_ONLY };

Test(hostdns_file, in_place)
{
	char a[IPADDR_TEXT];

	private_mounts();
	for (size_t i = 0; i < NITEMS(in_place); i++) {
		struct snapshot before, after;
		struct hostdns *h;

		make_tree(in_place[i]);
		cr_assert_eq(chdir(".."), 0);
		cr_assert_eq(chdir("etc"), 0);
		take(&before);
		h = opened();
		point(h);
		take(&after);
		cr_expect_eq(resolvfile_origin(after.text, after.len),
			     ORIGIN_COPIED, "%s", in_place[i]);
		cr_expect_str_eq(read_first(h, a), "192.0.2.53");
		point(h);
		restore(h);
		take(&after);
		cr_expect(is_same(&before, &after), "%s", in_place[i]);
		expect_clean(in_place[i]);
		point(h);
		h->ops->close(h);
		h = opened();
		take(&after);
		cr_expect(is_same(&before, &after), "healed");
		h->ops->close(h);
		release();
		remove_tree();
	}
}

Test(hostdns_file, in_place_changed_by_somebody_else)
{
	struct snapshot after;
	struct hostdns *h;

	private_mounts();
	make_tree(MOUNTED);
	h = opened();
	point(h);
	run("echo nameserver 192.0.2.7 > resolv.conf");
	restore(h);
	take(&after);
	cr_expect_str_eq(after.text, "nameserver 192.0.2.7\n");
	expect_clean("theirs");
	h->ops->close(h);
	release();
	remove_tree();
}

Test(hostdns_file, in_place_crash_at_every_call)
{
	private_mounts();
	if (!can_trace())
		cr_skip_test("no ptrace here");
	crash_everywhere(MOUNTED, true);
	crash_everywhere(LONG, true);
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
	conf.hostdns = HOSTDNS_RESOLVED;
	cr_expect_eq(hostdns_open(&h, &conf, &why), -EOPNOTSUPP);
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
