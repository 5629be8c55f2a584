/* SPDX-License-Identifier: ISC */
/*
 * Crashes are real: a child is killed at each of its system calls in turn.
 * And what cannot be replaced by rename, which needs mounts of its own.
 */
#include <criterion/criterion.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostdns/resolvfile.h"
#include "hosttree.h"

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

#define NO_FILE "true"
#define SECRET FILE_IS(TEXT) "chmod 0600 resolv.conf"
#define RELATIVE "mkdir ../run; echo nameserver 192.0.2.53 > ../run/real;" \
	"ln -s ../run/real resolv.conf"
#define DANGLING "ln -s ../run/none resolv.conf"

Test(hostdns_crash, crash_at_every_call)
{
	static const char *const rows[] = {
		FILE_IS(TEXT), NO_FILE, SECRET, RELATIVE, DANGLING
	};

	if (!can_trace())
		cr_skip_test("no ptrace here");
	for (size_t i = 0; i < NITEMS(rows); i++)
		crash_everywhere(rows[i], false);
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

Test(hostdns_inplace, comes_back_whole)
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

/* A write that could be neither ended nor undone; then we point again. */
Test(hostdns_inplace, torn)
{
	struct snapshot before, after;
	struct hostdns *h;

	private_mounts();
	make_tree(MOUNTED);
	take(&before);
	h = opened();
	run("cp -a resolv.conf %s/state/resolv.conf.changing;"
	    "echo half > resolv.conf", root);
	point(h);
	restore(h);
	take(&after);
	cr_expect(is_same(&before, &after));
	expect_clean("torn");
	h->ops->close(h);
	release();
	remove_tree();
}

Test(hostdns_inplace, changed_by_somebody_else)
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

Test(hostdns_inplace, crash_at_every_call)
{
	private_mounts();
	if (!can_trace())
		cr_skip_test("no ptrace here");
	crash_everywhere(MOUNTED, true);
	crash_everywhere(LONG, true);
}
