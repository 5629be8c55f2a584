/* SPDX-License-Identifier: ISC */
/*
 * sallyport audit: the ledger alone, beside whatever kill switch there is.
 * Root opens the capture; nobody reads it.
 */
#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/filter.h"
#include "capture.h"
#include "clock.h"
#include "command.h"
#include "endpoint.h"
#include "leakjson.h"
#include "leaklog.h"
#include "os/links.h"
#include "priv.h"
#include "source/source_pcap.h"
#include "watcher.h"

enum { BURST = 65536, FOR_USUAL = 60, FOR_MAX = 7 * 24 * 3600, NAMES = 64 };

struct audit {
	struct app *app;
	struct source_pcap *source;
	struct book_control *control;
	struct book_entries *entries;
	struct book_rules rules;
	struct capture capture;
	struct leaklog log;
	unsigned int seconds;
	uint64_t begun, ended;		/* boot time, ns */
	unsigned int n_names;
	struct { uint32_t ifindex; char name[IF_NAMESIZE]; } names[NAMES];
};

static atomic_bool interrupted;

static void on_signal(int number)
{
	(void)number;
	atomic_store_explicit(&interrupted, true, memory_order_relaxed);
}

static enum app_exit fail(struct app *a, const char *fmt, ...) PRINTF(2, 3);

static enum app_exit fail(struct app *a, const char *fmt, ...)
{
	struct client_error e = { .code = 0 };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e.why.text, sizeof(e.why.text), fmt, ap);
	va_end(ap);
	return app_report(a, APP_UNSURE, &e);
}

/* ---- options */

/* "60s", "5m", "1h"; seconds without a unit. 0: nonsense. */
static unsigned int parse_time(const char *text)
{
	static const struct { char unit; unsigned int seconds; } units[] = {
		{ '\0', 1 }, { 's', 1 }, { 'm', 60 }, { 'h', 3600 },
	};
	size_t digits = strspn(text, "0123456789");
	unsigned long n = digits > 0 && digits < 7 ? strtoul(text, NULL, 10) : 0;

	for (size_t i = 0; i < NITEMS(units); i++)
		if (text[digits] == units[i].unit &&
		    (units[i].unit == '\0' || text[digits + 1] == '\0') &&
		    n * units[i].seconds <= FOR_MAX)
			return (unsigned int)n * units[i].seconds;
	return 0;
}

static bool add_relay(struct book_rules *r, const struct ipaddr *a,
		      uint16_t port, uint16_t protocol)
{
	if (r->n_relays == BOOK_RELAYS)
		return false;
	r->relays[r->n_relays++] = (struct book_relay){ *a, port, protocol };
	return true;
}

/* Without a port: all of it. Without /udp or /tcp: both. */
static bool allow(struct book_rules *r, const char *text)
{
	bool slash = strchr(text, '/') != NULL;
	struct endpoint e;
	struct ipaddr a;

	if (ipaddr_parse(text, &a))
		return add_relay(r, &a, 0, 0);
	if (!endpoint_parse(text, &e))
		return false;
	return (slash && e.tcp ? true :
		add_relay(r, &e.addr, e.port, FRAME_UDP)) &&
	       (slash && !e.tcp ? true :
		add_relay(r, &e.addr, e.port, FRAME_TCP));
}

static bool take_interface(struct audit *u, const char *name)
{
	unsigned int ifindex = if_nametoindex(name);

	if (ifindex == 0 || u->capture.n_only == CAPTURE_ONLY)
		return false;
	u->capture.only[u->capture.n_only++] = ifindex;
	return true;
}

static enum app_exit read_options(struct audit *u)
{
	struct app *a = u->app;
	json_t *value;
	size_t i;

	u->seconds = a->seconds == NULL ? FOR_USUAL : parse_time(a->seconds);
	if (u->seconds == 0)
		return app_usage(a, "--for %s: not a time such as 60s or 5m, "
				 "of at most a week", a->seconds);
	json_array_foreach(a->allowed, i, value)
		if (!allow(&u->rules, json_string_value(value)))
			return app_usage(a, "--allow: \"%s\" is not ADDRESS or "
					 "ADDRESS:PORT, or one too many",
					 json_string_value(value));
	json_array_foreach(a->interfaces, i, value)
		if (!take_interface(u, json_string_value(value)))
			return app_usage(a, "--interface: there is no \"%s\", "
					 "or it is one too many",
					 json_string_value(value));
	return APP_OK;
}

