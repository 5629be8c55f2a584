/* SPDX-License-Identifier: ISC */
/*
 * The control socket's framing and bounds, over the socket itself; what is
 * in a line is tested in test_ctlproto.c, the peers in test_ctlsock.c.
 */
#include <criterion/criterion.h>
#include <fcntl.h>

#include "ctlserver.h"

enum { EVENT_SIZE = 1000, BIG = 300000 };

/* ---- the server's side */

static void bang(json_t *params)
{
	char filler[EVENT_SIZE + 1];
	json_int_t n = json_integer_value(json_object_get(params, "n"));

	memset(filler, 'x', EVENT_SIZE);
	filler[EVENT_SIZE] = '\0';
	for (json_int_t i = 0; i < n; i++)
		ctl_event(server.ctl, json_pack("{s:s}", "event", filler));
}

static json_t *big(void)
{
	char *text = calloc(1, BIG + 1);
	json_t *s;

	memset(text, 'b', BIG);
	s = json_string(text);
	free(text);
	return s;
}

static int call(void *context, const char *method, json_t *params, bool admin,
		json_t **result, struct ctl_error *error)
{
	(void)context, (void)admin;
	if (strcmp(method, "echo") == 0) {
		*result = json_incref(params != NULL ? params : json_null());
	} else if (strcmp(method, "big") == 0) {
		*result = big();
	} else if (strcmp(method, "none") == 0) {
		*result = NULL;
	} else if (strcmp(method, "bang") == 0) {
		bang(params);
		*result = json_true();
	} else {
		error->code = CTL_METHOD;
		return why_set(&error->why, -1, "no such method");
	}
	return 0;
}

static void setup(void)
{
	server_start(call, 0);
}

static unsigned int server_files(void)
{
	char name[64];
	unsigned int n = 0;
	DIR *d;

	snprintf(name, sizeof(name), "/proc/%d/fd", (int)server.pid);
	d = opendir(name);
	cr_assert_not_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* ---- the client's side */

static const char *ask(int fd, const char *line)
{
	static char answer[1024];

	cr_assert(server_tell(fd, line, strlen(line)));
	server_hear(fd, answer, sizeof(answer), '\n');
	return answer;
}

#define REQUEST(method) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\"}\n"
#define RESULT(value) "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" value "}\n"
#define ERROR(id, code, text) "{\"jsonrpc\":\"2.0\",\"id\":" id \
	",\"error\":{\"code\":" code ",\"message\":\"" text "\"}}\n"
#define TOO_LONG ERROR("null", "-32600", "a line has at most 65536 octets")
#define TOO_MANY ERROR("null", "-32000", \
	"too many connections to the control socket; close some")
#define PARSE "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"
#define SAID(s) s, sizeof(s) - 1

static const struct {
	const char *what;
	const char *said;
	size_t len;
	const char *want;	/* the whole answer, or how it begins */
} lines[] = {
	{ "a call", SAID(REQUEST("echo")), RESULT("null") },
	{ "CR LF", SAID("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"}\r\n"),
	  RESULT("null") },
	{ "garbage", SAID("GET / HTTP/1.1\r\n"), PARSE },
	{ "NUL behind a request", SAID("{}\0\n"), PARSE },
	{ "two in one packet", SAID(REQUEST("echo") REQUEST("none")),
	  RESULT("null") ERROR("1", "-32603", "there is no result") },
	{ "garbage, then a call", SAID("]\n" REQUEST("echo")), PARSE },
	{ "no id, no answer", SAID("{\"jsonrpc\":\"2.0\","
	  "\"method\":\"echo\"}\n" REQUEST("echo")),
	  "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" },
	{ "half a line", SAID(REQUEST("echo") "{\"jsonrpc\":\"2.0\",\"id\":2"),
	  RESULT("null") },
	{ "only half a line", SAID("{\"jsonrpc\""), "" },
	{ "a whole request without newline", SAID("1"), "" },
	{ "blank lines", SAID("\n\r\n\n" REQUEST("echo") "\n"),
	  RESULT("null") },
	{ "subscribe", SAID(REQUEST("subscribe")),
	  RESULT("{\"subscribed\":true}") },
	{ "subscribe with params", SAID("{\"jsonrpc\":\"2.0\",\"id\":1,"
	  "\"method\":\"subscribe\",\"params\":{\"to\":1}}\n"),
	  ERROR("1", "-32602", "this method has no params") },
	{ "unsubscribe", SAID(REQUEST("unsubscribe")),
	  RESULT("{\"subscribed\":false}") },
};

