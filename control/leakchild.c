/* SPDX-License-Identifier: ISC */
#include "leakchild.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/cell.h"

enum { FD_ABOVE = 32 };		/* clear of the numbers the child wants */

void leakchild_init(struct leakchild *c)
{
	*c = (struct leakchild){
		.channel = -1, .kick = -1, .book = BOOK_NONE,
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

static int make_shared(struct leakchild *c, int *theirs)
{
	int pair[2], error = book_create(&c->book);

	if (error < 0)
		return error;
	c->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->kick < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC,
				      0, pair) < 0)
		return -errno;
	c->channel = pair[0];
	*theirs = pair[1];
	error = raise_fd(theirs);
	if (error == 0)
		error = raise_fd(&c->kick);
	if (error == 0)
		error = raise_fd(&c->book.control_fd);
	return error < 0 ? error : raise_fd(&c->book.entries_fd);
}

static int spawn(struct leakchild *c, int theirs)
{
	static char *const argv[] = { "sallyportd", "--ledger", NULL };
	static char *const envp[] = { NULL };
	const int fds[][2] = {
		{ theirs, WATCHER_CHANNEL },
		{ c->book.control_fd, WATCHER_CONTROL },
		{ c->book.entries_fd, WATCHER_ENTRIES },
		{ c->kick, WATCHER_KICK },
	};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t all, none;
	int error;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	for (size_t i = 0; i < NITEMS(fds); i++)
		posix_spawn_file_actions_adddup2(&actions, fds[i][0],
						 fds[i][1]);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF |
				 POSIX_SPAWN_SETSIGMASK |
				 POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setsigmask(&attr, &none);
	error = posix_spawn(&c->pid, "/proc/self/exe", &actions, &attr, argv,
			    envp);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	if (error != 0)
		c->pid = 0;
	return -error;
}

int leakchild_start(struct leakchild *c, struct watcher_setup *setup,
		    const struct book_rules *rules)
{
	int theirs = -1, error = make_shared(c, &theirs);

	if (error == 0) {
		leakchild_tell(c, rules);
		error = spawn(c, theirs);
	}
	close_fd(&theirs);
	setup->size = sizeof(*setup);
	setup->parent = getpid();
	if (error == 0 && send(c->channel, setup, sizeof(*setup),
			       MSG_NOSIGNAL) != (ssize_t)sizeof(*setup))
		error = -EPIPE;
	if (error < 0)
		leakchild_stop(c);
	return error;
}

void leakchild_tell(struct leakchild *c, const struct book_rules *rules)
{
	cell_publish(&c->book.control->seq, c->book.control->rules, rules,
		     sizeof(*rules));
}

int leakchild_hear(struct leakchild *c, struct watcher_report *r)
{
	ssize_t n = recv(c->channel, r, sizeof(*r), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n != (ssize_t)sizeof(*r))
		return -EPIPE;
	r->step[sizeof(r->step) - 1] = r->note[sizeof(r->note) - 1] = '\0';
	return 1;
}

void leakchild_stop(struct leakchild *c)
{
	if (c->pid > 0) {
		kill(c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close_fd(&c->channel);
	close_fd(&c->kick);
	book_close(&c->book);
	leakchild_init(c);
}
