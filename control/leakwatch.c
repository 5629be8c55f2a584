/* SPDX-License-Identifier: ISC */
/*
 * The ledger process lives from the first rules to the last ones. It is
 * started behind the block, never before it and never waited for: a firewall
 * without its witness is better than none. One that dies or falls silent is
 * started again after a growing pause, for as long as something is blocked.
 */
#include "leakwatch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "daemon.h"
#include "log.h"
#include "os/links.h"
#include "shared/kick.h"

enum {
	PAUSE_MS = 500,		/* before the first restart, then doubled */
	PAUSE_MAX_MS = 60000,
	SILENT_S = 10,		/* since it was asked; not of sleep */
	LINES = 20,		/* of the log, in a second */
	OWNERS = 4,		/* processes looked for: it is slow */
};

static const uint64_t GRACE = BOOK_GRACE_MS * CLOCK_MS;
static const uint64_t QUIET_NS = 60 * CLOCK_S;	/* alive so long: not a row */
/* answer.c lets the kernel be so much later than the truth. */
static const uint64_t SLACK = 2 * CLOCK_S;

void leakwatch_init(struct leakwatch *w)
{
	leakchild_init(&w->child);
}

/* --- a sign of life --- */

static uint64_t beat(const struct leakwatch *w)
{
	return atomic_load_explicit(&w->child.book.entries->beat,
				    memory_order_relaxed);
}

/* No news is no sign of anything: it wakes for packets, and when asked. */
static void await_life(struct leakwatch *w)
{
	static const struct timeval tv = { .tv_sec = SILENT_S };

	if (w->silent_event == NULL ||
	    event_pending(w->silent_event, EV_TIMEOUT, NULL))
		return;
	w->beat = beat(w);
	(void)event_add(w->silent_event, &tv);
}

static void ask(struct daemon *d)
{
	struct leakwatch *w = &d->leaks;

	if (!w->running)
		return;
	await_life(w);
	leakchild_ask(&w->child);
}

/* --- what is told --- */

static void fill_relays(const struct fw_ruleset *r, struct book_rules *b)
{
	_Static_assert((int)BOOK_RELAYS >= (int)CONF_ENDPOINTS &&
		       (int)BOOK_PORTS >= (int)CONF_PORTS, "all of them");

	if (!fw_relays(r))
		return;
	for (unsigned int i = 0; i < r->n_relays; i++)
		b->relays[b->n_relays++] = (struct book_relay){
			.addr = r->relays[i].addr, .port = r->relays[i].port,
			.protocol = r->relays[i].tcp ? 6 : 17,
		};
}

static void fill(struct daemon *d, const struct fw_ruleset *r,
		 struct book_rules *b)
{
	int n;

	memset(b, 0, sizeof(*b));
	b->door = r->policy == FW_BLOCKED_ACTIVE;
	b->lan = r->lan;
	b->n_ports = r->n_ports;
	memcpy(b->ports, r->ports, sizeof(r->ports));
	fill_relays(r, b);
	n = links_ignored(b->ignored, BOOK_IGNORED);
	b->n_ignored = n < 0 ? 0 : (uint16_t)n;
	supervise_policy(d, &b->policy);
	/* Nothing here depends on these, and they change often. */
	b->policy.epoch = b->policy.network = b->policy.prefetch = 0;
}

void leakwatch_tell(struct daemon *d, const struct fw_ruleset *r)
{
	static struct book_rules fresh;
	struct leakwatch *w = &d->leaks;

	if (w->child.pid == 0 || r->policy == FW_NONE)
		return;
	fill(d, r, &fresh);
	fresh.since = w->rules.since;
	if (memcmp(&fresh, &w->rules, sizeof(fresh)) == 0)
		return;
	w->rules = fresh;
	w->rules.since = clock_boot();
	leakchild_tell(&w->child, &w->rules);
	ask(d);
}

static void reach(struct leakwatch *w, const struct ipaddr *a, uint64_t until)
{
	struct allow *t = &w->child.book.control->allow;
	uint64_t now = clock_boot();

	/* Packets are judged a little later than they leave: what has just
	 * ended is room in need only. */
	if (allow_insert(t, a, until, now - GRACE) == 0 ||
	    allow_insert(t, a, until, now) == 0)
		return;
	log_warning("ledger: no room for an open address");
}

void leakwatch_reach(struct daemon *d, const struct ipaddr *a, uint64_t until)
{
	if (d->leaks.child.pid != 0)
		reach(&d->leaks, a, until + GRACE);
}

