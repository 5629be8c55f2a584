/* SPDX-License-Identifier: ISC */
/*
 * The machine as it should be, and as it is made so at the start; how it is
 * changed is in change.c.
 */
#include "daemon.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "early.h"
#include "firewall/fwsystem.h"
#include "log.h"
#include "os/steer.h"
#include "tick.h"

/* --- what should be --- */

bool daemon_blocking(const struct daemon *d)
{
	return tunnel_blocking(&d->tunnel, d->settings.lockdown);
}

bool daemon_tunnels(const struct daemon *d, const char *ifname)
{
	return ifname[0] != '\0' &&
	       (strcmp(ifname, d->conf.tunnel.interface) == 0 ||
		strcmp(ifname, d->known.interface) == 0);
}

static enum fw_policy policy(const struct daemon *d)
{
	enum fw_policy blocked = d->active ? FW_BLOCKED_ACTIVE : FW_BLOCKED;

	switch (d->tunnel.state) {
	case TUNNEL_CONNECTING:
		return FW_CONNECTING;
	case TUNNEL_CONNECTED:
		return FW_CONNECTED;
	case TUNNEL_DISCONNECTING:
		return FW_DISCONNECTING;
	case TUNNEL_ERROR:
		return blocked;
	default:
		return d->settings.lockdown ? blocked : FW_NONE;
	}
}

/* Below the firewall nobody needs this. */
static void exempt(const struct daemon *d, struct fw_ruleset *r)
{
	r->datapath_uid = d->uid;
	r->datapath_gid = d->gid;
	r->upstream_port = d->conf.upstream_port;
	r->n_upstreams = d->servers.n;
	for (unsigned int i = 0; i < d->servers.n; i++)
		r->upstreams[i] = d->servers.server[i].addr;
	r->from[0] = d->from.first;
	r->from[1] = d->from.last;
}

void daemon_ruleset(const struct daemon *d, struct fw_ruleset *r)
{
	const struct tunnel *t = &d->tunnel;

	/* All of it, padding too: rulesets are compared as bytes. */
	memset(r, 0, sizeof(*r));
	r->policy = policy(d);
	r->lan = d->settings.lan;
	r->hash = d->fw->door == DOOR_HASH;
	r->any_uid = d->conf.allow.any_uid;
	r->uid = d->conf.allow.uid;
	r->n_ports = d->conf.allow.n_ports;
	memcpy(r->ports, d->conf.allow.ports, sizeof(r->ports));
	r->bypass = d->bypass.on;
	r->tls = capport_wanted(d);
	if (!d->bypass.on)
		exempt(d, r);
	r->n_relays = t->n_relays;
	memcpy(r->relays, t->relays, sizeof(r->relays));
	memcpy(r->interface, t->interface, sizeof(r->interface));
	r->sealed = t->sealed;
	r->mark = t->mark;
	r->n_dns = t->n_dns;
	memcpy(r->dns, t->dns, sizeof(r->dns));
}

/* --- the firewall --- */