Test(ctl, lines, .init = setup, .fini = server_stop)
{
	unsigned int files = server_files();
	static char got[8192];

	for (size_t i = 0; i < NITEMS(lines); i++) {
		int fd = server_dial();
		size_t len = strlen(lines[i].want);

		cr_assert(server_tell(fd, lines[i].said, lines[i].len));
		shutdown(fd, SHUT_WR);
		server_hear(fd, got, sizeof(got), '\0');
		if (len == 0 || lines[i].want[len - 1] == '\n')
			cr_expect_str_eq(got, lines[i].want, "%s: %s",
					 lines[i].what, got);
		else
			cr_expect_eq(strncmp(got, lines[i].want, len), 0,
				     "%s: %s", lines[i].what, got);
		close(fd);
	}
	cr_expect_eq(server_files(), files, "descriptors leak");
}

/* A request padded with spaces to so many octets, newline included. */
static char *padded(size_t len)
{
	static const char request[] = REQUEST("echo");
	char *line = malloc(len + 1);

	memset(line, ' ', len);
	memcpy(line, request, sizeof(request) - 2);
	line[len - 1] = '\n';
	line[len] = '\0';
	return line;
}

static const struct {
	const char *what;
	size_t len;
	const char *want;
} lengths[] = {
	{ "longest line", CTL_LINE, RESULT("null") },
	{ "one octet too long", CTL_LINE + 1, TOO_LONG },
	{ "a megabyte", 1 << 20, TOO_LONG },
};

Test(ctl, lengths, .init = setup, .fini = server_stop)
{
	char got[512];

	for (size_t i = 0; i < NITEMS(lengths); i++) {
		char *line = padded(lengths[i].len);
		int fd = server_dial();

		(void)server_tell(fd, line, lengths[i].len);
		server_hear(fd, got, sizeof(got), '\n');
		cr_expect_str_eq(got, lengths[i].want, "%s: %s",
				 lengths[i].what, got);
		if (lengths[i].len > CTL_LINE)
			cr_expect_eq(server_hear(fd, got, sizeof(got), '\0'), 0,
				     "%s: not closed", lengths[i].what);
		close(fd);
		free(line);
	}
}

/* ---- much at once */

/* 500 requests in one go are answered in order, one each time round. */
Test(ctl, pipeline, .init = setup, .fini = server_stop)
{
	char line[128], want[128], got[128];
	int fd = server_dial();

	for (int i = 0; i < 500; i++) {
		snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":%d,"
			 "\"method\":\"echo\"}\n", i);
		cr_assert(server_tell(fd, line, strlen(line)));
	}
	for (int i = 0; i < 500; i++) {
		snprintf(want, sizeof(want), "{\"jsonrpc\":\"2.0\",\"id\":%d,"
			 "\"result\":null}\n", i);
		server_hear(fd, got, sizeof(got), '\n');
		cr_assert_str_eq(got, want);
	}
	close(fd);
}

/* Who asks for 15 MB and reads late is answered at his own pace. */
Test(ctl, slow_reader, .init = setup, .fini = server_stop)
{
	enum { N = 50 };
	static char got[65536];
	int fd = server_dial();
	size_t total = 0, n;

	for (int i = 0; i < N; i++)
		cr_assert(server_tell(fd, REQUEST("big"), strlen(REQUEST("big"))));
	shutdown(fd, SHUT_WR);
	while ((n = server_hear(fd, got, sizeof(got), '\0')) != 0)
		total += n;
	cr_expect_eq(total, N * (strlen(RESULT("\"\"")) + (size_t)BIG));
	close(fd);
}

#define BANG(n) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"bang\"," \
	"\"params\":{\"n\":" n "}}\n"

Test(ctl, events_reach_subscribers, .init = setup, .fini = server_stop)
{
	static char got[4096];
	int one = server_dial(), two = server_dial();

	cr_expect_str_eq(ask(one, REQUEST("subscribe")),
			 RESULT("{\"subscribed\":true}"));
	cr_expect_str_eq(ask(two, BANG("1")), RESULT("true"));
	server_hear(one, got, sizeof(got), '\n');
	cr_expect_eq(strncmp(got, "{\"jsonrpc\":\"2.0\",\"method\":\"event\","
			     "\"params\":{\"event\":\"xxx", 50), 0, "%s", got);
	cr_expect_str_eq(ask(one, REQUEST("unsubscribe")),
			 RESULT("{\"subscribed\":false}"));
	cr_expect_str_eq(ask(two, BANG("1")), RESULT("true"));
	cr_expect_str_eq(ask(one, REQUEST("echo")), RESULT("null"));
	close(one);
	close(two);
}

static size_t hear_all(int fd)
{
	static char got[65536];
	size_t total = 0, n;

	while ((n = server_hear(fd, got, sizeof(got), '\0')) != 0)
		total += n;
	return total;
}

