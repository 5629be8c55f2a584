/* SPDX-License-Identifier: ISC */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

const char *run_find(const char *name, char path[static RUN_LINE])
{
	static const char *const places[] = {
		"/usr/sbin", "/sbin", "/usr/bin", "/bin",
	};

	for (size_t i = 0; i < NITEMS(places); i++) {
		snprintf(path, RUN_LINE, "%s/%s", places[i], name);
		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

static int fill(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;
}

static int memory_file(const char *text, size_t len)
{
	int fd = memfd_create("run", MFD_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	error = fill(fd, text, len);
	if (error == 0)
		return fd;
	close(fd);
	return error;
}

/* Of NULs, and it does not grow. */
static int sealed_file(void)
{
	int fd = memfd_create("run", MFD_CLOEXEC | MFD_ALLOW_SEALING), error;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, RUN_SAID) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

static int redirect(posix_spawn_file_actions_t *fa, const struct run *r,
		    int in, int said)
{
	int error = posix_spawn_file_actions_adddup2(fa, in, 0);

	if (!error)
		error = posix_spawn_file_actions_adddup2(fa, said, 2);
	if (!error && r->output)
		error = posix_spawn_file_actions_adddup2(fa, said, 1);
	else if (!error)
		error = posix_spawn_file_actions_addopen(fa, 1, "/dev/null",
							 O_WRONLY, 0);
	return error;
}

/* The loop's blocked and ignored signals are not the program's. */
static int attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &all);
	return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
					POSIX_SPAWN_SETSIGDEF |
					POSIX_SPAWN_SETPGROUP);
}

static int spawn(const struct run *r, const posix_spawn_file_actions_t *fa,
		 const posix_spawnattr_t *attr, pid_t *pid)
{
	char *const env[] = {
		(char[]){ "LC_ALL=C" },
		(char[]){ "PATH=/usr/sbin:/usr/bin:/sbin:/bin" }, NULL,
	};
	/* What it makes is for all to read, whoever started us. */
	mode_t mask = umask(022);
	int error = posix_spawn(pid, r->path, fa, attr,
				(char *const *)r->args, env);

	umask(mask);
	return error;
}

static int start(const struct run *r, int in, int said, pid_t *pid)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	int error = posix_spawn_file_actions_init(&fa);

	if (error)
		return -error;
	error = posix_spawnattr_init(&attr);
	if (error)
		goto destroy_actions;
	error = redirect(&fa, r, in, said);
	if (!error)
		error = attributes(&attr);
	if (!error)
		error = spawn(r, &fa, &attr, pid);
	posix_spawnattr_destroy(&attr);
destroy_actions:
	posix_spawn_file_actions_destroy(&fa);
	return -error;
}

/* 0 when the child has ended; it is not reaped. */
static int await_exit(const struct run *r, pid_t pid)
{
	uint64_t until = clock_boot() + r->wait_ms * CLOCK_MS, now;
	struct pollfd p = {
		.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN,
	};
	int n;

	if (p.fd < 0)
		return -errno;
	/* What shrinks: the time left. */
	do {
		now = clock_boot();
		n = poll(&p, 1, now < until ?
			 (int)((until - now) / CLOCK_MS) + 1 : 0);
	} while (n < 0 && errno == EINTR && now < until);
	close(p.fd);
	return n == 1 ? 0 : -ETIMEDOUT;
}

static void first_line(int fd, char line[static RUN_LINE])
{
	ssize_t n = pread(fd, line, RUN_LINE - 1, 0);

	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (line[0] == '\0')
		snprintf(line, RUN_LINE, "it did not say why");
}

static void whole_text(const struct run *r, int fd)
{
	ssize_t n;

	if (r->size == 0)
		return;
	n = pread(fd, r->text, r->size - 1, 0);
	r->text[n > 0 ? n : 0] = '\0';
}

static int finish(const struct run *r, pid_t pid, int said,
		  struct run_end *end, struct why *why)
{
	int error = await_exit(r, pid);
	pid_t reaped;

	if (error)
		kill(-pid, SIGKILL);
	do
		reaped = waitpid(pid, &end->status, 0);
	while (reaped < 0 && errno == EINTR);
	if (error == -ETIMEDOUT)
		return why_set(why, error, "%s had not ended after %u ms",
			       r->args[0], r->wait_ms);
	if (error || reaped < 0)
		return why_set(why, -ETIMEDOUT, "cannot wait for %s: %s",
			       r->args[0], strerror(error ? -error : errno));
	first_line(said, end->line);
	whole_text(r, said);
	return 0;
}

int run(const struct run *r, struct run_end *end, struct why *why)
{
	int error, in, said;
	pid_t pid;

	in = memory_file(r->input, r->len);
	if (in < 0)
		return why_set(why, in, "memory for %s: %s", r->args[0],
			       strerror(-in));
	said = sealed_file();
	if (said < 0) {
		error = why_set(why, said, "memory for the words of %s: %s",
				r->args[0], strerror(-said));
		goto close_in;
	}
	error = start(r, in, said, &pid);
	if (error)
		why_set(why, error, "%s: %s", r->path, strerror(-error));
	else
		error = finish(r, pid, said, end, why);
	close(said);
close_in:
	close(in);
	return error;
}
