/* SPDX-License-Identifier: ISC */
/*
 * sallyport - looks at sallyportd and tells it what to do
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

static enum app_exit version(struct app *a);
static enum app_exit help(struct app *a);

/* Options that not every command takes. */
enum { TAKES_ALL = 1, TAKES_TUNNEL = 2, TAKES_REPLAY = 4, TAKES_AUDIT = 8,
       TAKES_INTERFACE = 16 };

static const struct command {
	const char *name;
	const char *words;
	int max;		/* of them */
	unsigned int takes;
	const char *what;
	enum app_exit (*run)(struct app *a);
} commands[] = {
	{ "status", "", 0, 0, "where everything stands (the default)",
	  show_status },
	{ "netcheck", "[on|off]", 1, 0,
	  "may the system's network check pass while blocked?",
	  change_netcheck },
	{ "lockdown", "[on|off]", 1, 0,
	  "is everything blocked without a tunnel?", change_lockdown },
	{ "lan", "[on|off]", 1, 0,
	  "is the local network spared by the kill switch?", change_lan },
	{ "state", "[STATE [CAUSE] | follow] [--relay ADDRESS:PORT[/udp|/tcp]]...\n"
	  "                 [--interface NAME] [--dns ADDRESS]...",
	  2, TAKES_TUNNEL | TAKES_INTERFACE, "where the tunnel is", change_state },
	{ "allowed", "", 0, 0, "addresses that are open now", show_allowed },
	{ "rules", "", 0, 0, "the firewall's rules as loaded", show_rules },
	{ "timeline", "[--all]", 0, TAKES_ALL,
	  "what the last reconnect spent its time on", chart_timeline },
	{ "leaks", "", 0, 0, "what left although it was blocked", leaks_show },
	{ "monitor", "", 0, 0, "events as they come, until interrupted",
	  monitor_events },
	{ "metrics", "", 0, 0, "counters as OpenMetrics text", show_metrics },
	{ "reload", "", 0, 0, "the daemon reads its configuration again",
	  change_reload },
	{ "check-config", "[FILE]", 1, 0,
	  "reads a configuration file and shows what is in force",
	  checkconf_run },
	{ "replay", "[--policy FILE] [--local ADDRESS[/BITS]]... [--bpf EXPR]\n"
	  "                 [--speed N|max] [--loop N] [--limit N] [--stats] "
	  "FILE...", INT_MAX, TAKES_REPLAY,
	  "what the daemon would make of captured packets", replay_run },
	{ "audit", "[--for TIME] [--interface NAME]... "
	  "[--allow ADDRESS[:PORT]]...", 0, TAKES_AUDIT | TAKES_INTERFACE,
	  "does anything leak past a kill switch, this or another?",
	  audit_run },
	{ "version", "", 0, 0, "of this program and of the daemon", version },
	{ "help", "[COMMAND]", 1, 0, "this text", help },
};

enum { OPT_SOCKET = 256, OPT_JSON, OPT_NO_COLOR, OPT_RELAY, OPT_INTERFACE,
       OPT_DNS, OPT_ALL, OPT_POLICY, OPT_LOCAL, OPT_BPF, OPT_SPEED,
       OPT_LOOP, OPT_LIMIT, OPT_STATS, OPT_FOR, OPT_ALLOW };

