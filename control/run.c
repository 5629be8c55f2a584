/* SPDX-License-Identifier: ISC */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/exitwatch.h"
#include "os/memfile.h"

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
		if (n == 0)
			return -ENOSPC;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;
}

static int text_file(const char *text, size_t len)
{
	int fd = memfile_open(0), error;

	if (fd < 0)
		return fd;
	error = fill(fd, text, len);
	if (error == 0)
		return fd;
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
	int error = exitwatch(pid, r->wait_ms);
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

	in = text_file(r->input, r->len);
	if (in < 0)
		return why_set(why, in, "memory for %s: %s", r->args[0],
			       strerror(-in));
	said = memfile_open(RUN_SAID);
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