static bool same(const struct fw_ruleset *a, const struct fw_ruleset *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static int load(struct daemon *d, const struct fw_ruleset *r, struct why *why)
{
	int error;

	/* What it allows may leave before this returns. */
	leakwatch_tell(d, r);
	error = d->fw->ops->load(d->fw, r, why);
	if (error < 0)
		return error;
	d->ruleset = *r;
	d->loaded = true;
	leakwatch_follow(d);
	d->answer.stale = true;
	methods_event(d, "firewall", "{s:s,s:b}", "policy",
		      fw_policy_name(r->policy), "loaded", 1);
	return 0;
}

int daemon_load(struct daemon *d, struct why *why)
{
	struct fw_ruleset r;
	int error;

	daemon_ruleset(d, &r);
	if (d->loaded && same(&r, &d->ruleset))
		return 0;
	error = load(d, &r, why);
	/* A load leaves the sets empty; what is open stays open. */
	if (error == 0 && d->answer.epoch != 0) {
		error = answer_refill(&d->answer, why);
		supervise_verify(d);
	}
	return error;
}

static int reload(void *context, struct why *why)
{
	struct fw_ruleset r = ((const struct daemon *)context)->ruleset;

	return load(context, &r, why);
}

int daemon_load_again(struct daemon *d)
{
	struct why why;
	int error = reload(d, &why);

	if (error < 0)
		daemon_problem(d, "firewall", why.text);
	return error;
}

/* --- saying so --- */

void daemon_problem(struct daemon *d, const char *step, const char *text)
{
	log_error("%s: %s", step, text);
	snprintf(d->problem.text, sizeof(d->problem.text), "%s", text);
	methods_event(d, "problem", "{s:s,s:s}", "message", text, "step",
		      step);
}

/* --- configuration --- */

/* What needs sockets, files or rules to be opened anew is not for a reload. */
static const char *fixed(const struct conf *a, const struct conf *b)
{
	if (a->n_listen != b->n_listen || a->port != b->port ||
	    memcmp(a->listen, b->listen, sizeof(a->listen)) != 0)
		return "listen, port";
	if (a->datapath != b->datapath)
		return "datapath";
	if (a->door != b->door)
		return "door";
	if (a->exempt != b->exempt)
		return "exempt";
	if (memcmp(&a->firewall, &b->firewall, sizeof(a->firewall)) != 0)
		return "firewall";
	if (memcmp(&a->control, &b->control, sizeof(a->control)) != 0)
		return "control";
	if (a->hostdns != b->hostdns ||
	    strcmp(a->resolv_conf, b->resolv_conf) != 0)
		return "hostdns, resolv-conf";
	if (strcmp(a->state_dir, b->state_dir) != 0 ||
	    strcmp(a->run_dir, b->run_dir) != 0)
		return "state-dir, run-dir";
	return NULL;
}

static int apply(struct daemon *d, const struct conf *c, struct why *why)
{
	int error = 0;

	d->conf = *c;
	leakwatch_follow(d);
	d->answer.max = c->allow.max_addresses;
	d->answer.per_name = c->allow.per_name;
	/* While shut they are read when the door opens. */
	if (d->active)
		error = uplink_servers(d, why);
	return error < 0 ? error : daemon_load(d, why);
}

int daemon_reload(struct daemon *d, bool *changed, struct why *why)
{
	static struct conf fresh, old;
	const char *key;
	int error;

	conf_defaults(&fresh);
	error = conf_load(&fresh, d->conf_path, false, why);
	if (error < 0)
		return error;
	*changed = memcmp(&fresh, &d->conf, sizeof(fresh)) != 0;
	if (!*changed)
		return 0;
	key = fixed(&d->conf, &fresh);
	if (key != NULL)
		return why_set(why, -EINVAL,
			       "%s cannot change while the daemon runs; restart it",
			       key);
	old = d->conf;
	error = apply(d, &fresh, why);
	if (error < 0) {
		struct why ignored;

		if (apply(d, &old, &ignored) < 0)
			daemon_problem(d, "configuration", ignored.text);
		return error;
	}
	log_set_level(fresh.log_level);
	d->network++;
	if (d->active)
		netcheck_restart(d, "configuration", clock_boot());
	else
		d->resolver->tell(d);
	follow_anew(d);
	return 0;
}

/* --- life --- */

static int find_user(struct daemon *d, struct why *why)
{
	const struct passwd *pw = getpwnam("_sallyport");
	const struct group *gr = getgrnam("sallyport");

	if (pw == NULL || gr == NULL)
		return why_set(why, -ENOENT, "%s does not exist; create it with "
			       "systemd-sysusers, or: groupadd -r sallyport; "
			       "useradd -r -g sallyport -s /usr/sbin/nologin "
			       "-d /nonexistent _sallyport",
			       pw == NULL ? "user _sallyport" :
					    "group sallyport");
	if (pw->pw_uid == 0 || gr->gr_gid == 0)
		return why_set(why, -EINVAL,
			       "user _sallyport and group sallyport must not be root's");
	d->uid = pw->pw_uid;
	d->gid = gr->gr_gid;
	return 0;
}

static int make_dir(const char *path, mode_t mode, struct why *why)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return why_set(why, -errno, "%s: %s", path, strerror(errno));
	return 0;
}

static int make_dirs(const struct daemon *d, struct why *why)
{
	char empty[PATH_MAX + 8];
	int error = make_dir(d->conf.run_dir, 0755, why);

	if (error == 0)
		error = make_dir(d->conf.state_dir, 0700, why);
	/* What the datapath sees of the file system. */
	snprintf(empty, sizeof(empty), "%s/empty", d->conf.run_dir);
	return error == 0 ? make_dir(empty, 0555, why) : error;
}

static int open_firewall(struct daemon *d, struct why *why)
{
	return d->conf.firewall.mode == FWMODE_MEMORY ?
	       fw_memory_open(&d->fw, &d->conf, why) :
	       fwsystem_open(&d->fw, &d->conf, why);
}

static void on_reach(void *context, const struct ipaddr *a, uint64_t until)
{
	leakwatch_reach(context, a, until);
}

static void open_answer(struct daemon *d)
{
	d->answer.fw = d->fw;
	d->answer.max = d->conf.allow.max_addresses;
	d->answer.per_name = d->conf.allow.per_name;
	d->answer.context = d;
	d->answer.on_open = opened_note;
	d->answer.on_reach = on_reach;
	d->answer.reload = reload;
	d->answer.tls_only = capport_tls_only;
}

