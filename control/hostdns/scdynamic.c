/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * macOS asks the servers of its network services, which are dictionaries in a
 * store that configd keeps. While the door may open, ours are in the place of
 * every service's, of what the user has set as of what DHCP has told. What was
 * there is saved before, and comes back at each key where ours still stands.
 * So there is no moment at which it must be known how far we came, and what is
 * left in the file of before a reboot, or of before configd was started again,
 * does no harm: the store has forgotten ours.
 *
 * Somebody else who sets something meanwhile is right: that is what is asked
 * and what comes back then, and we are set again in its place, a few times a
 * minute at most. DHCP does so at every renewal, without effect: what the user
 * has set wins, and that is ours then.
 *
 * A service that is gone takes its dictionaries along, but ours in place of
 * the user's: that is taken away when it is seen.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "hostdns/guard.h"
#include "hostdns/hostdns.h"
#include "hostdns/scstate.h"
#include "hostdns/scstore.h"
#include "log.h"
#include "os/netinfo.h"

struct dynamic {
	struct hostdns h;
	struct scstore *store;
	char state_dir[PATH_MAX];
	uint16_t port;
	bool on;		/* we are to be asked */
	json_t *saved, *ours;	/* scstate.h's */
	struct guard guard;
};

/* --- read --- */

static int dynamic_read(struct hostdns *h, struct hostdns_servers *s,
			struct why *why)
{
	struct dynamic *m = (struct dynamic *)h;
	struct hostdns_servers found;
	json_t *all, *original;
	struct netinfo n;
	int error = netinfo_read(&n, why);

	if (error == 0)
		error = scstore_read(m->store, &all, why);
	if (error != 0)
		return error;
	original = scstate_original(all, m->saved, m->ours);
	scstate_servers(all, original, &n, &found);
	json_decref(original);
	json_decref(all);
	if (found.n == 0)
		return why_set(why, -ENOENT, "no network service has a DNS "
			       "server that can be asked; set upstreams = ...");
	memcpy(s, &found, sizeof(*s));
	return 0;
}

/* --- what is to be done, and safe before --- */

static int keep(struct dynamic *m, json_t *saved, struct why *why)
{
	int error;

	if (json_equal(m->saved, saved))
		return 0;
	error = scstate_save(m->state_dir, saved, m->ours, why);
	if (error != 0)
		return error;
	json_decref(m->saved);
	m->saved = json_incref(saved);
	return 0;
}

static int write_plan(struct dynamic *m, const struct scstate_plan *p,
		      struct why *why)
{
	return scstate_is_done(p) ? 0 :
	       scstore_write(m->store, p->set, p->gone, why);
}

/* --- restore --- */

static int put_back(struct dynamic *m, struct why *why)
{
	struct scstate_plan p;
	json_t *all;
	int error;

	if (json_object_size(m->saved) == 0)
		return 0;
	error = scstore_read(m->store, &all, why);
	if (error != 0)
		return error;
	scstate_restore(all, m->saved, m->ours, &p);
	error = write_plan(m, &p, why);
	if (error == 0)
		error = keep(m, p.saved, why);
	scstate_plan_free(&p);
	json_decref(all);
	return error;
}

static int dynamic_restore(struct hostdns *h, struct why *why)
{
	struct dynamic *m = (struct dynamic *)h;

	m->on = false;
	return put_back(m, why);
}

/* --- point --- */

static int set(struct dynamic *m, const struct scstate_plan *p,
	       struct why *why)
{
	int error = keep(m, p->saved, why);

	return error != 0 ? error : write_plan(m, p, why);
}

static int point(struct dynamic *m, struct why *why)
{
	struct scstate_plan p;
	json_t *all;
	int error = scstore_read(m->store, &all, why);

	if (hostdns_is_absence(error)) {
		log_info("hostdns: %s yet: pointed at us when it is there",
			 why->text);
		scstore_wake(m->store);
		return 0;
	}
	if (error != 0)
		return error;
	scstate_point(all, m->saved, m->ours, &p);
	error = set(m, &p, why);
	scstate_plan_free(&p);
	json_decref(all);
	return error;
}

