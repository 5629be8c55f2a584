/* SPDX-License-Identifier: ISC */
/*
 * sallyport on a terminal, and its monitor.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pty.h>

#include "cliserver.h"

static void setup(void)
{
	with("usual");
}

/* ---- terminals */

/* Its exit code. */
static int run_on_terminal(char out[static OUTPUT], const char *no_color,
			   const char *const words[])
{
	struct winsize size = { .ws_row = 24, .ws_col = 60 };
	size_t have = 0;
	ssize_t n;
	int master, status;
	pid_t child = forkpty(&master, NULL, NULL, &size);

	if (child == 0) {
		unsetenv("COLUMNS");
		unsetenv("NO_COLOR");
		if (no_color != NULL)
			setenv("NO_COLOR", no_color, 1);
		become(server.path, words);
	}
	/* EIO: the other end is closed. */
	while ((n = read(master, out + have, OUTPUT - 1 - have)) > 0)
		have += (size_t)n;
	out[have] = '\0';
	close(master);
	cr_assert_eq(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}

static const struct {
	const char *what;
	const char *no_color;
	bool colour;
	const char *words[WORDS];
} terminals[] = {
	{ "colour", NULL, true, { "status" } },
	{ "NO_COLOR", "1", false, { "status" } },
	{ "NO_COLOR is empty", "", true, { "status" } },
	{ "--no-color", NULL, false, { "status", "--no-color" } },
	{ "--json", NULL, false, { "status", "--json" } },
};

Test(cliterm, terminals, .init = setup, .fini = server_stop)
{
	static char out[OUTPUT];

	for (size_t i = 0; i < NITEMS(terminals); i++) {
		cr_expect_eq(run_on_terminal(out, terminals[i].no_color,
					     terminals[i].words), 0);
		cr_expect_eq(strchr(out, '\033') != NULL, terminals[i].colour,
			     "%s: %s", terminals[i].what, out);
	}
	run_on_terminal(out, NULL, (const char *[WORDS]){ "timeline" });
	cr_expect_not_null(strstr(out, "\u2588"), "%s", out);
}

/* ---- the monitor */

static void tell_server(const char *method)
{
	char line[256];
	int fd = server_dial();

	snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":1,"
		 "\"method\":\"%s\"}\n", method);
	cr_assert(server_tell(fd, line, strlen(line)));
	server_hear(fd, line, sizeof(line), '\n');
	close(fd);
}

/* The times differ each time: every digit in the first column is a 0. */
static void mask(char *text)
{
	bool time = true;

	for (char *c = text; *c != '\0'; c++) {
		if (*c == '\n')
			time = true;
		else if (*c == ' ')
			time = false;
		else if (time && *c >= '0' && *c <= '9')
			*c = '0';
	}
}

/*
 * "hello" until the first one is shown: then it has subscribed. Returns its
 * exit code after the daemon has gone.
 */
static int monitor(const char *name, char out[static OUTPUT])
{
	struct pollfd p;
	int fds[2], status;
	pid_t child;

	with(name);
	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		dup2(fds[1], STDOUT_FILENO);
		close(STDERR_FILENO);
		become(server.path, (const char *[WORDS]){ "monitor" });
	}
	close(fds[1]);
	p = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	do
		tell_server("hello");
	while (poll(&p, 1, 20) == 0);
	tell_server("bang");
	server_stop();
	for (size_t have = 0, n = 1; n > 0; have += n) {
		ssize_t got = read(fds[0], out + have, OUTPUT - 1 - have);

		n = got > 0 ? (size_t)got : 0;
		out[have + n] = '\0';
	}
	close(fds[0]);
	cr_assert_eq(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}

static const char *const monitored[] = { "usual", "hostile", "wrong" };

Test(cliterm, monitor)
{
	static char out[OUTPUT], want[OUTPUT];

	for (size_t i = 0; i < NITEMS(monitored); i++) {
		char file[64];
		char *from = out, *next;

		cr_expect_eq(monitor(monitored[i], out), 3);
		mask(out);
		while ((next = strstr(from, "  hello ")) != NULL)
			from = strchr(next, '\n') + 1;
		snprintf(file, sizeof(file), "%s-monitor.want", monitored[i]);
		cr_expect_str_eq(from, wanted(file, want), "%s:\n%s", file,
				 from);
	}
}
