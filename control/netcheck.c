/* SPDX-License-Identifier: ISC */
/*
 * The door's steps, as the specification numbers them: 1 exempt the resolver
 * in the firewall, 2 bind port 53, 3 read the host's DNS settings and use
 * them, 4 point the host's DNS at us. Walked forward to open, and backward
 * from the step that fails.
 *
 * In bypass, 1 is a device that DNS may go into, 2 that device and a datapath
 * that reads it, and 4 leads the host's DNS there; its settings stay as they
 * are. With datapath = auto that is what is done when 2 or 4 fails.
 */
#include <string.h>

#include "clock.h"
#include "daemon.h"
#include "dnscache.h"
#include "log.h"

static int exempt(void *context, struct why *why)
{
	struct daemon *d = context;
	int error = d->conf.exempt == EXEMPT_PORTS ?
		    portrange_choose(&d->from, why) : 0;

	if (error < 0)
		return error;
	d->active = true;	/* the ruleset has a door from here on */
	error = daemon_load(d, why);
	if (error < 0)
		d->active = false;
	return error;
}

static void unexempt(void *context)
{
	struct daemon *d = context;
	struct why why;

	d->active = false;
	if (daemon_load(d, &why) < 0)
		daemon_problem(d, "firewall", why.text);
}

static int listen_53(void *context, struct why *why)
{
	struct daemon *d = context;

	return d->resolver->start(d, why);
}

static void unlisten(void *context)
{
	struct daemon *d = context;

	d->resolver->stop(d);
}

static int read_dns(void *context, struct why *why)
{
	struct daemon *d = context;
	int error;

	hostdns_choose_again(&d->hostdns, &d->conf);
	error = uplink_servers(d, why);
	if (error >= 0 && bypass_moved(d))
		supervise_again(d, "link");
	/* The upstreams are part of the ruleset. */
	return error <= 0 ? error : daemon_load(d, why);
}

static void unread(void *context)
{
	(void)context;	/* what was read changes nothing while we are shut */
}

static int steer(struct daemon *d, struct why *why)
{
	const struct hostdns_ops *ops = d->hostdns->ops;
	int error = ops->led == NULL ? 0 : ops->led(d->hostdns, why);

	return error != 0 ? error : d->resolver->steer(d, why);
}

static int point_dns(void *context, struct why *why)
{
	struct daemon *d = context;
	struct ipaddr listen[POLICY_LISTEN];
	unsigned int n = supervise_listen(d, listen);
	int error = d->bypass.on ? steer(d, why) :
		    d->hostdns->ops->point(d->hostdns, listen, n, why);

	if (error == 0) {
		d->astray = false;
		dnscache_flush();
	}
	return error;
}

static int turn_back(struct daemon *d, struct why *why)
{
	return d->bypass.on ? d->resolver->unsteer(d, why) :
			   d->hostdns->ops->restore(d->hostdns, why);
}

static void unpoint(void *context)
{
	struct daemon *d = context;
	bool was = d->astray;
	struct why why;

	d->astray = turn_back(d, &why) < 0;
	if (!d->astray)
		dnscache_flush();
	if (was && !d->astray)
		d->problem.text[0] = '\0';
	/* Tried every second, and told once. */
	if (d->astray && strcmp(d->problem.text, why.text) != 0)
		daemon_problem(d, "point_dns", why.text);
}

/* At boot we are there before NetworkManager is. */
static void choose_again(struct daemon *d)
{
	const struct hostdns *was = d->hostdns;
	struct why why;

	hostdns_choose_again(&d->hostdns, &d->conf);
	if (d->hostdns != was && point_dns(d, &why) < 0)
		daemon_problem(d, "point_dns", why.text);
}

static bool looks(const struct daemon *d)
{
	return d->active && !d->bypass.on;
}

bool netcheck_restless(const struct daemon *d)
{
	return looks(d) && (d->misled || d->hostdns->ops->ticks ||
			    (d->hostdns->watch == NULL &&
			     d->hostdns->ops->fd == NULL));
}

