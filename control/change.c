/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * What the machine should look like follows from two things: the tunnel's
 * state and the settings. Changes go through daemon_settle(): first the door
 * is shut if it must be (host DNS first), then the state is another one, then
 * its rules are loaded, or the door is opened (rules first, host DNS last).
 * At no point between two rulesets is there none.
 *
 * A failure while a front-end switches something leaves everything as it was
 * and is told to that front-end. A failure while a state is entered never
 * keeps the state from being entered: the block holds, the door stays shut,
 * and it is not tried again until state or settings change.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "daemon.h"
#include "early.h"
#include "log.h"

/* --- failing --- */

static int save_tunnel(struct daemon *d, struct why *why)
{
	return settings_save_tunnel(d->conf.run_dir, &d->tunnel, why);
}

static int save(struct daemon *d, struct why *why)
{
	return early_save(&d->conf, &d->settings, why);
}

/* Written down; its rules are the caller's to load. */
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

/* --- entering and leaving --- */

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

int daemon_settle(struct daemon *d, const struct tunnel *to, struct why *why)
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

/* --- what a front-end may change --- */

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
	error = daemon_settle(d, to, why);
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
		error = netcheck_listen(d, &failed, why);
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
	/* Next time the socket is tried first, again. */
	d->bypass.on = d->conf.datapath == DATAPATH_BYPASS;
	d->bypass.instead.text[0] = '\0';
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
	if (daemon_settle(d, t, &why) < 0)
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
	error = daemon_settle(d, &same_tunnel, why);
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
