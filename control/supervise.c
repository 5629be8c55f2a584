/* SPDX-License-Identifier: ISC */
/*
 * A datapath process is disposable. When it dies, the door is shut at once,
 * another one is started after a growing pause, and the door opens again; the
 * host's DNS points at us meanwhile. One that dies again and again is given
 * up: the host gets its own DNS back, and the block holds.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "daemon.h"
#include "log.h"
#include "os/steer.h"
#include "shared/kick.h"
#include "tick.h"

enum {
	PAUSE_MS = 50,		/* before the first restart, then doubled */
	PAUSE_MAX_MS = 5000,
	CRASHES_MAX = 8,	/* in a row; then it is given up */
};

static const uint64_t QUIET_NS = 60 * CLOCK_S;	/* alive so long: not a row */

/* --- telling --- */

static void add_forbidden(struct judge *j, const struct ipaddr *a,
			  uint8_t bits)
{
	if (j->n_forbidden < POLICY_NETS)
		j->forbidden[j->n_forbidden++] =
			(struct ipnet){ .addr = *a, .bits = bits };
}

static void fill_judge(const struct daemon *d, struct judge *j)
{
	const struct tunnel *t = &d->known;

	bypass_judge(j);
	for (unsigned int i = 0; i < d->net.n_own && j->n_own < POLICY_NETS;
	     i++)
		j->own[j->n_own++] = d->net.own[i];
	for (unsigned int i = 0; i < t->n_relays; i++)
		add_forbidden(j, &t->relays[i].addr, 128);
	for (unsigned int i = 0; i < t->n_dns; i++)
		add_forbidden(j, &t->dns[i], 128);
	for (unsigned int i = 0; i < d->net.n_onlink; i++) {
		const struct ipnet *net = &d->net.onlink[i].net;

		if (daemon_tunnels(d, d->net.onlink[i].ifname))
			add_forbidden(j, &net->addr, net->bits);
		else
			j->onlink[j->n_onlink++] = *net;
	}
}

static void fill_upstreams(const struct daemon *d, struct policy *p)
{
	for (unsigned int i = 0; i < d->servers.n; i++) {
		const char *ifname = d->servers.server[i].ifname;
		struct policy_upstream *u = &p->upstreams[p->n_upstreams++];

		*u = (struct policy_upstream){
			.addr = d->servers.server[i].addr,
			.port = d->conf.upstream_port,
			.ifindex = ifname[0] == '\0' ? 0 :
				   if_nametoindex(ifname),
		};
		if (d->bypass.on) {
			bypass_path(u);
		} else {
			u->from[0] = d->from.first;
			u->from[1] = d->from.last;
		}
	}
}

void supervise_policy(const struct daemon *d, struct policy *p)
{
	conf_policy(&d->conf, p);
	p->epoch = d->answer.epoch;
	p->network = d->network;
	p->prefetch = d->prefetch;
	capport_name(d, p);
	fill_upstreams(d, p);
	fill_judge(d, &p->judge);
}

static void tell(struct daemon *d)
{
	static struct policy p;

	supervise_policy(d, &p);
	d->answer.judge = p.judge;
	leakwatch_follow(d);
	if (!d->running)
		return;
	policy_publish(&d->child.arena.control->policy, &p);
	child_kick(&d->child);
}

/* --- the mirror --- */

void supervise_verify(struct daemon *d)
{
	struct why why;
	int repaired;

	if (!d->loaded || d->ruleset.policy == FW_NONE)
		return;
	repaired = answer_verify(&d->answer, &why);
	d->verified = repaired >= 0;
	/* Tried every second, and told once. */
	if (repaired < 0 && strcmp(d->problem.text, why.text) != 0)
		daemon_problem(d, "firewall", why.text);
	if (repaired <= 0)
		return;
	log_warning("firewall: changed by somebody else, and put right");
	methods_event(d, "firewall", "{s:s,s:b,s:I}", "policy",
		      fw_policy_name(d->ruleset.policy), "loaded", 1,
		      "repairs", (json_int_t)d->answer.repaired);
}

static void look(struct daemon *d)
{
	if (d->fw->ops->changed(d->fw) != 0)
		supervise_verify(d);
}

static void on_firewall(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	look(context);
}

/* --- one process --- */

static void free_event(struct event **e)
{
	if (*e != NULL)
		event_free(*e);
	*e = NULL;
}

static void keep_counters(struct daemon *d)
{
	const struct counters *c;

	if (d->child.arena.datapath == NULL)
		return;
	c = &d->child.arena.datapath->counters;
	for (unsigned int i = 0; i < COUNT__N; i++)
		d->counters[i] += atomic_load_explicit(&c->n[i],
						       memory_order_relaxed);
}