void netcheck_look(struct daemon *d)
{
	struct why why;
	int n;

	if (!looks(d))
		return;
	choose_again(d);
	if (d->hostdns->ops->look == NULL)
		return;
	n = d->hostdns->ops->look(d->hostdns, &why);
	if (n < 0) {
		/* Looked at every second, and told once. */
		if (strcmp(d->problem.text, why.text) != 0)
			daemon_problem(d, "point_dns", why.text);
		d->misled = true;
		return;
	}
	if (d->misled)
		d->problem.text[0] = '\0';
	d->misled = false;
	if (n == 0)
		return;
	dnscache_flush();
	/* Who set them may have had other servers in mind. */
	uplink_look(d, NULL);
}

const struct step netcheck_steps[] = {
	[NETCHECK_FIREWALL] = { "firewall", CAUSE_SET_FIREWALL, exempt,
				unexempt },
	[NETCHECK_LISTEN] = { "listen", CAUSE_START_RESOLVER, listen_53,
			      unlisten },
	[NETCHECK_READ] = { "read_dns", CAUSE_READ_DNS, read_dns, unread },
	[NETCHECK_POINT] = { "point_dns", CAUSE_SET_DNS, point_dns, unpoint },
};
_Static_assert(NITEMS(netcheck_steps) == NETCHECK__N, "a row per step");

/* --- one datapath instead of the other --- */

static bool may_bypass(const struct daemon *d, const struct step *failed)
{
	return d->conf.datapath == DATAPATH_AUTO && !d->bypass.on &&
	       (failed == &netcheck_steps[NETCHECK_LISTEN] ||
		failed == &netcheck_steps[NETCHECK_POINT]);
}

/* As it was before the attempt, with the sentence about both. */
static void no_bypass(struct daemon *d, bool listened, struct why *why)
{
	struct why both;

	why_set(&both, 0, "%.200s; and in bypass: %.250s",
		d->bypass.instead.text, why->text);
	d->bypass.on = false;
	d->bypass.instead.text[0] = '\0';
	if (listened && d->resolver->start(d, why) < 0)
		daemon_problem(d, "listen", why->text);
	*why = both;
}

static int bypass(struct daemon *d, unsigned int first, unsigned int n,
		  struct why *why)
{
	bool listened = d->running;
	const struct step *ignored;
	int error;

	d->bypass.instead = *why;
	d->resolver->stop(d);
	d->bypass.on = true;
	error = steps_run(netcheck_steps + first, n, d, &ignored, why);
	if (error < 0) {
		no_bypass(d, listened, why);
		return error;
	}
	log_warning("datapath: bypass instead of socket: %s",
		    d->bypass.instead.text);
	methods_event(d, "datapath", "{s:s,s:s}", "datapath", "bypass",
		      "instead", d->bypass.instead.text);
	return 0;
}

static int run(struct daemon *d, unsigned int first, unsigned int n,
	       const struct step **failed, struct why *why)
{
	int error = steps_run(netcheck_steps + first, n, d, failed, why);

	return error < 0 && may_bypass(d, *failed) ?
	       bypass(d, first, n, why) : error;
}

int netcheck_listen(struct daemon *d, const struct step **failed,
		    struct why *why)
{
	return run(d, NETCHECK_LISTEN, 1, failed, why);
}

/* The door is open in the firewall: let grants in, and people know. */
static void begin(struct daemon *d, const char *reason, uint64_t since)
{
	struct episode *e;
	bool ready;

	if (d->wake.asleep) {
		log_info("netcheck: the door opens when the machine wakes");
		return;
	}
	answer_start(&d->answer);
	ready = uplink_ready(d);
	e = timeline_begin(&d->timeline, d->answer.epoch, reason, since);
	timeline_mark(e, TIMELINE_WAKE, d->wake.at);
	timeline_mark(e, TIMELINE_LINK, d->linked);
	timeline_mark(e, TIMELINE_ADDRESS, d->addressed);
	timeline_mark(e, TIMELINE_ROUTE, d->routed);
	if (ready)
		d->prefetch++;
	d->resolver->tell(d);
	uplink_begun(d);
	supervise_verify(d);
	log_info("netcheck: door open, episode %u (%s)", d->answer.epoch,
		 reason);
}

int netcheck_enter(struct daemon *d, const char *reason,
		   const struct step **failed, struct why *why)
{
	uint64_t since = clock_boot();
	int error = run(d, 0, NETCHECK__N, failed, why);

	if (error < 0) {
		d->latched = true;
		log_warning("netcheck: %s: %s", (*failed)->name, why->text);
		daemon_problem(d, (*failed)->name, why->text);
		return error;
	}
	d->problem.text[0] = '\0';
	begin(d, reason, since);
	methods_condition(d, "blocking");
	return 0;
}

