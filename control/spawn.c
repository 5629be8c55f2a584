/* SPDX-License-Identifier: ISC */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/selfexe.h"

enum { FD_ABOVE = 32 };		/* clear of the numbers the children want */

void spawn_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int spawn_raise(int *fd)
{
	int high = fcntl(*fd, F_DUPFD_CLOEXEC, FD_ABOVE);

	if (high < 0)
		return -errno;
	close(*fd);
	*fd = high;
	return 0;
}

int spawn_self(pid_t *pid, const char *option, const struct spawn_fd *fds,
	       size_t n)
{
	static char *const envp[] = { NULL };
	char name[] = "sallyportd";
	char *const argv[] = { name, (char *)(uintptr_t)option, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	const char *path = selfexe();
	sigset_t all, none;
	int error;

	if (path == NULL)
		return -ENOENT;
	sigfillset(&all);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	for (size_t i = 0; i < n; i++)
		posix_spawn_file_actions_adddup2(&actions, fds[i].ours,
						 fds[i].theirs);
	/* Its own group: Ctrl-C in the foreground is for control alone. */
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF |
				 POSIX_SPAWN_SETSIGMASK |
				 POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setsigmask(&attr, &none);
	error = posix_spawn(pid, path, &actions, &attr, argv,
			    envp);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	if (error != 0)
		*pid = 0;
	return -error;
}

void spawn_end(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}