static void detach(struct daemon *d)
{
	free_event(&d->kick_event);
	free_event(&d->gone_event);
	keep_counters(d);
	answer_attach(&d->answer, NULL);
	child_stop(&d->child);
	d->running = false;
}

static void announce(struct daemon *d)
{
	methods_event(d, "resolver", "{s:b,s:i,s:i,s:s}", "running",
		      d->running, "pid", (int)d->child.pid, "restarts",
		      (int)d->restarts, "datapath",
		      d->bypass.on ? "bypass" : "socket");
}

static void crashed(struct daemon *d);

static void on_grants(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;
	int acks;

	(void)what;
	kick_told(fd);
	/* Elements open nothing behind rules that are not ours: who changed
	 * those before this grant was asked for is heard first (TICK_FIRST),
	 * or asked for. */
	if (d->fw_event == NULL)
		look(d);
	acks = answer_grants(&d->answer);
	if (acks < 0) {
		log_error("datapath: it broke the protocol; it is killed");
		crashed(d);
		return;
	}
	if (acks > 0)
		child_kick(&d->child);
	opened_tell(d);
	/* A full ring's worth: there may be more. */
	if (acks == RING_GRANTS)
		event_active(d->kick_event, EV_READ, 0);
}

static void on_gone(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;

	(void)fd;
	(void)what;
	if (bypass_lost(d)) {
		supervise_again(d, "device");
		return;
	}
	log_error("datapath: process %d has died", (int)d->child.pid);
	crashed(d);
}

/* "port 53 on 127.0.0.1 is held by dnsmasq (pid 812); stop it or ..." */
static int explain(const struct daemon *d, const struct datapath_report *r,
		   int error, struct why *why)
{
	char addr[IPADDR_TEXT], owner[128];

	if (strcmp(r->step, "bind") != 0)
		return error;
	ipaddr_text(&r->addr, addr);
	if (error != -EADDRINUSE)
		return why_set(why, error, "port %u on %s: %s", d->conf.port,
			       addr, strerror(-error));
	if (!portowner(&r->addr, d->conf.port, false, owner, sizeof(owner)) &&
	    !portowner(&r->addr, d->conf.port, true, owner, sizeof(owner)))
		snprintf(owner, sizeof(owner), "another program");
	return why_set(why, error, "port %u on %s is held by %s; stop it or "
		       "set listen = ... in %s", d->conf.port, addr, owner,
		       d->conf_path);
}

static void fill_setup(const struct daemon *d, struct datapath_setup *s)
{
	memset(s, 0, sizeof(*s));
	s->uid = d->uid;
	s->gid = d->gid;
	s->firewall_port = d->fw->ops->port(d->fw);
	s->from = d->conf.exempt == EXEMPT_PORTS;
	s->port = d->conf.port;
	s->n_listen = d->conf.n_listen;
	for (unsigned int i = 0; i < d->conf.n_listen; i++)
		s->listen[i] = alias_for(d, &d->conf.listen[i]);
	s->n_ports = d->conf.allow.n_ports;
	memcpy(s->ports, d->conf.allow.ports, sizeof(s->ports));
	snprintf(s->root, sizeof(s->root), "%s/empty", d->conf.run_dir);
}

unsigned int supervise_listen(const struct daemon *d, struct ipaddr *out)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < d->conf.n_listen; i++)
		if ((d->absent >> i & 1) == 0)
			out[n++] = alias_for(d, &d->conf.listen[i]);
	return n;
}

static void note_absent(struct daemon *d, uint8_t absent)
{
	char addr[IPADDR_TEXT];

	d->absent = absent;
	for (unsigned int i = 0; i < d->conf.n_listen; i++)
		if (absent >> i & 1)
			log_info("datapath: this host has no %s to listen on",
				 ipaddr_text(&d->conf.listen[i], addr));
}

static int watch(struct daemon *d, struct why *why)
{
	/* Told once for each write, so that it need not be read. */
	d->kick_event = event_new(d->base, d->child.kick_control,
				  EV_READ | EV_PERSIST | EV_ET, on_grants, d);
	d->gone_event = event_new(d->base, d->child.channel,
				  EV_READ | EV_PERSIST, on_gone, d);
	if (d->kick_event == NULL || d->gone_event == NULL ||
	    event_add(d->kick_event, NULL) < 0 ||
	    event_add(d->gone_event, NULL) < 0)
		return why_set(why, -ENOMEM, "no events for the datapath");
	return 0;
}

static void log_started(const struct daemon *d)
{
	if (!d->bypass.on) {
		log_info("datapath: process %d listens on port %u",
			 (int)d->child.pid, d->conf.port);
		return;
	}
	log_info("datapath: process %d reads " STEER_DEVICE,
		 (int)d->child.pid);
	for (unsigned int i = 0; i < d->bypass.links.n; i++)
		log_info("datapath: it asks on %s",
			 d->bypass.links.link[i].name);
}