static _Atomic uint64_t *mark_of(struct marks *m, enum timeline_event what)
{
	switch (what) {
	case TIMELINE_QUERY:
		return &m->query;
	case TIMELINE_WARM:
		return &m->warm;
	case TIMELINE_ASKED:
		return &m->asked;
	case TIMELINE_PREFETCH:
		return &m->prefetch;
	case TIMELINE_ANSWERED:
		return &m->answered;
	case TIMELINE_REPLIED:
		return &m->replied;
	case TIMELINE_PROBE:
		return &m->probe_syn;
	case TIMELINE_PROBE_DONE:
		return &m->probe_fin;
	default:
		return NULL;
	}
}

/* The datapath's word: a time yet to come is none. */
static uint64_t not_after(uint64_t now, uint64_t when)
{
	return when <= now ? when : 0;
}

void netcheck_marks(struct daemon *d)
{
	struct episode *e = timeline_last(&d->timeline);
	uint64_t now = clock_boot();
	struct marks *m;

	if (e == NULL || e->epoch != d->answer.epoch ||
	    d->answer.arena == NULL)
		return;
	m = &d->answer.arena->datapath->marks;
	if (atomic_load_explicit(&m->epoch, memory_order_acquire) != e->epoch)
		return;
	timeline_mark(e, TIMELINE_OPENED, d->answer.first_opened);
	for (unsigned int i = 0; i < TIMELINE__N; i++) {
		_Atomic uint64_t *at = mark_of(m, i);

		if (at != NULL)
			timeline_mark(e, i, not_after(now,
				atomic_load_explicit(at,
						     memory_order_relaxed)));
	}
}

/* -errno: rules must be loaded, or something may stay open. */
static int shut(struct daemon *d, const char *reason)
{
	struct why why;
	int n;

	netcheck_marks(d);
	n = answer_stop(&d->answer, &why);
	d->resolver->tell(d);
	if (n < 0)
		daemon_problem(d, "firewall", why.text);
	if (n > 0)
		methods_event(d, "closed", "{s:i,s:s}", "count", n, "reason",
			      reason);
	return n < 0 ? n : 0;
}

void netcheck_shut(struct daemon *d, const char *reason)
{
	if (shut(d, reason) < 0)
		daemon_load_again(d);
}

void netcheck_leave(struct daemon *d, const char *reason)
{
	unpoint(d);
	if (!d->active)
		return;
	/* The rules that the caller loads empty the sets, too. */
	(void)shut(d, reason);
	d->active = false;
	log_info("netcheck: door shut (%s)", reason);
}

static int put_dns_back(void *context, struct why *why)
{
	struct daemon *d = context;
	bool was = d->bypass.on ? d->bypass.steered :
			       d->hostdns->ops->pointed(d->hostdns);
	int error = turn_back(d, why);

	if (error < 0)
		return error;
	d->astray = false;
	return !was;
}

static void point_again(void *context)
{
	struct why why;

	if (point_dns(context, &why) < 0)
		daemon_problem(context, "point_dns", why.text);
}

static int close_door(void *context, struct why *why)
{
	struct daemon *d = context;
	int error;

	if (!d->active)
		return 1;
	(void)shut(d, "switch");
	d->active = false;
	error = daemon_load(d, why);
	if (error < 0) {
		d->active = true;
		begin(d, "switch", clock_boot());
	}
	return error;
}

int netcheck_exit(struct daemon *d, const struct step **failed,
		  struct why *why)
{
	/* No undo of the last one: nothing comes behind it. */
	static const struct step steps[] = {
		{ "point_dns", CAUSE_SET_DNS, put_dns_back, point_again },
		{ "firewall", CAUSE_SET_FIREWALL, close_door, NULL },
	};
	int error = steps_run(steps, NITEMS(steps), d, failed, why);

	if (error < 0)
		daemon_problem(d, (*failed)->name, why->text);
	else
		log_info("netcheck: door shut (switch)");
	return error;
}

void netcheck_restart(struct daemon *d, const char *reason, uint64_t since)
{
	netcheck_shut(d, "network");
	begin(d, reason, since);
}