/* What is left of other addresses of ours goes first. */
static int readdress(struct dynamic *m, json_t *ours, struct why *why)
{
	int error = json_equal(m->ours, ours) ? 0 : put_back(m, why);

	if (error != 0) {
		json_decref(ours);
		return error;
	}
	json_decref(m->ours);
	m->ours = ours;
	return 0;
}

static int dynamic_point(struct hostdns *h, const struct ipaddr *listen,
			 unsigned int n, struct why *why)
{
	struct dynamic *m = (struct dynamic *)h;
	struct why ignored;
	int error = readdress(m, scstate_ours(listen, n, m->port), why);

	if (error != 0)
		return error;
	error = point(m, why);
	m->on = error == 0;
	if (error != 0 && put_back(m, &ignored) != 0)
		log_warning("hostdns: %s", ignored.text);
	return error;
}

/* --- look --- */

static int look(struct dynamic *m, const struct scstate_plan *p,
		struct why *why)
{
	int error;

	if (scstate_is_done(p))
		return keep(m, p->saved, why);
	if (json_object_size(p->set) > 0 && !guard_may(&m->guard))
		return why_set(why, -EBUSY, "somebody else keeps setting the "
			       "DNS servers of network services: names cannot "
			       "be asked for there; use datapath = bypass");
	log_info("hostdns: the DNS servers of a network service have changed: "
		 "pointed at us again");
	error = set(m, p, why);
	return error != 0 ? error : 1;
}

static int dynamic_look(struct hostdns *h, struct why *why)
{
	struct dynamic *m = (struct dynamic *)h;
	struct scstate_plan p;
	json_t *all;
	int n;

	if (!m->on)
		return 0;
	n = scstore_read(m->store, &all, why);
	if (n != 0)
		return n;
	scstate_point(all, m->saved, m->ours, &p);
	n = look(m, &p, why);
	scstate_plan_free(&p);
	json_decref(all);
	return n;
}

static int dynamic_fd(const struct hostdns *h)
{
	return scstore_fd(((const struct dynamic *)h)->store);
}

static void dynamic_drain(struct hostdns *h)
{
	scstore_drain(((struct dynamic *)h)->store);
}

/* --- life --- */

static bool dynamic_pointed(const struct hostdns *h)
{
	return json_object_size(((const struct dynamic *)h)->saved) > 0;
}

static void dynamic_close(struct hostdns *h)
{
	struct dynamic *m = (struct dynamic *)h;

	scstore_close(m->store);
	json_decref(m->saved);
	json_decref(m->ours);
	free(m);
}

static const struct hostdns_ops dynamic_ops = {
	.name = "systemconfiguration",
	.close = dynamic_close,
	.read = dynamic_read,
	.point = dynamic_point,
	.restore = dynamic_restore,
	.pointed = dynamic_pointed,
	.look = dynamic_look,
	.fd = dynamic_fd,
	.drain = dynamic_drain,
};

static void heal(struct dynamic *m)
{
	struct why why;

	if (json_object_size(m->saved) == 0)
		return;
	if (put_back(m, &why) != 0)
		log_warning("hostdns: %s", why.text);
	else
		log_info("hostdns: network services: put the originals back");
}

int hostdns_scdynamic_open(struct hostdns **h, const struct conf *c,
			   struct why *why)
{
	struct dynamic *m = calloc(1, sizeof(*m));
	int error;

	if (m == NULL)
		return why_set(why, -ENOMEM, "hostdns: no memory");
	m->h.ops = &dynamic_ops;
	m->port = c->port;
	memcpy(m->state_dir, c->state_dir, sizeof(m->state_dir));
	error = scstore_open(&m->store, why);
	if (error != 0) {
		free(m);
		return error;
	}
	if (scstate_load(m->state_dir, &m->saved, &m->ours, why) != 0)
		log_warning("hostdns: %s", why->text);
	if (m->saved == NULL)
		m->saved = json_object();
	heal(m);
	*h = &m->h;
	return 0;
}