/* ---- as root */

/* There is no asking for names later. */
static void read_names(struct audit *u)
{
	struct if_nameindex *all = if_nameindex();

	for (size_t i = 0; all != NULL && all[i].if_index != 0 &&
	     u->n_names < NAMES; i++) {
		u->names[u->n_names].ifindex = all[i].if_index;
		snprintf(u->names[u->n_names++].name, IF_NAMESIZE, "%s",
			 all[i].if_name);
	}
	if (all != NULL)
		if_freenameindex(all);
}

static enum app_exit open_capture(struct audit *u)
{
	struct sock_filter program[FILTER_LEDGER];
	char why[WATCHER_WHY] = "out of memory";
	int n = links_ignored(u->rules.ignored, BOOK_IGNORED);

	if (n < 0)
		return fail(u->app, "rtnetlink: cannot read links: %s",
			    strerror(-n));
	u->rules.n_ignored = (uint16_t)n;
	read_names(u);
	filter_ledger(53, WATCHER_SNAPLEN, program);
	if (source_pcap_ring(&u->source, program, FILTER_LEDGER,
			     WATCHER_SNAPLEN, 2 * WATCHER_RING,
			     WATCHER_BLOCK_MS, why, sizeof(why)) < 0)
		return fail(u->app, "capture: %s", why);
	return APP_OK;
}

/* Of no use to anybody: the folder is gone before it is the root. */
static enum app_exit drop(struct app *a)
{
	const struct passwd *pw = getpwnam("_sallyport");
	const char *what = "folder";
	char root[] = "/tmp/sallyport.XXXXXX";
	uid_t uid;
	gid_t gid;

	if (pw == NULL)
		pw = getpwnam("nobody");
	if (pw == NULL || pw->pw_uid == 0)
		return fail(a, "there is neither a user _sallyport nor nobody");
	uid = pw->pw_uid;
	gid = pw->pw_gid;
	/* Both open files when they are first used. */
	tzset();
	json_object_seed(0);
	if (mkdtemp(root) == NULL || chdir(root) < 0 || rmdir(root) < 0 ||
	    priv_drop_auditor(uid, gid, ".", &what) < 0)
		return fail(a, "cannot give up root: %s", what);
	return APP_OK;
}

static enum app_exit open_memory(struct audit *u)
{
	u->control = aligned_alloc(CACHELINE, sizeof(*u->control));
	u->entries = aligned_alloc(CACHELINE, sizeof(*u->entries));
	if (u->control == NULL || u->entries == NULL)
		return fail(u->app, "out of memory");
	memset(u->control, 0, sizeof(*u->control));
	memset(u->entries, 0, sizeof(*u->entries));
	return APP_OK;
}

/* ---- watching */

static void see(void *context, enum link link, struct slice packet,
		uint64_t time)
{
	struct audit *u = context;

	(void)link;
	/* The ring was open before this began. */
	if (time >= u->begun)
		capture_packet(&u->capture, packet, time);
}

static void name_flow(void *context, struct leaklog_flow *f, bool kept)
{
	const struct audit *u = context;

	(void)kept;
	snprintf(f->ifname, sizeof(f->ifname), "%u", f->ifindex % 1000000);
	for (unsigned int i = 0; i < u->n_names; i++)
		if (u->names[i].ifindex == f->ifindex)
			memcpy(f->ifname, u->names[i].name, IF_NAMESIZE);
}

static uint64_t leaks_in(const struct audit *u)
{
	struct leaklog_counts c;

	leaklog_sum(&u->log, &c);
	return c.classes[LEDGER_LEAK] + c.classes[LEDGER_UNREAD];
}

static void show_progress(const struct audit *u, uint64_t now)
{
	fprintf(stderr, "\r%llu s of %u s, %llu packets, %llu leaks ",
		(unsigned long long)((now - u->begun) / CLOCK_S), u->seconds,
		(unsigned long long)u->log.now.packets,
		(unsigned long long)leaks_in(u));
}

