/* SPDX-License-Identifier: ISC */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	START_MS = 5000,	/* a machine that has just woken is slow */
	FD_ABOVE = 32,		/* clear of the numbers the datapath wants */
};

void child_init(struct child *c)
{
	*c = (struct child){
		.channel = -1, .kick_control = -1, .kick_datapath = -1,
		.tun = -1,
		.arena = ARENA_NONE,
	};
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* So that no dup2() in the child overwrites what another one still needs. */
static int raise_fd(int *fd)
{
	int high = fcntl(*fd, F_DUPFD_CLOEXEC, FD_ABOVE);

	if (high < 0)
		return -errno;
	close(*fd);
	*fd = high;
	return 0;
}

static int spawn(struct child *c, int theirs)
{
	int tun = c->tun < 0 ? -1 : fcntl(c->tun, F_DUPFD_CLOEXEC, FD_ABOVE);
	static char *const argv[] = { "sallyportd", "--datapath", NULL };
	static char *const envp[] = { NULL };
	const int fds[][2] = {
		{ theirs, DATAPATH_CHANNEL },
		{ c->arena.control_fd, DATAPATH_ARENA_CONTROL },
		{ c->arena.datapath_fd, DATAPATH_ARENA_DATAPATH },
		{ c->arena.allow_fd, DATAPATH_ARENA_ALLOW },
		{ c->kick_control, DATAPATH_KICK_CONTROL },
		{ c->kick_datapath, DATAPATH_KICK_DATAPATH },
		{ tun, DATAPATH_TUN },
	};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t all, none;
	int error;

	if (c->tun >= 0 && tun < 0)
		return -errno;
	sigfillset(&all);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	for (size_t i = 0; i < NITEMS(fds) && fds[i][0] >= 0; i++)
		posix_spawn_file_actions_adddup2(&actions, fds[i][0],
						 fds[i][1]);
	/* Its own group: Ctrl-C in the foreground is for control alone. */
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF |
				 POSIX_SPAWN_SETSIGMASK |
				 POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setsigmask(&attr, &none);
	error = posix_spawn(&c->pid, "/proc/self/exe", &actions, &attr, argv,
			    envp);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	close_fd(&tun);
	if (error != 0)
		c->pid = 0;
	return -error;
}

static int make_shared(struct child *c, int table, int *theirs,
		       struct why *why)
{
	int pair[2];
	int error = arena_create(&c->arena, table);

	if (error < 0)
		return why_set(why, error, "no shared memory: %s",
			       strerror(-error));
	c->kick_control = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->kick_datapath = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->kick_control < 0 || c->kick_datapath < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return why_set(why, -errno, "no channel to the datapath: %s",
			       strerror(errno));
	c->channel = pair[0];
	*theirs = pair[1];
	if (raise_fd(theirs) < 0 || raise_fd(&c->kick_control) < 0 ||
	    raise_fd(&c->kick_datapath) < 0 ||
	    raise_fd(&c->arena.control_fd) < 0 ||
	    raise_fd(&c->arena.datapath_fd) < 0 ||
	    raise_fd(&c->arena.allow_fd) < 0)
		return why_set(why, -errno, "too many open files");
	return 0;
}

static int hear(const struct child *c, struct datapath_report *r,
		struct why *why)
{
	struct pollfd p = { .fd = c->channel, .events = POLLIN };
	int n;

	do
		n = poll(&p, 1, START_MS);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return why_set(why, -ETIMEDOUT,
			       "the datapath did not start within %d s",
			       START_MS / 1000);
	if (recv(c->channel, r, sizeof(*r), 0) != (ssize_t)sizeof(*r))
		return why_set(why, -EPROTO,
			       "the datapath died while it started");
	r->step[sizeof(r->step) - 1] = '\0';
	r->note[sizeof(r->note) - 1] = '\0';
	if (r->error < 0)
		return why_set(why, r->error, "%s: %s", r->step,
			       r->note[0] != '\0' ? r->note :
						    strerror(-r->error));
	return 0;
}

int child_start(struct child *c, struct datapath_setup *setup, int table,
		struct datapath_report *report, struct why *why)
{
	int theirs = -1;
	int error;

	memset(report, 0, sizeof(*report));
	error = make_shared(c, table, &theirs, why);
	if (error == 0) {
		error = spawn(c, theirs);
		if (error < 0)
			why_set(why, error, "cannot start the datapath: %s",
				strerror(-error));
	}
	close_fd(&theirs);
	setup->size = sizeof(*setup);
	setup->parent = getpid();
	if (error == 0 && send(c->channel, setup, sizeof(*setup),
			       MSG_NOSIGNAL) != (ssize_t)sizeof(*setup))
		error = why_set(why, -EPIPE, "the datapath died at once");
	if (error == 0)
		error = hear(c, report, why);
	if (error < 0)
		child_stop(c);
	return error;
}

void child_kick(const struct child *c)
{
	static const uint64_t one = 1;

	if (c->kick_datapath >= 0)
		(void)!write(c->kick_datapath, &one, sizeof(one));
}

void child_stop(struct child *c)
{
	if (c->pid > 0) {
		kill(c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close_fd(&c->channel);
	close_fd(&c->kick_control);
	close_fd(&c->kick_datapath);
	arena_close(&c->arena);
	child_init(c);
}
