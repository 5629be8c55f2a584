/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * NetworkManager merges the servers of its connections and writes them to
 * resolv.conf. Its global DNS configuration takes their place, whatever
 * connections there are or come. It is one property: set at once, kept by
 * NetworkManager over its own restarts, and no connection is touched. So the
 * connections' servers are still there to be read while we are pointed at, as
 * are those that DHCP brings meanwhile.
 *
 * Device.Reapply() with other servers, which others use, is not as good: it is
 * for each device, starts its DHCP anew, is lost when the connection is
 * activated again or NetworkManager started again, and takes away what we
 * have to ask.
 *
 * What the property was is saved before it is set, and comes back if the
 * property is of our making still. Who sets it meanwhile is right: that is
 * what comes back then, and we are set again in its place. Who writes
 * resolv.conf is not: it is NetworkManager's, who writes it anew. Each a few
 * times a minute at most.
 *
 * With dns=dnsmasq resolv.conf names NetworkManager's own dnsmasq, which asks
 * the global servers; those of links it asks by sockets bound to the link.
 *
 * A systemd-resolved that runs beside, and that NetworkManager's own check
 * asks then, has its links pointed at us as well.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "hostdns/hostdns.h"
#include "hostdns/nmbus.h"
#include "hostdns/nmstate.h"
#include "hostdns/resolvfile.h"
#include "log.h"
#include "os/netinfo.h"
#include "pace.h"

enum { AGAIN = 5 };	/* times a minute */

static const uint64_t PATIENCE = 10 * CLOCK_S;

struct manager {
	struct hostdns h;
	struct nmbus *bus;
	struct hostdns *resolved;	/* NULL: not in this build */
	char state_dir[PATH_MAX];
	char resolv_conf[PATH_MAX];
	bool on;			/* we are to be asked */
	struct ipaddr listen[POLICY_LISTEN];
	unsigned int n_listen;
	json_t *saved;			/* nmstate.h's, NULL: not pointed */
	struct pace again;
	uint64_t patience;		/* no look before */
};

static json_t *part(const struct manager *m, const char *key)
{
	return json_object_get(m->saved, key);
}

static int read_now(struct manager *m, json_t **now, struct why *why)
{
	int error = nmbus_begin(m->bus, why);

	return error != 0 ? error : nmbus_read(m->bus, now, why);
}

static bool is_ours(const struct manager *m, const json_t *now)
{
	return nmstate_is_ours(json_object_get(now, "global"),
			       part(m, "ours"));
}

/* --- read --- */

static int manager_read(struct hostdns *h, struct hostdns_servers *s,
			struct why *why)
{
	struct manager *m = (struct manager *)h;
	struct hostdns_servers found;
	json_t *now, *uplinks;
	struct netinfo n;
	int error = netinfo_read(&n, why);

	if (error != 0)
		return error;
	if (read_now(m, &now, why) == 0) {
		uplinks = nmstate_uplinks(now);
		nmstate_servers(is_ours(m, now) ? part(m, "original") :
				json_object_get(now, "global"), uplinks, &n,
				&found);
		json_decref(uplinks);
		json_decref(now);
	} else if (m->saved != NULL) {
		nmstate_servers(part(m, "original"), part(m, "uplinks"), &n,
				&found);
	} else {
		return resolvfile_read(m->resolv_conf, s, why);
	}
	if (found.n == 0)
		return why_set(why, -ENOENT, "NetworkManager has no server "
			       "that can be asked; set upstreams = ...");
	memcpy(s, &found, sizeof(*s));
	return 0;
}

/* --- restore --- */

static int keep(struct manager *m, json_t *saved, struct why *why)
{
	int error = nmstate_save(m->state_dir, saved, why);

	if (error != 0) {
		json_decref(saved);
		return error;
	}
	json_decref(m->saved);
	m->saved = saved;
	return 0;
}

static int put_back(struct manager *m, struct why *why)
{
	json_t *now;
	int error;

	if (m->saved == NULL)
		return 0;
	error = read_now(m, &now, why);
	if (error != 0)
		return error;
	if (is_ours(m, now))
		error = nmbus_set_global(m->bus, part(m, "original"), why);
	json_decref(now);
	return error != 0 ? error : keep(m, NULL, why);
}

/* The one that cannot be put back does not keep the other from it. */
static int manager_restore(struct hostdns *h, struct why *why)
{
	struct manager *m = (struct manager *)h;
	struct why ignored;
	int error = 0, own;

	m->on = false;
	if (m->resolved != NULL)
		error = m->resolved->ops->restore(m->resolved, why);
	own = put_back(m, error != 0 ? &ignored : why);
	return error != 0 ? error : own;
}

