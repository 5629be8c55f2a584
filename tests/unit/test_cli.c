/* SPDX-License-Identifier: ISC */
/*
 * What sallyport shows and says. Its output for whole documents is in
 * cli/ROW.want.
 */
#include <criterion/criterion.h>
#include <sys/mman.h>

#include "cliserver.h"

struct run {
	int code;
	char out[OUTPUT], err[OUTPUT];
};

static void collect(int fd, char out[static OUTPUT])
{
	ssize_t n = pread(fd, out, OUTPUT - 1, 0);

	cr_assert_geq(n, 0);
	out[n] = '\0';
	close(fd);
}

static void run_at(struct run *r, const char *socket, const char *columns,
		   const char *const words[])
{
	int out = memfd_create("out", MFD_CLOEXEC);
	int err = memfd_create("err", MFD_CLOEXEC);
	pid_t child = fork();
	int status;

	if (child == 0) {
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		setenv("COLUMNS", columns, 1);
		setenv("TZ", "UTC", 1);
		become(socket, words);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status), "killed: %x", (unsigned int)status);
	r->code = WEXITSTATUS(status);
	collect(out, r->out);
	collect(err, r->err);
}

static void run(struct run *r, const char *const words[])
{
	run_at(r, server.path, "80", words);
}

/* ---- what is shown */

static const struct shown {
	const char *set;
	const char *columns;
	const char *want;	/* file */
	const char *words[WORDS];
} shown[] = {
	{ "usual", "80", "status.want", { NULL } },
	{ "usual", "80", "status.want", { "status" } },
	{ "usual", "40", "status-narrow.want", { "status" } },
	{ "usual", "80", "status-json.want", { "status", "--json" } },
	{ "usual", "80", "allowed.want", { "allowed" } },
	{ "usual", "80", "allowed-json.want", { "--json", "allowed" } },
	{ "usual", "80", "rules.want", { "rules" } },
	{ "usual", "80", "rules-json.want", { "rules", "--json" } },
	{ "usual", "80", "timeline.want", { "timeline" } },
	{ "usual", "80", "timeline-all.want", { "timeline", "--all" } },
	{ "usual", "50", "timeline-narrow.want", { "timeline" } },
	{ "usual", "1", "timeline-tiny.want", { "timeline" } },
	{ "usual", "80", "timeline-json.want", { "timeline", "--json" } },
	{ "usual", "80", "metrics.want", { "metrics" } },
	{ "usual", "80", "leaks.want", { "leaks" } },
	{ "quiet", "80", "quiet-leaks.want", { "leaks" } },
	{ "hostile", "80", "hostile-leaks.want", { "leaks" } },
	{ "wrong", "80", "wrong-leaks.want", { "leaks" } },
	{ "quiet", "80", "quiet-status.want", { "status" } },
	{ "quiet", "80", "quiet-timeline.want", { "timeline" } },
	{ "hostile", "80", "hostile-status.want", { "status" } },
	{ "hostile", "80", "hostile-timeline.want", { "timeline" } },
	{ "hostile", "80", "hostile-rules.want", { "rules" } },
	{ "wrong", "80", "wrong-status.want", { "status" } },
	{ "wrong", "80", "wrong-allowed.want", { "allowed" } },
	{ "wrong", "80", "wrong-timeline.want", { "timeline", "--all" } },
};

Test(cli, shown)
{
	static struct run r;
	static char text[OUTPUT];

	for (size_t i = 0; i < NITEMS(shown); i++) {
		with(shown[i].set);
		run_at(&r, server.path, shown[i].columns, shown[i].words);
		cr_expect_str_eq(r.out, wanted(shown[i].want, text),
				 "%s:\n%s", shown[i].want, r.out);
		cr_expect_str_empty(r.err, "%s: %s", shown[i].want, r.err);
		cr_expect_eq(r.code, 0, "%s", shown[i].want);
		server_stop();
	}
}