static int start(struct daemon *d, struct why *why)
{
	struct datapath_report report;
	struct datapath_setup setup;
	int error;

	if (d->running)
		return 1;
	fill_setup(d, &setup);
	if (d->bypass.on && (error = bypass_prepare(d, &setup, why)) < 0) {
		d->resolver_problem = *why;
		return error;
	}
	error = child_start(&d->child, &setup,
			    d->fw->door == DOOR_HASH ? d->fw->table : -1,
			    &report, why);
	if (error < 0 && alias_take(d, &report, error))
		return start(d, why);
	if (error < 0)
		error = explain(d, &report, error, why);
	else
		error = watch(d, why);
	if (error < 0) {
		detach(d);
		d->resolver_problem = *why;
		return error;
	}
	if (report.note[0] != '\0')
		log_info("datapath: no tap, so no probe in the timeline: %s",
			 report.note);
	note_absent(d, report.absent);
	bypass_started(d, &report);
	d->running = true;
	d->started = clock_boot();
	d->resolver_problem.text[0] = '\0';
	answer_attach(&d->answer, &d->child.arena);
	tell(d);
	log_started(d);
	announce(d);
	return 0;
}

static void stop(struct daemon *d)
{
	bool was = d->running;

	free_event(&d->restart_event);
	d->crashes = 0;
	d->resolver_problem.text[0] = '\0';
	detach(d);
	bypass_close(d);
	alias_drop(d);
	if (was)
		announce(d);
}

/* --- one that dies --- */

static void give_up(struct daemon *d)
{
	bool was_active = d->active;
	struct why why;

	why_set(&why, 0, "the datapath died %u times in a row; switch netcheck "
		"off and on to try again", d->crashes);
	d->resolver_problem = why;
	daemon_problem(d, "start_resolver", why.text);
	d->latched = true;
	if (!was_active)
		return;
	netcheck_leave(d, "resolver");
	if (d->tunnel.state == TUNNEL_ERROR)
		daemon_fail(d, CAUSE_START_RESOLVER);
	else if (daemon_load(d, &why) < 0)
		daemon_problem(d, "firewall", why.text);
	methods_condition(d, "blocking");
}

static void on_restart(evutil_socket_t fd, short what, void *context)
{
	struct daemon *d = context;
	struct why why;

	(void)fd;
	(void)what;
	free_event(&d->restart_event);
	d->restarts++;
	if (start(d, &why) < 0) {
		log_error("datapath: %s", why.text);
		crashed(d);
		return;
	}
	if (d->active)
		netcheck_restart(d, "resolver", clock_boot());
}

static void schedule(struct daemon *d)
{
	unsigned int ms = (unsigned int)PAUSE_MS << (d->crashes - 1);
	struct timeval tv;

	if (ms > PAUSE_MAX_MS)
		ms = PAUSE_MAX_MS;
	tv = (struct timeval){ .tv_sec = ms / 1000,
			       .tv_usec = ms % 1000 * 1000 };
	d->restart_event = event_new(d->base, -1, 0, on_restart, d);
	if (d->restart_event == NULL || event_add(d->restart_event, &tv) < 0)
		give_up(d);
}

static void crashed(struct daemon *d)
{
	if (d->running && clock_boot() - d->started > QUIET_NS)
		d->crashes = 0;
	d->crashes++;
	/* The door first; the process may even still run. */
	netcheck_shut(d, "resolver");
	detach(d);
	announce(d);
	if (d->crashes >= CRASHES_MAX)
		give_up(d);
	else
		schedule(d);
}

void supervise_again(struct daemon *d, const char *reason)
{
	bool was_open = d->answer.epoch != 0;
	struct why why;

	/* One that is about to be started comes with what it needs. */
	if (!d->running)
		return;
	log_info("datapath: started anew, for another %s", reason);
	netcheck_shut(d, "resolver");
	detach(d);
	if (start(d, &why) < 0) {
		log_error("datapath: %s", why.text);
		crashed(d);
		return;
	}
	if (was_open)
		netcheck_restart(d, reason, clock_boot());
}

int supervise_open(struct daemon *d, struct why *why)
{
	int fd = d->fw->ops->watch_fd(d->fw);

	if (fd < 0)
		return 0;
	d->fw_event = event_new(d->base, fd, EV_READ | EV_PERSIST,
				on_firewall, d);
	if (d->fw_event == NULL ||
	    event_priority_set(d->fw_event, TICK_FIRST) < 0 ||
	    event_add(d->fw_event, NULL) < 0)
		return why_set(why, -ENOMEM, "no event for the firewall");
	return 0;
}

const struct daemon_resolver supervise_resolver = {
	start, stop, tell, bypass_steer, bypass_unsteer,
};
