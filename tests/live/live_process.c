/* SPDX-License-Identifier: ISC */
/*
 * The datapath process from outside: what it may still do, what it has open,
 * and how it ends. See fakecontrol.h.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "fakecontrol.h"
#include "noalloc.h"

static char root[] = "/tmp/live_process.XXXXXX";

/* --- what the kernel says of it --- */

static const struct {
	const char *key, *value;
} status[] = {
	{ "Uid", "64053 64053 64053 64053" },
	{ "Gid", "64054 64054 64054 64054" },
	{ "Groups", "" },
	{ "CapInh", "0000000000000000" },
	{ "CapPrm", "0000000000000000" },
	{ "CapEff", "0000000000000000" },
	{ "CapBnd", "0000000000000000" },
	{ "CapAmb", "0000000000000000" },
	{ "NoNewPrivs", "1" },
	{ "Seccomp", "2" },
	{ "Threads", "1" },
};

/* Of /proc/PID/status, blanks squeezed. */
static void status_value(const char *key, char *out, size_t size)
{
	char path[64], line[512], *save, *word;
	FILE *in;

	*out = '\0';
	snprintf(path, sizeof(path), "/proc/%d/status", f.child.pid);
	in = fopen(path, "r");
	while (in != NULL && fgets(line, sizeof(line), in) != NULL) {
		word = strtok_r(line, ": \t\n", &save);
		if (word == NULL || strcmp(word, key) != 0)
			continue;
		while ((word = strtok_r(NULL, " \t\n", &save)) != NULL)
			snprintf(out + strlen(out), size - strlen(out),
				 "%s%s", *out == '\0' ? "" : " ", word);
		break;
	}
	if (in != NULL)
		fclose(in);
}

static void has_given_up_everything(void)
{
	char value[256], path[64];
	struct dirent *e;
	DIR *dir;

	for (size_t i = 0; i < NITEMS(status); i++) {
		status_value(status[i].key, value, sizeof(value));
		check(strcmp(value, status[i].value) == 0, "%s is \"%s\"",
		      status[i].key, value);
	}
	snprintf(path, sizeof(path), "/proc/%d/root", f.child.pid);
	check(readlink(path, value, sizeof(value)) ==
	      (ssize_t)strlen(root) && memcmp(value, root, strlen(root)) == 0,
	      "its root is %s", root);
	dir = opendir(path);
	check(dir != NULL, "its root can be looked at");
	while (dir != NULL && (e = readdir(dir)) != NULL)
		check(*e->d_name == '.', "%s in its root", e->d_name);
	if (dir != NULL)
		closedir(dir);
}

/* --- what it has open --- */

static const struct {
	const char *front;	/* of what the link says */
	int least, most;
	const char *what;
} kinds[] = {
	{ "anon_inode:[eventpoll]", 1, 1, "its poller" },
	/* Two kicks, and libpcap's own. */
	{ "anon_inode:[eventfd]", 2, 3, "kicks" },
	/* Channel, 2 x (UDP, TCP), tripwire, tap. */
	{ "socket:", 7, 7, "sockets" },
};

static void has_open_what_it_needs(void)
{
	int n[NITEMS(kinds)] = { 0 };
	char path[320], to[256];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", f.child.pid);
	dir = opendir(path);
	while (dir != NULL && (e = readdir(dir)) != NULL) {
		size_t i = 0;
		ssize_t len;

		if (atoi(e->d_name) < DATAPATH_CHANNEL)
			continue;	/* what control had as 0, 1 and 2 */
		snprintf(path, sizeof(path), "/proc/%d/fd/%s", f.child.pid,
			 e->d_name);
		len = readlink(path, to, sizeof(to) - 1);
		to[len < 0 ? 0 : len] = '\0';
		while (i < NITEMS(kinds) &&
		       strncmp(to, kinds[i].front, strlen(kinds[i].front)) != 0)
			i++;
		check(i < NITEMS(kinds), "%s is open: %s", e->d_name, to);
		if (i < NITEMS(kinds))
			n[i]++;
	}
	check(dir != NULL, "%s", path);
	if (dir != NULL)
		closedir(dir);
	for (size_t i = 0; i < NITEMS(kinds); i++)
		check(n[i] >= kinds[i].least && n[i] <= kinds[i].most,
		      "%d %s", n[i], kinds[i].what);
}

/* --- how it ends --- */