/* As it should be after whatever came before: a stop, a crash, a reboot. */
static int resume(struct daemon *d, struct why *why)
{
	struct tunnel to = d->tunnel;
	const struct step *failed;
	/* The block first; what takes its time comes after it. */
	int error = daemon_load(d, why);

	if (error < 0)
		return error;
	/* A crash may have come between the two. */
	if (early_follow(&d->conf, &d->settings, why) < 0)
		daemon_problem(d, "settings", why->text);
	if (d->settings.netcheck && netcheck_listen(d, &failed, why) < 0) {
		daemon_problem(d, failed->name, why->text);
		if (daemon_blocking(d) && to.state == TUNNEL_ERROR)
			to.cause = CAUSE_START_RESOLVER;
		d->tunnel = to;
		d->latched = true;
	}
	error = daemon_settle(d, &to, why);
	return error < 0 ? error :
	       settings_save_tunnel(d->conf.run_dir, &d->tunnel, why);
}

void daemon_init(struct daemon *d, const struct conf *conf)
{
	d->conf = *conf;
	d->settings.lan = conf->lan;
	d->resolver = &supervise_resolver;
	d->bypass.on = conf->datapath == DATAPATH_BYPASS;
	child_init(&d->child);
	leakwatch_init(&d->leaks);
}

/*
 * The daemon cannot go on. With lockdown on, or perhaps on, that leaves a
 * block that somebody has to lift, not an open machine.
 */
static void guard(struct daemon *d)
{
	struct why why;

	if (settings_load(d->conf.state_dir, &d->settings, &why) < 0)
		d->settings.lockdown = true;
	if (!d->settings.lockdown)
		return;
	if (daemon_load(d, &why) < 0)
		log_error("firewall: %s", why.text);
	else
		log_error("lockdown: everything is blocked");
}

int daemon_start(struct daemon *d, struct why *why)
{
	const struct conf *c = &d->conf;
	int error = settings_load(c->state_dir, &d->settings, why);

	if (error < 0) {
		guard(d);
		return error;
	}
	error = settings_load_tunnel(c->run_dir, &d->tunnel, why);
	if (error < 0)
		return error;
	open_answer(d);
	return resume(d, why);
}

static int open_all(struct daemon *d, struct why *why)
{
	const struct conf *c = &d->conf;
	struct why ignored;
	int error;

	/* The socket early: it tells whether another daemon is at work. Then
	 * what a crash has left in the host's DNS and network is healed. */
	if ((error = make_dirs(d, why)) < 0 ||
	    (error = ctl_open(&d->ctl, d->base, c, methods_call, d, why)) < 0 ||
	    (error = hostdns_open(&d->hostdns, c, why)) < 0 ||
	    (error = open_firewall(d, why)) < 0)
		return error;
	d->astray = d->hostdns->ops->pointed(d->hostdns);
	if (steer_heal(&ignored) < 0)
		log_warning("bypass: %s", ignored.text);
	if ((error = find_user(d, why)) < 0 ||
	    (error = uplink_open(d, why)) < 0 ||
	    (error = supervise_open(d, why)) < 0 ||
	    (error = tick_open(d, why)) < 0) {
		guard(d);
		return error;
	}
	error = daemon_start(d, why);
	if (error != 0)
		return error;
	buswatch_open(d);
	wake_open(d);
	nm_open(d);
	follow_look(d);
	return 0;
}

int daemon_open(struct daemon *d, const char *conf_path,
		const struct conf *conf, struct why *why)
{
	int error;

	daemon_init(d, conf);
	snprintf(d->conf_path, sizeof(d->conf_path), "%s", conf_path);
	d->base = event_base_new();
	if (d->base == NULL ||
	    event_base_priority_init(d->base, TICK_PRIORITIES) < 0)
		return why_set(why, -ENOMEM, "no event loop");
	d->leaks.wanted = LEDGER_NEVER[0] == '\0';
	error = open_all(d, why);
	/* Whatever rules are in force stay; the host gets its DNS back. */
	if (error < 0 && d->active)
		netcheck_leave(d, "left");
	if (error < 0) {
		d->resolver->stop(d);
		leakwatch_close(d);
	}
	if (error < 0 && d->ctl != NULL)
		ctl_close(d->ctl);
	return error;
}

/* The rules that stay behind when this process is gone. */
static void last_rules(struct daemon *d, enum daemon_end how)
{
	struct why why;

	if (how == DAEMON_STOP) {
		d->tunnel = (struct tunnel){ .state = TUNNEL_DISCONNECTED };
		if (settings_save_tunnel(d->conf.run_dir, &d->tunnel,
					 &why) < 0)
			log_warning("settings: %s", why.text);
	}
	if (daemon_load(d, &why) < 0)
		log_error("firewall: %s", why.text);
}

void daemon_close(struct daemon *d, enum daemon_end how)
{
	if (d->active || d->astray)
		netcheck_leave(d, "left");
	d->resolver->stop(d);
	last_rules(d, how);
	leakwatch_close(d);
	ctl_close(d->ctl);
	wake_close(d);
	nm_close(d);
	buswatch_close(d);
	follow_close(d);
	uplink_close(d);
	d->hostdns->ops->close(d->hostdns);
	if (d->fw_event != NULL)
		event_free(d->fw_event);
	tick_close(d);
	d->fw->ops->close(d->fw);
	event_base_free(d->base);
}
