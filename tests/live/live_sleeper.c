/* SPDX-License-Identifier: ISC */
/*
 * The daemon on a machine that seems to sleep: a fake, as a test cannot
 * suspend the machine it runs on, nor set its clock. Both processes' boot
 * clock is ahead by the seconds in the file "sleeper" of the folder
 * $SLEEPER, twelve digits that the test changes; who writes to the FIFO
 * "sleeper.set" there has "set the wall clock".
 * The kernel's own clocks (timeouts of elements) go on as they are.
 *
 * Linked with --wrap=clock_gettime, --wrap=wakewatch_fd and
 * --wrap=wakewatch_look.
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "os/wakewatch.h"

enum { DIGITS = 12 };

static const char *ahead;
static int set = -1;

int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_wakewatch_fd(const struct wakewatch *w);
uint64_t __real_wakewatch_look(struct wakewatch *w);
uint64_t __wrap_wakewatch_look(struct wakewatch *w);

/* Before the datapath gives up the file system. */
__attribute__((constructor)) static void map(void)
{
	const char *folder = getenv("SLEEPER");
	void *p;
	int fd;

	/* The datapath has no environment; it is started where we are. */
	if (folder != NULL && chdir(folder) < 0)
		err(1, "%s", folder);
	fd = open("sleeper", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "sleeper");
	p = mmap(NULL, DIGITS, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		err(1, "sleeper");
	close(fd);
	ahead = p;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	int error = __real_clock_gettime(id, ts);
	time_t seconds = 0;

	for (unsigned int i = 0; i < DIGITS; i++)
		seconds = seconds * 10 + (ahead[i] - '0');
	if (id == CLOCK_BOOTTIME)
		ts->tv_sec += seconds;
	return error;
}

int __wrap_wakewatch_fd(const struct wakewatch *w)
{
	(void)w;
	set = open("sleeper.set", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (set < 0)
		err(1, "sleeper.set");
	return set;
}

uint64_t __wrap_wakewatch_look(struct wakewatch *w)
{
	char word[64];

	while (set >= 0 && read(set, word, sizeof(word)) > 0)
		continue;
	return __real_wakewatch_look(w);
}