/* The wait status of a process that is ours to wait for, within 5 s. */
static int ended(pid_t pid)
{
	uint64_t end = clock_boot() + WAIT_MS * CLOCK_MS;
	int st = -1;

	while (clock_boot() < end) {
		if (waitpid(pid, &st, WNOHANG) == pid)
			return st;
		poll(NULL, 0, 1);
	}
	return -1;
}

static void the_end_of_the_channel_ends_it(void)
{
	int st;

	check(alive(), "it runs");
	shutdown(f.child.channel, SHUT_RDWR);
	st = ended(f.child.pid);
	check(st >= 0 && WIFEXITED(st) && WEXITSTATUS(st) == 0,
	      "at the end of the channel: status %x", (unsigned int)st);
	f.child.pid = 0;
	child_stop(&f.child);
}

/*
 * The middle process starts a datapath and dies. Somebody keeps the channel
 * open, so that only the parent's death can end it.
 */
static void its_parents_death_ends_it(void)
{
	struct datapath_report report;
	int pair[2], st = -1;
	pid_t middle, keeper = 0, child = 0;

	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (pipe(pair) < 0)
		err(1, "pipe");
	middle = fork();
	if (middle == 0) {
		if (start(0, root, &report) < 0)
			_exit(1);
		keeper = fork();
		if (keeper == 0)
			for (;;)
				pause();
		(void)!write(pair[1], &keeper, sizeof(keeper));
		(void)!write(pair[1], &f.child.pid, sizeof(f.child.pid));
		_exit(0);
	}
	check(read(pair[0], &keeper, sizeof(keeper)) == sizeof(keeper) &&
	      read(pair[0], &child, sizeof(child)) == sizeof(child),
	      "the middle process has started one");
	waitpid(middle, &st, 0);
	st = child > 0 ? ended(child) : -1;
	check(st >= 0 && WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL,
	      "at its parent's death: status %x", (unsigned int)st);
	if (keeper > 0) {
		kill(keeper, SIGKILL);
		waitpid(keeper, NULL, 0);
	}
	close(pair[0]);
	close(pair[1]);
}

/* --- when it cannot start --- */

static void a_port_in_use_is_named(void)
{
	struct datapath_report report;
	int held = open_socket("127.0.0.1", SOCK_STREAM, true);
	int error = start(0, root, &report);
	struct ipaddr a = addr("127.0.0.1");

	check(error == -EADDRINUSE, "port in use: %d", error);
	check(strcmp(report.step, "bind") == 0, "step \"%s\"", report.step);
	check(ipaddr_equal(&report.addr, &a), "the address is named");
	check(f.child.pid == 0 && waitpid(-1, NULL, WNOHANG) < 0 &&
	      errno == ECHILD, "nothing is left over");
	close(held);
}

static void no_root_directory_is_named(void)
{
	struct datapath_report report;
	int error = start(0, "/nonexistent/x", &report);

	check(error < 0, "no directory: %d", error);
	check(strcmp(report.step, "chroot") == 0, "step \"%s\"", report.step);
}

/* Without the exception for ldns the same traffic ends it: the interposer
 * that the other tests rely on does see what it should. */
static void allocations_are_seen(void)
{
	struct datapath_report report;
	int st;

	if (!ALLOCATIONS_SEEN)
		return;
	check(start(STRICT, root, &report) == 0, "start: %s", report.step);
	f.says = SAY_TXT_TOO;
	new_epoch();
	put(f.client[0], "captive.apple.com", DNSTYPE_A);
	while (alive() && counted(PARSE_OK) < 2)
		pump(f.child.channel, WAIT_MS);
	st = ended(f.child.pid);
	check(st >= 0 && WIFSIGNALED(st), "an allocation: status %x",
	      (unsigned int)st);
	f.child.pid = 0;
	child_stop(&f.child);
}

int main(int argc, char **argv)
{
	struct datapath_report report;

	if (argc == 2 && strcmp(argv[1], "--datapath") == 0)
		return datapath_main();
	set_up();
	if (mkdtemp(root) == NULL)
		err(1, "%s", root);
	allow_name("captive.apple.com");
	/* What whoever started us has left open goes on to the datapath. */
	(void)!dup2(0, 99);
	check(start(1, root, &report) == 0, "start: %s", report.step);
	check(*report.note == '\0', "the tap: %s", report.note);
	has_given_up_everything();
	has_open_what_it_needs();
	the_end_of_the_channel_ends_it();
	its_parents_death_ends_it();
	a_port_in_use_is_named();
	no_root_directory_is_named();
	allocations_are_seen();
	rmdir(root);
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0;
}