static void reach_all(struct daemon *d)
{
	const struct allowed *list = &d->answer.allowed;

	for (unsigned int i = 0; i < list->n; i++)
		leakwatch_reach(d, &list->entry[i].addr,
				list->entry[i].expiry + SLACK);
}

/* --- what is heard --- */

static void name_interface(struct leaklog_flow *f)
{
	char name[IF_NAMESIZE] = "";

	if (if_indextoname(f->ifindex, name) == NULL)
		snprintf(name, sizeof(name), "%u", f->ifindex % 1000000);
	memcpy(f->ifname, name, sizeof(name));
}

static void send_event(struct daemon *d, const struct leaklog_flow *f,
		       const char *text)
{
	char protocol[LEAKLOG_PROTOCOL], from[IPADDR_TEXT], to[IPADDR_TEXT];

	methods_event(d, "leak", "{s:s,s:s,s:s,s:i,s:s,s:i,s:s,s:s}",
		      "text", text,
		      "protocol", leaklog_protocol(f, protocol),
		      "from", f->ethertype ? "" : ipaddr_text(&f->from, from),
		      "from_port", f->from_port,
		      "to", f->ethertype ? "" : ipaddr_text(&f->to, to),
		      "to_port", f->to_port, "interface", f->ifname,
		      "process", f->process);
}

/* A process may end at any moment: it is looked for at once. */
static void on_flow(void *context, struct leaklog_flow *f, bool kept)
{
	struct daemon *d = context;
	struct leakwatch *w = &d->leaks;
	char text[LEAKLOG_TEXT];

	(void)kept;
	name_interface(f);
	if (w->lines++ >= LINES)
		return;
	if (f->ethertype == 0 && w->owners++ < OWNERS &&
	    !portowner_packet(&f->from, f->from_port, &f->to, f->to_port,
			      f->protocol, f->process, sizeof(f->process)))
		f->process[0] = '\0';
	leaklog_text(f, text);
	log_warning("leak: %s on %s%s%s", text, f->ifname,
		    f->process[0] != '\0' ? ", process " : "", f->process);
	send_event(d, f, text);
}

static void take(struct daemon *d)
{
	struct leakwatch *w = &d->leaks;

	if (w->child.pid == 0)
		return;
	/* A row of full takes ends: LEAKS_MAX flows are all there can be. */
	while (leaklog_take(&w->log, w->child.book.entries, on_flow, d))
		;
}

void leakwatch_look(struct daemon *d)
{
	take(d);
	ask(d);
}

/* Kicks may come without end, and every flow may be a new one. */
static void end_second(struct leakwatch *w)
{
	if (w->lines > LINES)
		log_warning("leak: and %u more flows", w->lines - LINES);
	w->lines = w->owners = 0;
}

static void on_kick(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;

	(void)what;
	kick_take(fd);
	take(d);
	if (d->leaks.running && beat(&d->leaks) != d->leaks.beat)
		(void)event_del(d->leaks.silent_event);
}

/* --- one process --- */

static void free_event(struct event **e)
{
	if (*e != NULL)
		event_free(*e);
	*e = NULL;
}

static void announce(struct daemon *d)
{
	const struct leakwatch *w = &d->leaks;

	methods_event(d, "ledger", "{s:b,s:i,s:i,s:s}", "running", w->running,
		      "pid", (int)w->child.pid, "restarts", (int)w->restarts,
		      "problem", w->problem.text);
}

/* What it has seen up to now is kept. */
static void end(struct daemon *d)
{
	struct leakwatch *w = &d->leaks;

	free_event(&w->kick_event);
	free_event(&w->gone_event);
	free_event(&w->silent_event);
	take(d);
	leaklog_end(&w->log);
	if (w->running)
		w->watched += clock_boot() - w->started;
	leakchild_stop(&w->child);
	w->running = false;
	memset(&w->rules, 0, sizeof(w->rules));
}

static void failed(struct daemon *d, const char *why);

/* Its report, or its end. */
static void on_channel(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;
	struct leakwatch *w = &d->leaks;
	struct watcher_report r;
	char text[WATCHER_WHY + 64];
	int heard = leakchild_hear(&w->child, &r);

	(void)fd;
	(void)what;
	if (heard == 0)
		return;
	if (heard < 0 || w->running) {
		failed(d, "it has died");
		return;
	}
	if (r.error < 0) {
		snprintf(text, sizeof(text), "%s: %s", r.step,
			 r.note[0] != '\0' ? r.note : strerror(-r.error));
		failed(d, text);
		return;
	}
	w->running = true;
	w->started = clock_boot();
	(void)event_del(w->silent_event);
	w->problem.text[0] = '\0';
	log_info("ledger: process %d watches what leaves", (int)w->child.pid);
	announce(d);
}

