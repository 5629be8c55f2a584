/* SPDX-License-Identifier: ISC */
/*
 * main.c - options, start order, signals, the end
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "datapath.h"
#include "dnscache.h"
#include "log.h"
#include "os/loalias.h"
#include "os/steer.h"
#include "shared/socket.h"
#include "tick.h"
#include "watcher.h"

static const char default_conf[] = "/etc/sallyport/sallyport.conf";

struct options {
	const char *conf;
	bool conf_given, check, foreground, restore;
	unsigned int verbose;
};

static NORETURN void die(const char *text)
{
	fprintf(stderr, "sallyportd: %s\n", text);
	exit(1);
}

static NORETURN void usage(FILE *out, int status)
{
	fputs("usage: sallyportd [-dnv] [-f FILE]\n"
	      "       sallyportd --restore-dns [-f FILE]\n\n"
	      "  -d             stay in the foreground, log to stderr\n"
	      "  -f FILE        configuration (/etc/sallyport/sallyport.conf)\n"
	      "  -n             check the configuration and stop\n"
	      "  -v             say more; twice for all\n"
	      "  -V             print the version\n"
	      "  --restore-dns  put the host's DNS settings back and stop;\n"
	      "                 for after a crash\n", out);
	exit(status);
}

static void parse(int argc, char **argv, struct options *o)
{
	enum { RESTORE = 256 };
	static const struct option longs[] = {
		{ "restore-dns", no_argument, NULL, RESTORE },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	*o = (struct options){ .conf = default_conf };
	while ((c = getopt_long(argc, argv, "df:hnvV", longs, NULL)) != -1) {
		switch (c) {
		case 'd':
			o->foreground = true;
			break;
		case 'f':
			o->conf = optarg;
			o->conf_given = true;
			break;
		case 'n':
			o->check = true;
			break;
		case 'v':
			o->verbose++;
			break;
		case 'V':
			puts("sallyportd " SALLYPORT_VERSION);
			exit(0);
		case RESTORE:
			o->restore = true;
			break;
		case 'h':
			usage(stdout, 0);
		default:
			usage(stderr, 2);
		}
	}
	if (optind < argc)
		usage(stderr, 2);
}

/* The host must not stay pointed at nobody for want of a configuration. */
static void load_or_defaults(struct conf *c, const struct options *o)
{
	struct why why;

	if (conf_load(c, o->conf, o->conf_given, &why) == 0)
		return;
	if (!o->restore)
		die(why.text);
	fprintf(stderr, "sallyportd: %s; going on with the defaults\n",
		why.text);
	conf_defaults(c);
}

static int restore_dns(const struct conf *c)
{
	struct hostdns *h;
	struct why why;

	/* Opening heals; what it could not, is tried again for the reason. */
	if (hostdns_open(&h, c, &why) < 0)
		die(why.text);
	if (h->ops->pointed(h) && h->ops->restore(h, &why) < 0)
		die(why.text);
	h->ops->close(h);
	loalias_remove();
	dnscache_flush();
	if (steer_heal(&why) < 0)
		die(why.text);
	return 0;
}

/*
 * Into the background. Who was started ends with the start's success: it
 * waits for the word at the end that is returned.
 */
static int leave_foreground(void)
{
	int ends[2], error;
	char word;

	error = socket_pair(ends);
	if (error < 0)
		die(strerror(-error));
	switch (fork()) {
	case -1:
		die(strerror(errno));
	case 0:
		close(ends[0]);
		if (setsid() < 0 || chdir("/") < 0)
			die(strerror(errno));
		return ends[1];
	default:
		close(ends[1]);
		_exit(read(ends[0], &word, 1) == 1 ? 0 : 1);
	}
}

/* From here on nobody reads what is said on stderr. */
static void say_started(int ready)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (null >= 0)
			dup2(null, fd);
	close(null);
	(void)!write(ready, "", 1);
	close(ready);
}

struct signals {
	struct daemon *daemon;
	enum daemon_end how;
};

static void on_signal(evutil_socket_t number, short what, void *context)
{
	struct signals *s = context;
	bool changed;
	struct why why;

	(void)what;
	switch (number) {
	case SIGHUP:
		if (daemon_reload(s->daemon, &changed, &why) < 0)
			log_error("reload: %s", why.text);
		else
			log_info("reload: %s", changed ? "done" : "no change");
		return;
	case SIGUSR1:
		s->how = DAEMON_HAND_OVER;
		break;
	default:
		s->how = DAEMON_STOP;
		break;
	}
	event_base_loopbreak(s->daemon->base);
}

static void run(struct daemon *d, struct signals *s)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1 };
	struct event *events[NITEMS(numbers)];

	for (size_t i = 0; i < NITEMS(numbers); i++) {
		events[i] = evsignal_new(d->base, numbers[i], on_signal, s);
		if (events[i] == NULL || event_add(events[i], NULL) < 0)
			die("cannot watch signals");
	}
	tick_run(d);
	for (size_t i = 0; i < NITEMS(numbers); i++)
		event_free(events[i]);
}

int main(int argc, char **argv)
{
	static struct daemon d;
	static struct conf conf;
	struct signals signals = { .daemon = &d, .how = DAEMON_STOP };
	enum log_level level;
	int ready = -1;
	struct options o;
	struct why why;

	if (argc == 2 && strcmp(argv[1], "--datapath") == 0)
		return datapath_main();
	if (argc == 2 && strcmp(argv[1], "--ledger") == 0)
		return watcher_main();
	parse(argc, argv, &o);
	conf_defaults(&conf);
	load_or_defaults(&conf, &o);
	if (o.check) {
		printf("%s: ok\n", o.conf);
		return 0;
	}
	if (geteuid() != 0)
		die("must be started as root");
	if (o.restore)
		return restore_dns(&conf);
	if (!o.foreground)
		ready = leave_foreground();
	level = o.verbose > 1 ? LEVEL_DEBUG :
		o.verbose == 1 && conf.log_level < LEVEL_INFO ? LEVEL_INFO :
		conf.log_level;
	log_open(o.foreground, level);
	signal(SIGPIPE, SIG_IGN);
	if (daemon_open(&d, o.conf, &conf, &why) < 0) {
		log_error("start: %s", why.text);
		if (!o.foreground)
			die(why.text);
		return 1;
	}
	if (!o.foreground)
		say_started(ready);
	run(&d, &signals);
	daemon_close(&d, signals.how);
	return 0;
}
