/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * What the machine should look like follows from two things: the tunnel's
 * state and the settings. Every change goes through settle(): first the door
 * is shut if it must be (host DNS first), then the new state is written down,
 * then its rules are loaded, or the door is opened (rules first, host DNS
 * last). At no point between two rulesets is there none.
 *
 * A failure while a front-end switches something leaves everything as it was
 * and is told to that front-end. A failure while a state is entered never
 * keeps the state from being entered: the block holds, the door stays shut,
 * and it is not tried again until state or settings change.
 */
#include "daemon.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "log.h"

/* --- what should be --- */

bool daemon_blocking(const struct daemon *d)
{
	return tunnel_blocking(&d->tunnel, d->settings.lockdown);
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

void daemon_ruleset(const struct daemon *d, struct fw_ruleset *r)
{
	const struct tunnel *t = &d->tunnel;

	/* All of it, padding too: rulesets are compared as bytes. */
	memset(r, 0, sizeof(*r));
	r->policy = policy(d);
	r->lan = d->settings.lan;
	r->any_uid = d->conf.allow.any_uid;
	r->uid = d->conf.allow.uid;
	r->n_ports = d->conf.allow.n_ports;
	memcpy(r->ports, d->conf.allow.ports, sizeof(r->ports));
	r->datapath_uid = d->uid;
	r->datapath_gid = d->gid;
	r->upstream_port = d->conf.upstream_port;
	r->n_upstreams = d->servers.n;
	for (unsigned int i = 0; i < d->servers.n; i++)
		r->upstreams[i] = d->servers.server[i].addr;
	r->n_relays = t->n_relays;
	memcpy(r->relays, t->relays, sizeof(r->relays));
	memcpy(r->interface, t->interface, sizeof(r->interface));
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
	int error = d->fw->ops->load(d->fw, r, why);

	if (error < 0)
		return error;
	d->ruleset = *r;
	d->loaded = true;
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

int daemon_load_again(struct daemon *d)
{
	struct fw_ruleset r = d->ruleset;
	struct why why;
	int error = load(d, &r, &why);

	if (error < 0)
		daemon_problem(d, "firewall", why.text);
	return error;
}

/* For answer.c: the rules are gone from the kernel. */
static int reload(void *context)
{
	return daemon_load_again(context);
}

/* --- saying so --- */

void daemon_problem(struct daemon *d, const char *step, const char *text)
{
	log_error("%s: %s", step, text);
	snprintf(d->problem.text, sizeof(d->problem.text), "%s", text);
	methods_event(d, "problem", "{s:s,s:s}", "message", text, "step",
		      step);
}

static int save_tunnel(struct daemon *d, struct why *why)
{
	return settings_save_tunnel(d->conf.run_dir, &d->tunnel, why);
}

static int save(struct daemon *d, struct why *why)
{
	return settings_save(d->conf.state_dir, &d->settings, why);
}

/* The state is written down and told; its rules are the caller's to load. */
static void become_error(struct daemon *d, enum tunnel_cause cause)
{
	struct why why;

	d->tunnel.state = TUNNEL_ERROR;
	d->tunnel.cause = cause;
	log_warning("state: error(%s)", tunnel_cause_name(cause));
	if (save_tunnel(d, &why) < 0)
		daemon_problem(d, "settings", why.text);
}

void daemon_fail(struct daemon *d, enum tunnel_cause cause)
{
	struct why why;

	become_error(d, cause);
	d->latched = true;
	if (daemon_load(d, &why) < 0)
		daemon_problem(d, "firewall", why.text);
	methods_condition(d, "state");
}

/* --- changes --- */

static const char *reason(const struct daemon *d, char *buf, size_t size)
{
	if (d->tunnel.state != TUNNEL_ERROR)
		return "lockdown";
	snprintf(buf, size, "error(%s)", tunnel_cause_name(d->tunnel.cause));
	return buf;
}

/*
 * Entering a blocking state with netcheck on. A step that fails is not the
 * front-end's: the state stands, the door stays shut. -errno only if not even
 * the rules without a door can be loaded.
 */
static int enter(struct daemon *d, struct why *why)
{
	const struct step *failed;
	char buf[32];

	if (netcheck_enter(d, reason(d, buf, sizeof(buf)), &failed,
			   why) == 0)
		return 0;
	if (d->tunnel.state == TUNNEL_ERROR)
		become_error(d, failed->cause);
	return daemon_load(d, why);
}

static void remember(struct daemon *d)
{
	const struct tunnel *t = &d->tunnel;

	if (t->n_relays > 0) {
		d->known.n_relays = t->n_relays;
		memcpy(d->known.relays, t->relays, sizeof(t->relays));
	}
	if (t->interface[0] == '\0')
		return;
	memcpy(d->known.interface, t->interface, sizeof(t->interface));
	d->known.n_dns = t->n_dns;
	memcpy(d->known.dns, t->dns, sizeof(t->dns));
}

static bool same_state(const struct tunnel *a, const struct tunnel *b)
{
	return a->state == b->state &&
	       (a->state != TUNNEL_ERROR || a->cause == b->cause);
}

/*
 * Makes the machine fit the tunnel state `to` and the settings as they are
 * now. -errno if the rules of a state without door cannot be loaded: what was
 * loaded before is still in force then, with its door shut.
 */
static int settle(struct daemon *d, const struct tunnel *to, struct why *why)
{
	bool wanted = d->settings.netcheck &&
		      tunnel_blocking(to, d->settings.lockdown);

	if (!wanted && (d->active || d->astray))
		netcheck_leave(d, "left");
	if (!same_state(&d->tunnel, to))
		d->latched = false;
	d->tunnel = *to;
	remember(d);
	if (!wanted || d->active || d->latched)
		return daemon_load(d, why);
	return enter(d, why);
}

static void told_state(struct daemon *d, bool was_blocking, bool was_active)
{
	methods_condition(d, "state");
	if (was_blocking != daemon_blocking(d) || was_active != d->active)
		methods_condition(d, "blocking");
}

int daemon_set_state(struct daemon *d, const struct tunnel *to,
		     const char **step, struct why *why)
{
	bool was_blocking = daemon_blocking(d), was_active = d->active;
	struct why unsaved;
	int error;

	if (!tunnel_may(d->tunnel.state, to->state))
		return why_set(why, -EINVAL,
			       "%s cannot follow %s; say what happened between",
			       tunnel_state_name(to->state),
			       tunnel_state_name(d->tunnel.state));
	error = settle(d, to, why);
	if (error < 0) {
		*step = "firewall";
		daemon_problem(d, *step, why->text);
		daemon_fail(d, CAUSE_SET_FIREWALL);
		return error;
	}
	if (d->tunnel.state == TUNNEL_CONNECTED) {
		timeline_mark(timeline_last(&d->timeline), TIMELINE_TUNNEL,
			      clock_boot());
		d->problem.text[0] = '\0';
	}
	log_info("state: %s", tunnel_state_name(d->tunnel.state));
	/* The tunnel is where it is, whether that can be written or not. */
	if (save_tunnel(d, &unsaved) < 0)
		daemon_problem(d, "settings", unsaved.text);
	told_state(d, was_blocking, was_active);
	return 0;
}

static int switch_on(struct daemon *d, const char **step, struct why *why)
{
	const struct step *failed;
	char buf[32];
	int error;

	d->latched = false;
	if (daemon_blocking(d))
		error = netcheck_enter(d, reason(d, buf, sizeof(buf)),
				       &failed, why);
	else
		error = steps_run(&netcheck_steps[NETCHECK_LISTEN], 1, d,
				  &failed, why);
	if (error < 0)
		*step = failed->name;
	return error;
}

/*
 * As long as the host's DNS cannot be put back, its resolver stays, and so
 * does the door: rather that than a host that asks nobody.
 */
static int switch_off(struct daemon *d, const char **step, struct why *why)
{
	const struct step *failed;
	int error = netcheck_exit(d, &failed, why);

	if (error < 0) {
		*step = failed->name;
		return error;
	}
	d->latched = false;
	d->resolver->stop(d);
	return 0;
}

int daemon_set_netcheck(struct daemon *d, bool on, const char **step,
			struct why *why)
{
	bool was = d->settings.netcheck, was_active = d->active;
	struct why unsaved;
	int error;

	/* Active without a resolver: it has crashed, and another one comes. */
	if (on == was && (!on || d->running || d->active))
		return 0;
	/* Written down first, so that this cannot fail when the rest is done. */
	d->settings.netcheck = on;
	*step = "settings";
	error = save(d, why);
	if (error < 0) {
		d->settings.netcheck = was;
		return error;
	}
	error = on ? switch_on(d, step, why) : switch_off(d, step, why);
	if (error < 0) {
		d->settings.netcheck = was;
		if (save(d, &unsaved) < 0)
			daemon_problem(d, "settings", unsaved.text);
		return error;
	}
	d->problem.text[0] = '\0';
	log_info("netcheck: %s", on ? "on" : "off");
	methods_condition(d, "netcheck");
	if (was_active != d->active)
		methods_condition(d, "blocking");
	return 0;
}

/* Back to what was, as well as it can be done. */
static void unlock(struct daemon *d, bool on, const struct tunnel *t)
{
	struct why why;

	d->settings.lockdown = on;
	if (save(d, &why) < 0)
		daemon_problem(d, "settings", why.text);
	if (settle(d, t, &why) < 0)
		daemon_problem(d, "firewall", why.text);
}

int daemon_set_lockdown(struct daemon *d, bool on, const char **step,
			struct why *why)
{
	struct tunnel same_tunnel = d->tunnel;
	bool was_blocking = daemon_blocking(d), was_active = d->active;
	int error;

	if (on == d->settings.lockdown)
		return 0;
	d->settings.lockdown = on;
	/* Written down first: a crash must not forget that it was on. */
	*step = "settings";
	error = save(d, why);
	if (error < 0) {
		d->settings.lockdown = !on;
		return error;
	}
	*step = "firewall";
	d->latched = false;
	error = settle(d, &same_tunnel, why);
	if (error < 0) {
		unlock(d, !on, &same_tunnel);
		return error;
	}
	log_info("lockdown: %s", on ? "on" : "off");
	methods_condition(d, "lockdown");
	told_state(d, was_blocking, was_active);
	return 0;
}

int daemon_set_lan(struct daemon *d, bool on, const char **step,
		   struct why *why)
{
	int error;

	if (on == d->settings.lan)
		return 0;
	d->settings.lan = on;
	*step = "firewall";
	error = daemon_load(d, why);
	if (error == 0) {
		*step = "settings";
		error = save(d, why);
	}
	if (error < 0) {
		struct why ignored;

		d->settings.lan = !on;
		if (daemon_load(d, &ignored) < 0)
			daemon_problem(d, "firewall", ignored.text);
		return error;
	}
	log_info("lan: %s", on ? "on" : "off");
	methods_condition(d, "lan");
	return 0;
}

/* --- configuration --- */

/* What needs sockets, files or rules to be opened anew is not for a reload. */
static const char *fixed(const struct conf *a, const struct conf *b)
{
	if (a->n_listen != b->n_listen || a->port != b->port ||
	    memcmp(a->listen, b->listen, sizeof(a->listen)) != 0)
		return "listen, port";
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
	       fw_nft_open(&d->fw, &d->conf, why);
}

static void on_open(void *context, const struct allowed_entry *e)
{
	struct daemon *d = context;
	char addr[IPADDR_TEXT], name[DNSNAME_TEXT];
	unsigned int seconds = (unsigned int)((e->expiry - e->opened) / CLOCK_S);

	ipaddr_text(&e->addr, addr);
	dnsname_to_text(e->name, e->name_len, name);
	log_debug("door: %s open for %s, %u s", addr, name, seconds);
	methods_event(d, "allowed", "{s:s,s:s,s:i}", "address", addr, "name",
		      name, "seconds", (int)seconds);
	if (ipaddr_class(&e->addr) != IPCLASS_PRIVATE || d->portal)
		return;
	d->portal = true;
	log_info("door: %s is private: a portal is suspected", addr);
	methods_event(d, "portal", "{s:s,s:s}", "address", addr, "name", name);
}

static void open_answer(struct daemon *d)
{
	d->answer.fw = d->fw;
	d->answer.max = d->conf.allow.max_addresses;
	d->answer.per_name = d->conf.allow.per_name;
	d->answer.context = d;
	d->answer.on_open = on_open;
	d->answer.reload = reload;
}

/* As it should be after whatever came before: a stop, a crash, a reboot. */
static int resume(struct daemon *d, struct why *why)
{
	struct tunnel to = d->tunnel;
	/* The block first; what takes its time comes after it. */
	int error = daemon_load(d, why);

	if (error < 0)
		return error;
	if (d->settings.netcheck && d->resolver->start(d, why) < 0) {
		daemon_problem(d, "listen", why->text);
		if (daemon_blocking(d) && to.state == TUNNEL_ERROR)
			to.cause = CAUSE_START_RESOLVER;
		d->tunnel = to;
		d->latched = true;
	}
	error = settle(d, &to, why);
	return error < 0 ? error : save_tunnel(d, why);
}

void daemon_init(struct daemon *d, const struct conf *conf)
{
	memset(d, 0, sizeof(*d));
	d->conf = *conf;
	d->settings.lan = conf->lan;
	d->resolver = &supervise_resolver;
	child_init(&d->child);
}

int daemon_start(struct daemon *d, struct why *why)
{
	const struct conf *c = &d->conf;
	int error;

	if ((error = settings_load(c->state_dir, &d->settings, why)) < 0 ||
	    (error = settings_load_tunnel(c->run_dir, &d->tunnel, why)) < 0)
		return error;
	open_answer(d);
	return resume(d, why);
}

static int open_all(struct daemon *d, struct why *why)
{
	const struct conf *c = &d->conf;
	int error;

	/* The socket early: it tells whether another daemon is at work. Then
	 * what a crash has left in the host's DNS settings is healed. */
	if ((error = find_user(d, why)) < 0 ||
	    (error = make_dirs(d, why)) < 0 ||
	    (error = ctl_open(&d->ctl, d->base, c, methods_call, d, why)) < 0 ||
	    (error = hostdns_open(&d->hostdns, c, why)) < 0 ||
	    (error = open_firewall(d, why)) < 0 ||
	    (error = uplink_open(d, why)) < 0 ||
	    (error = supervise_open(d, why)) < 0)
		return error;
	return daemon_start(d, why);
}

int daemon_open(struct daemon *d, const char *conf_path,
		const struct conf *conf, struct why *why)
{
	int error;

	daemon_init(d, conf);
	snprintf(d->conf_path, sizeof(d->conf_path), "%s", conf_path);
	d->base = event_base_new();
	if (d->base == NULL)
		return why_set(why, -ENOMEM, "no event loop");
	error = open_all(d, why);
	/* Whatever rules are in force stay; the host gets its DNS back. */
	if (error < 0 && d->active)
		netcheck_leave(d, "left");
	if (error < 0)
		d->resolver->stop(d);
	return error;
}

/* The rules that stay behind when this process is gone. */
static void last_rules(struct daemon *d, enum daemon_end how)
{
	struct why why;

	if (how == DAEMON_STOP) {
		d->tunnel = (struct tunnel){ .state = TUNNEL_DISCONNECTED };
		if (save_tunnel(d, &why) < 0)
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
	ctl_close(d->ctl);
	uplink_close(d);
	d->hostdns->ops->close(d->hostdns);
	if (d->fw_event != NULL)
		event_free(d->fw_event);
	if (d->tick_event != NULL)
		event_free(d->tick_event);
	d->fw->ops->close(d->fw);
	event_base_free(d->base);
}