static bool read_ring(struct audit *u)
{
	if (source_pcap_read(u->source, BURST, see, u) < 0)
		return false;
	atomic_store_explicit(&u->entries->drops,
			      source_pcap_drops(u->source),
			      memory_order_relaxed);
	while (leaklog_take(&u->log, u->entries, name_flow, u))
		;
	return true;
}

/* False: the capture broke. */
static bool watch(struct audit *u)
{
	struct pollfd p = { .fd = source_pcap_fd(u->source), .events = POLLIN };
	bool terminal = isatty(STDERR_FILENO) == 1;
	uint64_t now = u->begun, end = now + u->seconds * CLOCK_S, shown = 0;

	while (now < end &&
	       !atomic_load_explicit(&interrupted, memory_order_relaxed)) {
		uint64_t left = (end - now) / CLOCK_MS + 1;

		(void)poll(&p, 1, left < 1000 ? (int)left : 1000);
		if (!read_ring(u))
			return false;
		now = clock_boot();
		if (terminal && now - shown >= CLOCK_S) {
			show_progress(u, now);
			shown = now;
		}
	}
	u->ended = now;
	/* A block that is not full yet is handed over when it is old. */
	(void)poll(&p, 1, 2 * WATCHER_BLOCK_MS);
	if (terminal)
		fputs("\r\033[K", stderr);
	return read_ring(u);
}

/* ---- the verdict */

static void verdict(struct audit *u, json_t *o)
{
	struct print *p = &u->app->out;
	long long leaks = client_int(o, "leaks"), drops = client_int(o, "drops");
	long long seconds = client_int(o, "watched");
	char text[160];

	if (leaks > 0)
		snprintf(text, sizeof(text), "%lld packets in %lld flows in "
			 "%lld s", leaks, client_int(o, "flows"), seconds);
	else
		snprintf(text, sizeof(text), "%s in %lld s", drops > 0 ?
			 "none seen" : "none", seconds);
	print_head(p, "leaks", leaks > 0 ? PAINT_BAD : drops > 0 ? PAINT_WARN :
		   PAINT_GOOD, text);
	leaks_print(p, o);
	if (drops > 0)
		fprintf(p->file, "%lld packets were not seen: the verdict is "
			"not complete\n", drops);
	if (leaks > 0)
		fputs("if one of these is the VPN's own server, say so: "
		      "--allow ADDRESS:PORT\n", p->file);
}

static enum app_exit tell(struct audit *u)
{
	json_t *o = json_object();
	enum app_exit r;

	leakjson_log(o, &u->log);
	json_object_set_new(o, "watched", json_integer(
		(json_int_t)((u->ended - u->begun) / CLOCK_S)));
	r = leaks_in(u) > 0 ? APP_LEAKED :
	    client_int(o, "drops") > 0 ? APP_UNSURE : APP_OK;
	json_object_set_new(o, "verdict", json_string(
		r == APP_OK ? "clean" : r == APP_LEAKED ? "leaks" : "unsure"));
	if (!app_json(u->app, o))
		verdict(u, o);
	json_decref(o);
	return r;
}

static enum app_exit run(struct audit *u)
{
	struct sigaction action = { .sa_handler = on_signal };
	enum app_exit r = read_options(u);

	if (r != APP_OK)
		return r;
	if (geteuid() != 0)
		return fail(u->app, "audit needs root, for a moment, to open "
			    "its capture");
	if ((r = open_memory(u)) != APP_OK || (r = open_capture(u)) != APP_OK)
		return r;
	u->capture.control = u->control;
	u->capture.entries = u->entries;
	book_publish(u->control, &u->rules);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if ((r = drop(u->app)) != APP_OK)
		return r;
	u->begun = clock_boot();
	if (!watch(u))
		return fail(u->app, "the capture broke off");
	return tell(u);
}

enum app_exit audit_run(struct app *a)
{
	static struct audit u;
	enum app_exit r;

	u.app = a;
	capture_init(&u.capture, NULL, NULL);
	r = run(&u);
	free(u.control);
	free(u.entries);
	return r;
}