static void on_silence(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	failed(context, "no sign of life for 10 s");
}

static int watch(struct daemon *d)
{
	struct leakwatch *w = &d->leaks;

	w->gone_event = event_new(d->base, w->child.channel, EV_READ | EV_PERSIST,
				  on_channel, d);
	w->kick_event = event_new(d->base, w->child.kick, EV_READ | EV_PERSIST,
				  on_kick, d);
	w->silent_event = event_new(d->base, -1, 0, on_silence, d);
	if (w->gone_event == NULL || w->kick_event == NULL ||
	    w->silent_event == NULL || event_add(w->gone_event, NULL) < 0 ||
	    event_add(w->kick_event, NULL) < 0)
		return -ENOMEM;
	await_life(w);
	return 0;
}

static void start(struct daemon *d)
{
	struct leakwatch *w = &d->leaks;
	struct watcher_setup setup;
	int error;

	memset(&setup, 0, sizeof(setup));
	setup.uid = d->uid;
	setup.gid = d->gid;
	setup.dns_port = d->conf.upstream_port;
	snprintf(setup.root, sizeof(setup.root), "%s/empty", d->conf.run_dir);
	fill(d, &d->ruleset, &w->rules);
	w->rules.since = w->blocked;
	error = leakchild_start(&w->child, &setup, &w->rules);
	if (error == 0) {
		reach_all(d);
		error = watch(d);
	}
	if (error < 0)
		failed(d, strerror(-error));
}

/* --- one that dies --- */

static void on_restart(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;

	(void)fd;
	(void)what;
	free_event(&d->leaks.restart_event);
	d->leaks.restarts++;
	leakwatch_follow(d);
}

static void schedule(struct daemon *d)
{
	struct leakwatch *w = &d->leaks;
	unsigned int doubled = w->crashes - 1 < 8 ? w->crashes - 1 : 8;
	unsigned int ms = (unsigned int)PAUSE_MS << doubled;
	struct timeval tv;

	if (ms > PAUSE_MAX_MS)
		ms = PAUSE_MAX_MS;
	tv = (struct timeval){ .tv_sec = ms / 1000,
			       .tv_usec = ms % 1000 * 1000 };
	w->restart_event = event_new(d->base, -1, 0, on_restart, d);
	if (w->restart_event != NULL)
		event_add(w->restart_event, &tv);
}

static void failed(struct daemon *d, const char *why)
{
	struct leakwatch *w = &d->leaks;

	log_warning("ledger: process %d: %s", (int)w->child.pid, why);
	if (w->running && clock_boot() - w->started > QUIET_NS)
		w->crashes = 0;
	w->crashes++;
	why_set(&w->problem, 0, "%s", why);
	end(d);
	announce(d);
	schedule(d);
}

/* --- when --- */

static bool should_run(const struct daemon *d)
{
	return d->leaks.wanted && !d->leaks.stop && d->conf.capture &&
	       d->loaded && d->ruleset.policy != FW_NONE;
}

void leakwatch_follow(struct daemon *d)
{
	struct leakwatch *w = &d->leaks;

	if (d->loaded && d->ruleset.policy != FW_NONE) {
		if (w->blocked == 0)
			w->blocked = clock_boot();
	} else {
		w->blocked = 0;
	}
	if (!should_run(d)) {
		free_event(&w->restart_event);
		why_set(&w->problem, 0, "%s", LEDGER_NEVER);
		w->crashes = 0;
		if (w->child.pid == 0)
			return;
		end(d);
		announce(d);
	} else if (w->child.pid != 0) {
		leakwatch_tell(d, &d->ruleset);
	} else if (w->restart_event == NULL) {
		start(d);
	}
}

bool leakwatch_restless(const struct daemon *d)
{
	return d->leaks.lines > 0 || d->leaks.owners > 0;
}

void leakwatch_tick(struct daemon *d)
{
	end_second(&d->leaks);
}

uint64_t leakwatch_seconds(const struct daemon *d)
{
	const struct leakwatch *w = &d->leaks;
	uint64_t ns = w->watched;

	if (w->running)
		ns += clock_boot() - w->started;
	return ns / CLOCK_S;
}

void leakwatch_close(struct daemon *d)
{
	d->leaks.stop = true;
	leakwatch_follow(d);
}