/* --- point --- */

static bool has_mode(const json_t *now, const char *word)
{
	const char *mode = json_string_value(json_object_get(now, "mode"));

	return mode != NULL && strcmp(mode, word) == 0;
}

/* NULL, or why its global servers would be nobody's. */
static const char *unused(const json_t *now)
{
	if (has_mode(now, "systemd-resolved"))
		return "leaves DNS to systemd-resolved; use hostdns = resolved";
	if (has_mode(now, "none"))
		return "leaves DNS alone (dns=none); use hostdns = file";
	return nmstate_wrong(json_object_get(now, "global")) == NULL ? NULL :
	       "has a global DNS configuration that is not understood; use "
	       "datapath = bypass";
}

/* What is not of our making is the original. */
static json_t *to_save(const struct manager *m, const json_t *now)
{
	json_t *original = is_ours(m, now) ? part(m, "original") :
					      json_object_get(now, "global");

	return json_pack("{s:O, s:o, s:o}", "original", original, "ours",
			 nmstate_ours(now, m->listen, m->n_listen), "uplinks",
			 nmstate_uplinks(now));
}

static int set(struct manager *m, const json_t *now, struct why *why)
{
	const char *no = unused(now);
	int error;

	if (no != NULL)
		return why_set(why, -EOPNOTSUPP, "NetworkManager %s", no);
	error = keep(m, to_save(m, now), why);
	if (error == 0 && !is_ours(m, now))
		error = nmbus_set_global(m->bus, part(m, "ours"), why);
	return error;
}

static int point(struct manager *m, struct why *why)
{
	json_t *now;
	int error = read_now(m, &now, why);

	if (hostdns_is_absence(error)) {
		log_info("hostdns: %s yet: pointed at us when it is there",
			 why->text);
		return 0;
	}
	if (error != 0)
		return error;
	error = set(m, now, why);
	json_decref(now);
	return error;
}

static int manager_point(struct hostdns *h, const struct ipaddr *listen,
			 unsigned int n, struct why *why)
{
	struct manager *m = (struct manager *)h;
	struct why ignored;
	int error;

	m->n_listen = n < POLICY_LISTEN ? n : POLICY_LISTEN;
	memcpy(m->listen, listen, m->n_listen * sizeof(*listen));
	error = point(m, why);
	if (error == 0 && m->resolved != NULL)
		error = m->resolved->ops->point(m->resolved, listen, n, why);
	m->on = error == 0;
	if (error != 0 && manager_restore(h, &ignored) != 0)
		log_warning("hostdns: %s", ignored.text);
	return error;
}

/* --- look --- */

static int fight(struct manager *m, const char *what, struct why *why)
{
	if (pace_wait(&m->again, clock_boot()) > 0)
		return why_set(why, -EBUSY, "somebody else keeps setting %s: "
			       "names cannot be asked for there; use datapath "
			       "= bypass", what);
	log_info("hostdns: somebody else has set %s: pointed at us again",
		 what);
	return 0;
}

/* Whom programs are to ask: us, or its dnsmasq, which asks us. */
static struct ipaddr asked(const struct manager *m, const json_t *now)
{
	static const uint8_t local[4] = { 127, 0, 0, 1 };

	return has_mode(now, "dnsmasq") ? ipaddr_v4(local) : m->listen[0];
}

/* Theirs is what is asked, and what comes back. */
static int look_at(struct manager *m, const json_t *now, struct why *why)
{
	static const char global[] = "NetworkManager's global DNS servers";
	const struct ipaddr first_asked = asked(m, now);
	bool first = m->saved == NULL;
	int error;

	if (!is_ours(m, now)) {
		error = first ? 0 : fight(m, global, why);
		return error != 0 ? error : (error = set(m, now, why)) != 0 ?
		       error : 1;
	}
	if (!resolvfile_asks(m->resolv_conf, &first_asked)) {
		error = fight(m, m->resolv_conf, why);
		return error != 0 ? error : nmbus_write_anew(m->bus, why);
	}
	return 0;
}

static int look_uplinks(struct manager *m, const json_t *now, struct why *why)
{
	json_t *uplinks = nmstate_uplinks(now);
	bool same = json_equal(uplinks, part(m, "uplinks"));
	int error;

	json_object_set_new(m->saved, "uplinks", uplinks);
	if (same)
		return 0;
	error = nmstate_save(m->state_dir, m->saved, why);
	return error != 0 ? error : 1;
}