static const struct option options[] = {
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "no-color", no_argument, NULL, OPT_NO_COLOR },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ "relay", required_argument, NULL, OPT_RELAY },
	{ "interface", required_argument, NULL, OPT_INTERFACE },
	{ "dns", required_argument, NULL, OPT_DNS },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "policy", required_argument, NULL, OPT_POLICY },
	{ "local", required_argument, NULL, OPT_LOCAL },
	{ "bpf", required_argument, NULL, OPT_BPF },
	{ "speed", required_argument, NULL, OPT_SPEED },
	{ "loop", required_argument, NULL, OPT_LOOP },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "stats", no_argument, NULL, OPT_STATS },
	{ "for", required_argument, NULL, OPT_FOR },
	{ "allow", required_argument, NULL, OPT_ALLOW },
	{ NULL, 0, NULL, 0 },
};

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < NITEMS(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* ---- version and help */

static enum app_exit version(struct app *a)
{
	struct client_error e;
	json_t *s = NULL, *both;

	/* The daemon need not be there. */
	if (client_open(&a->client, a->socket, &e.why) != 0 ||
	    client_call(&a->client, "status", NULL, &s, &e) != CLIENT_OK)
		s = NULL;
	both = json_pack("{s:s, s:O*}", "sallyport", SALLYPORT_VERSION,
			 "sallyportd", json_object_get(s, "version"));
	if (!app_json(a, both)) {
		fputs("sallyport  " SALLYPORT_VERSION "\nsallyportd ", stdout);
		print_text(stdout, s != NULL ? client_text(s, "version")
					     : "is not running");
		fputc('\n', stdout);
	}
	json_decref(both);
	json_decref(s);
	return APP_OK;
}

static void help_command(const struct command *c)
{
	printf("usage: sallyport %s%s%s\n%s\n", c->name,
	       c->words[0] != '\0' ? " " : "", c->words, c->what);
}

static void help_all(void)
{
	puts("usage: sallyport [OPTIONS] [COMMAND]\n");
	for (size_t i = 0; i < NITEMS(commands); i++)
		printf("  %-14s%s\n", commands[i].name, commands[i].what);
	puts("\n"
	     "  --socket PATH  of the daemon\n"
	     "  --json         one JSON value, for programs\n"
	     "  --no-color     plain text on a terminal, too (so does NO_COLOR)\n"
	     "  -h, --help     this text; behind a command, about it\n"
	     "  -V, --version  of this program\n"
	     "\n"
	     "see sallyport(1)");
}

static enum app_exit help(struct app *a)
{
	const struct command *c;

	if (a->n_words == 0) {
		help_all();
		return APP_OK;
	}
	c = find(a->words[0]);
	if (c == NULL) {
		const char *word = a->words[0];

		a->command = NULL;
		return app_usage(a, "there is no command \"%s\"", word);
	}
	help_command(c);
	return APP_OK;
}

/* ---- options */

struct given {
	bool help, version, bad;
	unsigned int takes;
};

static json_t *append(json_t *list, const char *text)
{
	if (list == NULL)
		list = json_array();
	/* Not UTF-8: no address either; the check refuses the empty text. */
	if (json_array_append_new(list, json_string(text)) != 0)
		json_array_append_new(list, json_string(""));
	return list;
}

static bool take_replay_option(struct app *a, int option)
{
	switch (option) {
	case OPT_POLICY: a->policy = optarg; break;
	case OPT_LOCAL: a->locals = append(a->locals, optarg); break;
	case OPT_BPF: a->bpf = optarg; break;
	case OPT_SPEED: a->speed = optarg; break;
	case OPT_LOOP: a->loop = optarg; break;
	case OPT_LIMIT: a->limit = optarg; break;
	case OPT_STATS: a->stats = true; break;
	default: return false;
	}
	return true;
}

static void take_option(struct app *a, struct given *g, int option)
{
	if (take_replay_option(a, option)) {
		g->takes |= TAKES_REPLAY;
		return;
	}
	switch (option) {
	case OPT_SOCKET: a->socket = optarg; break;
	case OPT_JSON: a->json = true; break;
	case OPT_NO_COLOR: a->no_color = true; break;
	case 'h': g->help = true; break;
	case 'V': g->version = true; break;
	case OPT_ALL: a->all = true; g->takes |= TAKES_ALL; break;
	case OPT_RELAY:
		a->relays = append(a->relays, optarg);
		g->takes |= TAKES_TUNNEL;
		break;
	case OPT_DNS:
		a->dns = append(a->dns, optarg);
		g->takes |= TAKES_TUNNEL;
		break;
	case OPT_INTERFACE:
		a->interface = optarg;
		a->interfaces = append(a->interfaces, optarg);
		g->takes |= TAKES_INTERFACE;
		break;
	case OPT_FOR:
		a->seconds = optarg;
		g->takes |= TAKES_AUDIT;
		break;
	case OPT_ALLOW:
		a->allowed = append(a->allowed, optarg);
		g->takes |= TAKES_AUDIT;
		break;
	default: g->bad = true; break;	/* getopt_long() has said why */
	}
}

/* The options that command c does not take, for people; NULL: none. */
static const char *not_taken(const struct command *c, unsigned int takes)
{
	takes &= ~c->takes;
	if ((takes & TAKES_ALL) != 0)
		return "--all";
	if ((takes & TAKES_TUNNEL) != 0)
		return "--relay or --dns";
	if ((takes & TAKES_INTERFACE) != 0)
		return "--interface";
	if ((takes & TAKES_AUDIT) != 0)
		return "--for or --allow";
	return takes != 0 ? "one of replay's options" : NULL;
}

/* Words and options may stand in any order. */
static struct given take_options(struct app *a, int argc, char **argv)
{
	struct given g = { .takes = 0 };
	int option;

	while ((option = getopt_long(argc, argv, "hV", options, NULL)) != -1)
		take_option(a, &g, option);
	a->words = argv + optind;
	a->n_words = argc - optind;
	if (a->n_words > 0) {
		a->command = a->words[0];
		a->words++;
		a->n_words--;
	}
	return g;
}

static enum app_exit run(struct app *a, const struct given *g)
{
	const char *name = a->command != NULL ? a->command : "status";
	const struct command *c = find(name);

	if (g->bad) {
		fputs("see: sallyport help\n", stderr);
		return APP_USAGE;
	}
	if (g->version) {
		puts("sallyport " SALLYPORT_VERSION);
		return APP_OK;
	}
	if (g->help && a->command == NULL) {
		help_all();
		return APP_OK;
	}
	a->command = c != NULL ? c->name : NULL;
	if (c == NULL)
		return app_usage(a, "there is no command \"%s\"", name);
	if (g->help) {
		help_command(c);
		return APP_OK;
	}
	if (a->n_words > c->max)
		return app_usage(a, "\"%s\" is one word too many for %s",
				 a->words[c->max], name);
	if (not_taken(c, g->takes) != NULL)
		return app_usage(a, "%s is not an option of %s",
				 not_taken(c, g->takes), name);
	return c->run(a);
}

int main(int argc, char **argv)
{
	static struct app a;
	struct conf *c = malloc(sizeof(*c));
	struct given g;
	enum app_exit r;

	if (c == NULL)
		return APP_FAILED;
	conf_defaults(c);
	a.socket = c->control.socket;
	a.client.fd = -1;
	g = take_options(&a, argc, argv);
	print_init(&a.out, a.no_color);
	r = run(&a, &g);
	client_close(&a.client);
	json_decref(a.relays);
	json_decref(a.dns);
	json_decref(a.locals);
	json_decref(a.allowed);
	json_decref(a.interfaces);
	free(c);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("sallyport: stdout");
		r = r != APP_OK ? r : APP_FAILED;
	}
	return (int)r;
}
