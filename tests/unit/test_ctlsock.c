/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctlsock.h"

enum { NOBODY = 65534, ADMIN = 61234 };

static char dir[64], run[80], path[108];

static void setup(void)
{
	strcpy(dir, "/tmp/test_ctlsock.XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(chmod(dir, 0755), 0);
	snprintf(run, sizeof(run), "%s/run", dir);
	snprintf(path, sizeof(path), "%s/s", run);
}

static void teardown(void)
{
	rmdir(run);
	cr_expect_eq(rmdir(dir), 0, "something is left in %s", dir);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	return lstat(name, &st) == 0 ? st.st_mode & 07777 : 0;
}

Test(ctlsock, modes_whatever_the_umask, .init = setup, .fini = teardown)
{
	struct ctlsock s;
	struct why why;
	mode_t old = umask(0777);

	cr_assert_eq(ctlsock_open(&s, path, &why), 0, "%s", why.text);
	umask(old);
	cr_expect_eq(mode_of(run), 0755);
	cr_expect_eq(mode_of(path), 0666);
	ctlsock_close(&s);
	cr_expect_eq(access(path, F_OK), -1);
}

Test(ctlsock, existing_directory_keeps_its_mode, .init = setup,
     .fini = teardown)
{
	struct ctlsock s;
	struct why why;

	cr_assert_eq(mkdir(run, 0700), 0);
	cr_assert_eq(ctlsock_open(&s, path, &why), 0);
	cr_expect_eq(mode_of(run), 0700);
	ctlsock_close(&s);
}

Test(ctlsock, name_of_a_dead_daemon, .init = setup, .fini = teardown)
{
	struct ctlsock dead, s;
	struct why why;

	cr_assert_eq(ctlsock_open(&dead, path, &why), 0);
	close(dead.fd);
	cr_expect_eq(ctlsock_open(&s, path, &why), 0, "%s", why.text);
	ctlsock_close(&s);
}

Test(ctlsock, another_daemon_answers, .init = setup, .fini = teardown)
{
	struct ctlsock alive, s;
	char want[256];
	struct why why;

	cr_assert_eq(ctlsock_open(&alive, path, &why), 0);
	cr_expect_eq(ctlsock_open(&s, path, &why), -EADDRINUSE);
	snprintf(want, sizeof(want), "another sallyportd answers on %s; stop "
		 "it or set control { socket = ... }", path);
	cr_expect_str_eq(why.text, want);
	cr_expect_eq(access(path, F_OK), 0, "the other's name is gone");
	ctlsock_close(&alive);
}

/* The name was taken over while we ran: it is not ours to remove. */
Test(ctlsock, only_our_own_name_is_removed, .init = setup, .fini = teardown)
{
	struct ctlsock old, s;
	struct why why;

	cr_assert_eq(ctlsock_open(&old, path, &why), 0);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(ctlsock_open(&s, path, &why), 0);
	ctlsock_close(&old);
	cr_expect_eq(access(path, F_OK), 0);
	ctlsock_close(&s);
}

Test(ctlsock, a_file_is_in_the_way, .init = setup, .fini = teardown)
{
	struct ctlsock s;
	struct why why;

	cr_assert_eq(mkdir(run, 0755), 0);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	cr_expect_eq(ctlsock_open(&s, path, &why), -EEXIST);
	cr_expect_not_null(strstr(why.text, "is no socket"));
	cr_expect_eq(unlink(path), 0, "it was replaced");
}

Test(ctlsock, no_parent_directory, .init = setup, .fini = teardown)
{
	struct ctlsock s;
	struct why why;

	snprintf(path, sizeof(path), "%s/a/b/s", dir);
	cr_expect_eq(ctlsock_open(&s, path, &why), -ENOENT);
}

Test(ctlsock, path_too_long)
{
	struct ctlsock s;
	struct why why;
	char name[200];

	memset(name, '/', sizeof(name));
	name[108] = '\0';
	cr_expect_eq(ctlsock_open(&s, name, &why), -ENAMETOOLONG);
}

/* ---- peers */

/* A child with these ids connects and stays until killed. */
static pid_t connect_as(uid_t uid, gid_t gid, gid_t group)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	pid_t child = fork();
	int fd;

	if (child != 0)
		return child;
	memcpy(sa.sun_path, path, sizeof(sa.sun_path));
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (setgroups(1, &group) != 0 || setgid(gid) != 0 || setuid(uid) != 0 ||
	    connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		_exit(1);
	pause();
	_exit(0);
}

static const struct {
	const char *what;
	uid_t uid;
	gid_t primary, supplementary;
	gid_t admin;
	bool want;
} peers[] = {
	{ "root", 0, 0, 0, ADMIN, true },
	{ "root, no such group", 0, 0, 0, (gid_t)-1, true },
	{ "nobody", NOBODY, NOBODY, NOBODY, ADMIN, false },
	{ "nobody in root's group", NOBODY, 0, 0, ADMIN, false },
	{ "primary group", NOBODY, ADMIN, NOBODY, ADMIN, true },
	{ "supplementary group", NOBODY, NOBODY, ADMIN, ADMIN, true },
	{ "no such group", NOBODY, NOBODY, NOBODY, (gid_t)-1, false },
};

Test(ctlsock, peers, .init = setup, .fini = teardown)
{
	struct ctlsock s;
	struct why why;

	if (geteuid() != 0)
		cr_skip("needs root");
	cr_assert_eq(ctlsock_open(&s, path, &why), 0);
	for (size_t i = 0; i < NITEMS(peers); i++) {
		struct pollfd p = { .fd = s.fd, .events = POLLIN };
		pid_t child = connect_as(peers[i].uid, peers[i].primary,
					 peers[i].supplementary);
		bool may = !peers[i].want;
		uid_t uid = (uid_t)-1;
		int fd;

		cr_assert_eq(poll(&p, 1, 10000), 1, "%s", peers[i].what);
		fd = accept4(s.fd, NULL, NULL, SOCK_CLOEXEC);
		cr_expect_eq(ctlsock_peer(fd, peers[i].admin, &uid, &may), 0);
		cr_expect_eq(may, peers[i].want, "%s", peers[i].what);
		cr_expect_eq(uid, peers[i].uid, "%s", peers[i].what);
		close(fd);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	ctlsock_close(&s);
}