static int look(struct manager *m, struct why *why)
{
	json_t *now;
	int n, error = read_now(m, &now, why);

	if (error != 0)
		return error;
	n = look_at(m, now, why);
	if (n == 0)
		n = look_uplinks(m, now, why);
	json_decref(now);
	return n;
}

/* One that is not there is nobody's to be asked. */
static int look_resolved(struct manager *m, struct why *why)
{
	int n = m->resolved == NULL ? 0 :
		m->resolved->ops->look(m->resolved, why);

	return hostdns_is_absence(n) ? 0 : n;
}

static int manager_look(struct hostdns *h, struct why *why)
{
	struct manager *m = (struct manager *)h;
	int n, other;

	if (!m->on)
		return 0;
	if (clock_boot() < m->patience)
		return why_set(why, -ETIMEDOUT,
			       "NetworkManager does not answer");
	n = look(m, why);
	if (n == -ETIMEDOUT)
		m->patience = clock_boot() + PATIENCE;
	if (n < 0)
		return n;
	other = look_resolved(m, why);
	return other != 0 ? other : n;
}

/* --- bypass --- */

/* A socket bound to a link goes there whatever the routing rules say. */
static int manager_led(struct hostdns *h, struct why *why)
{
	struct manager *m = (struct manager *)h;
	json_t *now;
	bool bound;

	/* At boot it is not there yet. */
	if (read_now(m, &now, why) != 0)
		return 0;
	bound = has_mode(now, "dnsmasq") &&
		json_object_size(json_object_get(now, "global")) == 0;
	json_decref(now);
	return !bound ? 0 : why_set(why, -EOPNOTSUPP, "NetworkManager's "
		"dnsmasq (dns=dnsmasq) binds its questions to their link; use "
		"datapath = socket with listen = { \"127.0.0.54\" }");
}

/* --- life --- */

static bool manager_pointed(const struct hostdns *h)
{
	const struct manager *m = (const struct manager *)h;

	return m->saved != NULL ||
	       (m->resolved != NULL &&
		m->resolved->ops->pointed(m->resolved));
}

static void manager_close(struct hostdns *h)
{
	struct manager *m = (struct manager *)h;

	if (m->resolved != NULL)
		m->resolved->ops->close(m->resolved);
	nmbus_close(m->bus);
	json_decref(m->saved);
	free(m);
}

static const struct hostdns_ops manager_ops = {
	.name = "networkmanager",
	.close = manager_close,
	.read = manager_read,
	.point = manager_point,
	.restore = manager_restore,
	.pointed = manager_pointed,
	.look = manager_look,
	.ticks = true,
	.led = manager_led,
};

static void heal(struct manager *m)
{
	struct why why;

	if (m->saved == NULL)
		return;
	if (put_back(m, &why) != 0)
		log_warning("hostdns: %s", why.text);
	else
		log_info("hostdns: NetworkManager: put the original back");
}

bool hostdns_networkmanager_writes(void)
{
	static const char *const managers[] = { "symlink", "file" };
	const char *word;
	struct nmbus *bus;
	bool writes = false;
	struct why why;
	json_t *now;

	if (nmbus_open(&bus, &why) != 0)
		return false;
	if (nmbus_begin(bus, &why) == 0 && nmbus_read(bus, &now, &why) == 0) {
		word = json_string_value(json_object_get(now, "manager"));
		for (size_t i = 0; i < NITEMS(managers); i++)
			writes |= word != NULL && unused(now) == NULL &&
				  strcmp(word, managers[i]) == 0;
		json_decref(now);
	}
	nmbus_close(bus);
	return writes;
}

int hostdns_networkmanager_open(struct hostdns **h, const struct conf *c,
				struct why *why)
{
	struct manager *m = calloc(1, sizeof(*m));
	int error;

	if (m == NULL)
		return why_set(why, -ENOMEM, "hostdns: no memory");
	m->h.ops = &manager_ops;
	m->again = (struct pace){ .gap = 60 * CLOCK_S / AGAIN,
				  .burst = AGAIN };
	memcpy(m->state_dir, c->state_dir, sizeof(m->state_dir));
	memcpy(m->resolv_conf, c->resolv_conf, sizeof(m->resolv_conf));
	error = nmbus_open(&m->bus, why);
	if (error != 0) {
		free(m);
		return error;
	}
	if (hostdns_resolved_open(&m->resolved, c, why) != 0)
		m->resolved = NULL;
	if (nmstate_load(m->state_dir, &m->saved, why) != 0)
		log_warning("hostdns: %s", why->text);
	heal(m);
	*h = &m->h;
	return 0;
}