static const struct said {
	const char *what;
	const char *set;
	int code;
	const char *out, *err;
	const char *words[WORDS];
} said[] = {
	{ "a switch", "usual", 0, "network check: on, policy: blocked-active\n",
	  "", { "netcheck" } },
	{ "a switch, JSON", "usual", 0, "{\"lan\":false}\n", "",
	  { "lan", "--json" } },
	{ "switched on", "usual", 0,
	  "network check: on, policy: blocked-active\n", "",
	  { "netcheck", "on" } },
	{ "switched off", "usual", 0, "lockdown: off, policy: none\n", "",
	  { "lockdown", "off" } },
	{ "switched, JSON", "usual", 0,
	  "{\"netcheck\":true,\"lockdown\":true,\"lan\":true,"
	  "\"state\":\"connected\",\"blocking\":false,\"active\":false,"
	  "\"policy\":\"connected\"}\n", "", { "lan", "on", "--json" } },
	{ "neither on nor off", "usual", 2, "",
	  "sallyport: lan is on or off, not \"yes\"\n"
	  "see: sallyport help lan\n", { "lan", "yes" } },
	{ "state", "usual", 0, "error (auth_failed)\n", "", { "state" } },
	{ "state without a cause", "quiet", 0, "disconnected\n", "",
	  { "state" } },
	{ "state, JSON", "usual", 0,
	  "{\"state\":\"error\",\"cause\":\"auth_failed\"}\n", "",
	  { "state", "--json" } },
	{ "state with everything", "usual", 0,
	  "{\"state\":\"connected\",\"relays\":[\"192.0.2.1:51820\","
	  "\"[2001:db8::1]:443/tcp\"],\"interface\":\"wg0\","
	  "\"dns\":[\"10.64.0.1\",\"fd00::1\"]}\n", "",
	  { "--json", "--relay", "192.0.2.1:51820", "state",
	    "--relay=[2001:db8::1]:443/tcp", "connected", "--interface", "wg0",
	    "--dns", "10.64.0.1", "--dns=fd00::1" } },
	{ "state and cause", "usual", 0,
	  "{\"state\":\"error\",\"cause\":\"offline\"}\n", "",
	  { "state", "error", "offline", "--json" } },
	{ "no such state", "usual", 2, "",
	  "sallyport: \"up\" is no state; states are disconnected, connecting, "
	  "connected, disconnecting or error; or follow\n"
	  "see: sallyport help state\n",
	  { "state", "up" } },
	{ "follow", "quiet", 0, "disconnected, policy: none\n", "",
	  { "state", "follow" } },
	{ "follow, and a cause", "quiet", 2, "",
	  "sallyport: follow takes nothing more\nsee: sallyport help state\n",
	  { "state", "follow", "offline" } },
	{ "follow, and a relay", "quiet", 2, "",
	  "sallyport: follow takes nothing more\nsee: sallyport help state\n",
	  { "state", "follow", "--relay", "192.0.2.1:1" } },
	{ "cause without error", "usual", 2, "",
	  "sallyport: only the state error has a cause\n"
	  "see: sallyport help state\n", { "state", "connected", "offline" } },
	{ "no such cause", "usual", 2, "",
	  "sallyport: \"bad\" is no cause; causes are set_dns, read_dns, "
	  "start_resolver, set_firewall, offline, auth_failed, start_tunnel, "
	  "tunnel_parameter or other\nsee: sallyport help state\n",
	  { "state", "error", "bad" } },
	{ "relay without port", "usual", 2, "",
	  "sallyport: --relay is ADDRESS:PORT, and /udp or /tcp behind it, not "
	  "\"192.0.2.1\"\nsee: sallyport help state\n",
	  { "state", "connecting", "--relay", "192.0.2.1" } },
	{ "DNS by name", "usual", 2, "",
	  "sallyport: --dns is an address, not \"dns.example\"\n"
	  "see: sallyport help state\n",
	  { "state", "connected", "--dns", "dns.example" } },
	{ "options without a state", "usual", 2, "",
	  "sallyport: --relay, --interface and --dns belong to a state to be "
	  "set\nsee: sallyport help state\n", { "state", "--interface", "x" } },
	{ "another command's option", "usual", 2, "",
	  "sallyport: --all is not an option of status\n"
	  "see: sallyport help status\n", { "--all" } },
	{ "a word too many", "usual", 2, "",
	  "sallyport: \"x\" is one word too many for rules\n"
	  "see: sallyport help rules\n", { "rules", "x" } },
	{ "no such command", "usual", 2, "",
	  "sallyport: there is no command \"stat\"\nsee: sallyport help\n",
	  { "stat" } },
	{ "no such option", "usual", 2, "",
	  "sallyport: unrecognized option '--jason'\nsee: sallyport help\n",
	  { "status", "--jason" } },
	{ "reload", "usual", 0, "/etc/sallyport/sallyport.conf: in force\n", "",
	  { "reload" } },
	{ "reload of the same", "quiet", 0,
	  "/etc/sallyport/sallyport.conf: nothing has changed\n", "",
	  { "reload" } },
	{ "nothing open", "quiet", 0, "nothing is open\n", "", { "allowed" } },
	{ "nothing loaded", "quiet", 0, "no rules are loaded\n", "",
	  { "rules" } },
	{ "no metrics", "quiet", 0, "# EOF\n", "", { "metrics" } },
	{ "metrics of another type", "wrong", 0, "# EOF\n", "", { "metrics" } },
	{ "result of another type", "wrong", 0,
	  "local network: off, policy: \n", "", { "lan", "on" } },
	{ "a step failed", "refusing", 1, "",
	  "sallyport: port 53 on 127.0.0.1 is held by dnsmasq (pid 812); stop "
	  "it or set listen = ... (step: listen)\n", { "netcheck", "on" } },
	{ "a step failed, JSON", "refusing", 1,
	  "{\"error\":{\"code\":-32002,\"message\":\"port 53 on 127.0.0.1 is "
	  "held by dnsmasq (pid 812); stop it or set listen = ...\","
	  "\"data\":{\"step\":\"listen\"}}}\n",
	  "sallyport: port 53 on 127.0.0.1 is held by dnsmasq (pid 812); stop "
	  "it or set listen = ... (step: listen)\n",
	  { "netcheck", "on", "--json" } },
	{ "not permitted", "refusing", 1, "",
	  "sallyport: only root and members of sallyport-admin may change "
	  "this\n", { "lockdown", "on" } },
	{ "hostile sentence", "refusing", 1, "",
	  "sallyport: bad \\x1b[2J sentence\n", { "state", "error" } },
	{ "version", "usual", 0, "sallyport  " SALLYPORT_VERSION
	  "\nsallyportd 0.1\n", "", { "version" } },
	{ "-V", "usual", 0, "sallyport " SALLYPORT_VERSION "\n", "",
	  { "-V", "monitor" } },
	{ "help about a command", "usual", 0,
	  "usage: sallyport lan [on|off]\n"
	  "is the local network spared by the kill switch?\n", "",
	  { "lan", "-h" } },
	{ "help about nothing", "usual", 2, "",
	  "sallyport: there is no command \"me\"\nsee: sallyport help\n",
	  { "help", "me" } },
	{ "configuration that is not there", "usual", 1, "",
	  "sallyport: /nonexistent: No such file or directory\n",
	  { "check-config", "/nonexistent" } },
};