/* 4 MB of events against a bound of 1 MB. */
Test(ctl, unread_events, .init = setup, .fini = server_stop)
{
	unsigned int files = server_files();
	int other = server_dial(), self = server_dial();

	cr_assert_str_eq(ask(other, REQUEST("subscribe")),
			 RESULT("{\"subscribed\":true}"));
	cr_assert(server_tell(self, REQUEST("subscribe") BANG("4000"),
		       strlen(REQUEST("subscribe") BANG("4000"))));
	cr_expect_lt(hear_all(other), 4000u * EVENT_SIZE);
	cr_expect_lt(hear_all(self), 4000u * EVENT_SIZE);
	cr_expect_eq(server_files(), files, "not closed");
	close(other);
	close(self);
}

/* ---- many clients */

/* How many of n new connections are served; the rest is refused politely. */
static unsigned int crowd(int *fds, unsigned int n)
{
	unsigned int served = 0;

	for (unsigned int i = 0; i < n; i++) {
		char got[512];

		fds[i] = server_dial();
		if (!server_tell(fds[i], REQUEST("echo"), strlen(REQUEST("echo"))))
			(void)server_hear(fds[i], got, sizeof(got), '\n');
		else
			server_hear(fds[i], got, sizeof(got), '\n');
		if (strcmp(got, RESULT("null")) == 0)
			served++;
		else
			cr_expect_str_eq(got, TOO_MANY);
	}
	return served;
}

static void leave(int *fds, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		close(fds[i]);
}

/* The server hears of the closed ones one by one. */
static void wait_for_room(void)
{
	char got[512];

	do {
		int fd = server_dial();

		(void)server_tell(fd, REQUEST("echo"), strlen(REQUEST("echo")));
		server_hear(fd, got, sizeof(got), '\n');
		close(fd);
	} while (strcmp(got, TOO_MANY) == 0);
	cr_expect_str_eq(got, RESULT("null"));
}

Test(ctl, thousand_clients, .init = setup, .fini = server_stop)
{
	static int fds[1000];
	struct rlimit files;
	unsigned int most = geteuid() == 0 ? CTL_CLIENTS : CTL_CLIENTS / 2;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur < 1100)
		cr_skip("at most %lu descriptors", (unsigned long)files.rlim_cur);
	cr_expect_eq(crowd(fds, NITEMS(fds)), most);
	leave(fds, NITEMS(fds));
	wait_for_room();
}

/* Accepting pauses and goes on. */
Test(ctl, out_of_descriptors, .fini = server_stop)
{
	int fds[30];
	char got[512];

	server_start(call, 20);
	for (unsigned int i = 0; i < NITEMS(fds); i++) {
		fds[i] = server_dial();
		cr_assert(server_tell(fds[i], REQUEST("echo"),
			       strlen(REQUEST("echo"))));
	}
	for (unsigned int i = 0; i < NITEMS(fds); i++) {
		server_hear(fds[i], got, sizeof(got), '\n');
		cr_expect_str_eq(got, RESULT("null"), "client %u", i);
		close(fds[i]);
	}
}

enum { NOBODY = 65534 };

/* Users who take all they get, and hold it until told to go. */
static pid_t occupy(uid_t uid, int say, int go)
{
	pid_t child = fork();
	static int fds[40];
	unsigned char served;
	char end;

	if (child != 0)
		return child;
	if (setuid(uid) != 0)
		_exit(1);
	served = (unsigned char)crowd(fds, NITEMS(fds));
	if (write(say, &served, 1) != 1 || read(go, &end, 1) != 0)
		_exit(2);
	_exit(0);
}

static const struct {
	const char *what;
	uid_t uid;
	unsigned char served;
} occupants[] = {
	{ "half for one user", NOBODY, 32 },
	{ "56 for two", NOBODY - 1, 24 },
	{ "none for the third", NOBODY - 2, 0 },
};

Test(ctl, root_is_not_locked_out, .init = setup, .fini = server_stop)
{
	pid_t children[NITEMS(occupants)];
	int say[2], go[2], fd;
	unsigned char served;

	if (geteuid() != 0)
		cr_skip("needs root");
	cr_assert(pipe(say) == 0 && pipe2(go, O_CLOEXEC) == 0);
	for (size_t i = 0; i < NITEMS(occupants); i++) {
		children[i] = occupy(occupants[i].uid, say[1], go[0]);
		cr_assert_eq(read(say[0], &served, 1), 1);
		cr_expect_eq(served, occupants[i].served, "%s: %u",
			     occupants[i].what, served);
	}
	fd = server_dial();
	cr_expect_str_eq(ask(fd, REQUEST("echo")), RESULT("null"));
	close(fd);
	for (size_t i = 0; i < NITEMS(children); i++)
		kill(children[i], SIGKILL);
	for (size_t i = 0; i < NITEMS(children); i++)
		waitpid(children[i], NULL, 0);
}
