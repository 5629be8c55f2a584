/* SPDX-License-Identifier: ISC */
/*
 * ctlserver.h - a control socket in a temporary directory, for tests
 *
 * A child process serves it with the test's own methods. One server at a
 * time; every wait ends after PATIENCE_MS with a failed test.
 */
#ifndef CTLSERVER_H
#define CTLSERVER_H

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl.h"

enum { PATIENCE_MS = 10000 };

static struct {
	char dir[64], path[108];
	pid_t pid;
	struct ctl *ctl;	/* in the child */
} server;

static inline void server_term(evutil_socket_t fd, short what, void *base)
{
	(void)fd, (void)what;
	event_base_loopbreak(base);
}

static inline NORETURN void server_run(int ready, ctl_call *call)
{
	struct event_base *base = event_base_new();
	struct event *term = evsignal_new(base, SIGTERM, server_term, base);
	struct conf *c = calloc(1, sizeof(*c));
	struct why why;

	event_add(term, NULL);
	memcpy(c->control.socket, server.path, sizeof(c->control.socket));
	if (ctl_open(&server.ctl, base, c, call, NULL, &why) != 0)
		_exit(1);
	free(c);
	if (write(ready, "r", 1) != 1)
		_exit(2);
	close(ready);
	event_base_dispatch(base);
	ctl_close(server.ctl);
	event_free(term);
	event_base_free(base);
	exit(0);
}

/* files: how many descriptors the server may have; 0: as many as we. */
static inline void server_start(ctl_call *call, rlim_t files)
{
	int ready[2];
	char r;

	strcpy(server.dir, "/tmp/ctlserver.XXXXXX");
	cr_assert_not_null(mkdtemp(server.dir));
	cr_assert_eq(chmod(server.dir, 0755), 0);
	snprintf(server.path, sizeof(server.path), "%s/s", server.dir);
	cr_assert_eq(pipe(ready), 0);
	server.pid = fork();
	if (server.pid == 0) {
		close(ready[0]);
		if (files != 0)
			setrlimit(RLIMIT_NOFILE,
				  &(struct rlimit){ files, files });
		server_run(ready[1], call);
	}
	close(ready[1]);
	cr_assert_eq(read(ready[0], &r, 1), 1, "the server does not start");
	/* Until its end is closed, which counts as a descriptor. */
	cr_assert_eq(read(ready[0], &r, 1), 0);
	close(ready[0]);
}

static inline void server_stop(void)
{
	int status;

	kill(server.pid, SIGTERM);
	cr_assert_eq(waitpid(server.pid, &status, 0), server.pid);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		  "the server ends badly: %x", (unsigned int)status);
	cr_expect_eq(rmdir(server.dir), 0, "something is left in %s",
		     server.dir);
}

static inline int server_dial(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(sa.sun_path, server.path, sizeof(sa.sun_path));
	cr_assert_eq(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0,
		     "connect: %s", strerror(errno));
	return fd;
}

/* False: the server has closed. */
static inline bool server_tell(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

/*
 * Up to max - 1 octets, until `until` is met (NUL: never) or the server
 * closes.
 */
static inline size_t server_hear(int fd, char *out, size_t max, char until)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t have = 0;

	while (have < max - 1) {
		ssize_t n;

		cr_assert_eq(poll(&p, 1, PATIENCE_MS), 1, "no answer");
		n = recv(fd, out + have, until != '\0' ? 1 : max - 1 - have, 0);
		if (n <= 0)
			break;
		have += (size_t)n;
		if (until != '\0' && out[have - 1] == until)
			break;
	}
	out[have] = '\0';
	return have;
}

#endif /* CTLSERVER_H */