Test(cli, said)
{
	static struct run r;

	for (size_t i = 0; i < NITEMS(said); i++) {
		with(said[i].set);
		run(&r, said[i].words);
		cr_expect_str_eq(r.out, said[i].out, "%s: %s", said[i].what,
				 r.out);
		cr_expect_str_eq(r.err, said[i].err, "%s: %s", said[i].what,
				 r.err);
		cr_expect_eq(r.code, said[i].code, "%s: %d", said[i].what,
			     r.code);
		server_stop();
	}
}

/* ---- daemons that are not there, or not themselves */

Test(cli, unreachable)
{
	static struct run r;

	run_at(&r, "/nonexistent/s", "80", (const char *[WORDS]){ "status" });
	cr_expect_str_eq(r.err, "sallyport: cannot reach the daemon at "
			 "/nonexistent/s: is sallyportd running? (systemctl "
			 "start sallyportd)\n");
	cr_expect_eq(r.code, 3);
	run_at(&r, "/nonexistent/s", "80", (const char *[WORDS]){ "version" });
	cr_expect_str_eq(r.out, "sallyport  " SALLYPORT_VERSION
			 "\nsallyportd is not running\n");
	cr_expect_eq(r.code, 0);
}

#define OTHER "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{\"state\":\"no\"}}\n"
#define EVENT "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{}}\n"
#define OURS "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"state\":\"yes\"}}\n"
#define NO_RPC "sallyport: what the daemon says is no JSON-RPC; is it of " \
	"another version?\n"

static const struct {
	const char *what;
	const char *answer;
	unsigned int times;
	int code;
	const char *out, *err;
} strangers[] = {
	{ "answers to others", OTHER EVENT OURS, 1, 0, "yes\n", "" },
	{ "closes at once", "", 1, 3, "",
	  "sallyport: the daemon has closed the connection\n" },
	{ "half a line", "{\"jsonrpc\"", 1, 3, "",
	  "sallyport: the daemon has closed the connection\n" },
	{ "another protocol", "220 mail.example ESMTP\n", 1, 3, "", NO_RPC },
	{ "an array", "[]\n", 1, 3, "", NO_RPC },
	{ "neither result nor error", "{\"jsonrpc\":\"2.0\",\"id\":1}\n", 1, 1,
	  "", "sallyport: the daemon's answer is empty\n" },
	{ "turned away", "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":"
	  "{\"code\":-32000,\"message\":\"too many\"}}\n", 1, 1, "",
	  "sallyport: too many\n" },
	{ "an endless line", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 40000, 3, "",
	  "sallyport: the daemon's answer is too long\n" },
};

/* A child that reads one line, says its piece, and goes. */
static pid_t stranger(int listener, const char *answer, unsigned int times)
{
	pid_t child = fork();
	char line[1024];
	int fd;

	if (child != 0)
		return child;
	fd = accept(listener, NULL, NULL);
	server_hear(fd, line, sizeof(line), '\n');
	while (times-- > 0)
		if (!server_tell(fd, answer, strlen(answer)))
			break;
	_exit(0);
}

Test(cli, strangers)
{
	static struct run r;
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "/tmp/test_cli.%d",
		 (int)getpid());
	cr_assert_eq(bind(listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
	cr_assert_eq(listen(listener, 1), 0);
	for (size_t i = 0; i < NITEMS(strangers); i++) {
		pid_t child = stranger(listener, strangers[i].answer,
				       strangers[i].times);

		run_at(&r, sa.sun_path, "80",
		       (const char *[WORDS]){ "state" });
		waitpid(child, NULL, 0);
		cr_expect_str_eq(r.out, strangers[i].out, "%s: %s",
				 strangers[i].what, r.out);
		cr_expect_str_eq(r.err, strangers[i].err, "%s: %s",
				 strangers[i].what, r.err);
		cr_expect_eq(r.code, strangers[i].code, "%s: %d",
			     strangers[i].what, r.code);
	}
	close(listener);
	unlink(sa.sun_path);
}
