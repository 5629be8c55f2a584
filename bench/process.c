/* SPDX-License-Identifier: ISC */
#include "bench/process.h"

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* ---- those that run */

static int set_cpu(pid_t pid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	return sched_setaffinity(pid, sizeof(set), &set);
}

void process_stay_on(int cpu)
{
	if (set_cpu(0, cpu) < 0)
		err(2, "CPU %d", cpu);
}

typedef void on_task(const char *pid, const char *tid, void *context);

static void for_pid(const char *pid, on_task *f, void *context)
{
	char path[64];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%.20s/task", pid);
	d = opendir(path);
	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			f(pid, e->d_name, context);
	if (d != NULL)
		closedir(d);
}

static void for_tasks(const char *pids, on_task *f, void *context)
{
	char *list = strdup(pids == NULL ? "" : pids), *rest = list, *pid;

	while ((pid = strsep(&rest, " \n")) != NULL)
		if (*pid != '\0')
			for_pid(pid, f, context);
	free(list);
}

/* One that has ended meanwhile is none of ours. */
static void place(const char *pid, const char *tid, void *context)
{
	const int *cpu = context;

	(void)pid;
	(void)!set_cpu(atoi(tid), *cpu);
}

void process_place(const char *pids, int cpu)
{
	for_tasks(pids, place, &cpu);
}

/* schedstat's first number is nanoseconds on a CPU. */
static void add_time(const char *pid, const char *tid, void *context)
{
	uint64_t *sum = context;
	char path[80];
	unsigned long long ns;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/task/%.20s/schedstat", pid,
		 tid);
	f = fopen(path, "re");
	if (f != NULL && fscanf(f, "%llu", &ns) == 1)
		*sum += ns;
	if (f != NULL)
		fclose(f);
}

uint64_t process_time(const char *pids)
{
	uint64_t sum = 0;

	for_tasks(pids, add_time, &sum);
	return sum;
}
