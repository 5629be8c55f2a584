/* SPDX-License-Identifier: ISC */
#include "firewall/nftrun.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

const char *nftrun_find(struct why *why)
{
	static const char *const places[] = {
		"/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft",
	};

	for (size_t i = 0; i < NITEMS(places); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	why_set(why, -ENOENT, "no nft in /usr/sbin, /sbin or /usr/bin: "
		"install the package nftables");
	return NULL;
}

/*
 * Both ends of nft are files in memory: neither side can wait for the other,
 * whatever is said how fast.
 */
static int memory_file(const char *text, size_t len)
{
	int fd = memfd_create("nft", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR) {
			int error = -errno;

			close(fd);
			return error;
		}
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static int redirect(posix_spawn_file_actions_t *fa, int in, int err)
{
	int error = posix_spawn_file_actions_adddup2(fa, in, 0);

	if (!error)
		error = posix_spawn_file_actions_addopen(fa, 1, "/dev/null",
							 O_WRONLY, 0);
	if (!error)
		error = posix_spawn_file_actions_adddup2(fa, err, 2);
	return error;
}

/* The loop's blocked and ignored signals are not nft's. */
static int plain_signals(posix_spawnattr_t *attr)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &all);
	return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
					POSIX_SPAWN_SETSIGDEF);
}

static int start(const char *path, int in, int err, pid_t *pid)
{
	char *argv[] = { (char[]){ "nft" }, (char[]){ "-f" },
			 (char[]){ "-" }, NULL };
	char *env[] = { (char[]){ "LC_ALL=C" }, NULL };
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	int error = posix_spawn_file_actions_init(&fa);

	if (error)
		return -error;
	error = posix_spawnattr_init(&attr);
	if (error)
		goto destroy_actions;
	error = redirect(&fa, in, err);
	if (!error)
		error = plain_signals(&attr);
	if (!error)
		error = posix_spawn(pid, path, &fa, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
destroy_actions:
	posix_spawn_file_actions_destroy(&fa);
	return -error;
}

/* 0 when the child has ended; it is not reaped. */
static int await_exit(pid_t pid)
{
	uint64_t until = clock_boot() + NFTRUN_WAIT_MS * CLOCK_MS, now;
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

/* The first line that nft said, or what stands for it. */
static void first_line(int fd, char *line, size_t size)
{
	ssize_t n = pread(fd, line, size - 1, 0);

	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (line[0] == '\0')
		strncpy(line, "it did not say why", size - 1);
}

static int judge(int status, int err, struct why *why)
{
	char line[256] = "";

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	first_line(err, line, sizeof(line));
	return why_set(why, -EINVAL, "nft refused the rules: %s", line);
}

static int finish(pid_t pid, int err, struct why *why)
{
	int error = await_exit(pid), status;
	pid_t r;

	if (error)
		kill(pid, SIGKILL);
	do
		r = waitpid(pid, &status, 0);
	while (r < 0 && errno == EINTR);
	if (error == -ETIMEDOUT)
		return why_set(why, error, "nft had not ended after %d ms",
			       NFTRUN_WAIT_MS);
	if (error || r < 0)
		return why_set(why, -ETIMEDOUT, "cannot wait for nft: %s",
			       strerror(error ? -error : errno));
	return judge(status, err, why);
}

int nftrun(const char *text, size_t len, struct why *why)
{
	const char *path = nftrun_find(why);
	int error, in, err;
	pid_t pid;

	if (!path)
		return -ENOENT;
	in = memory_file(text, len);
	if (in < 0)
		return why_set(why, in, "memory for the rules: %s",
			       strerror(-in));
	err = memory_file("", 0);
	if (err < 0) {
		error = why_set(why, err, "memory for nft's words: %s",
				strerror(-err));
		goto close_in;
	}
	error = start(path, in, err, &pid);
	if (error)
		why_set(why, error, "%s: %s", path, strerror(-error));
	else
		error = finish(pid, err, why);
	close(err);
close_in:
	close(in);
	return error;
}
