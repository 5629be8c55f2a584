/* SPDX-License-Identifier: ISC */
#include "bench/process.h"

#include <err.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

double process_cost(pid_t child)
{
	struct rusage used;
	int status;

	if (child < 0 || wait4(child, &status, 0, &used) != child)
		err(2, "child");
	/* replay: 1 means leaks were found, and the captures have some. */
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
		errx(2, "a row failed");
	return (seconds(used.ru_utime) + seconds(used.ru_stime)) * 1e9;
}

void process_replay(const char *program, const char *capture)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
		err(2, "/dev/null");
	execl(program, program, "replay", "--stats", capture, (char *)NULL);
	err(2, "%s", program);
}
