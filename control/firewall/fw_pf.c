/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * Rules are loaded by pfctl into an anchor of our own, in one transaction
 * that swaps filter, translation and scrubbing; then the main ruleset must
 * call it first (pfhook.h), pf must be on (pfclaim.h), and what the rules
 * before allowed and these do not is cut (pfcut.h). In this order: nothing is
 * passed for a step that is still to come. A load that fails may have
 * loaded, which blocks more, and is told.
 *
 * The kernel counts the changes of each ruleset by tickets. Those seen before
 * and behind the reading of what was loaded must be the same, and as many
 * rules be there as were written; then these tickets stand for that text.
 * While they stay as they are, and pf on, so do the rules. Nothing in pf
 * announces a change. So
 *
 *  - changed() asks for the tickets, and is asked every second;
 *  - there are no warm replies: each answer's addresses go through add(), and
 *    that is acknowledged by the kernel, with the table there and the
 *    addresses counted in it, at that moment. Whatever else somebody does to
 *    pf (switches it off, flushes the anchor, takes the call away) opens more,
 *    not less, until it is put right within the second.
 *
 * `generation` counts what was verified, for want of a number of the kernel's.
 *
 * Addresses have no end of their own in pf: who opened them takes them out
 * (answer_expire()). When we die they stay open until the next start, which
 * empties the table first. States let connections go on that rules and table
 * do not allow any more, so whatever is taken out has its states killed.
 *
 * pf does not look at an interface on which it is told to skip, and no rule
 * can change that. It is not ours to change either: it is told, and counts as
 * a firewall that cannot be set.
 */
#include "firewall/fw_pf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firewall/pfclaim.h"
#include "firewall/pfcut.h"
#include "firewall/pfhook.h"
#include "firewall/pfkill.h"
#include "firewall/pfread.h"
#include "firewall/pftable.h"
#include "firewall/rules_pf.h"
#include "log.h"

struct fw_pf {
	struct fw fw;
	struct pfdev dev;
	struct pfclaim claim;
	char anchor[CONF_WORD];
	bool loaded;		/* now is what the kernel was given */
	bool stands;		/* ... and had, at the last look: */
	struct pfread loaded_as;
	uint32_t generation;
	bool narrowed;		/* the TLS table has something in it */
	struct fw_ruleset now;
	struct pftable door, tls;
	struct ipaddr open[PFTABLE_MAX];
	struct pfctl_said said;
	char text[FW_TEXT];
};

static struct fw_pf *pf_of(struct fw *fw)
{
	return (struct fw_pf *)((char *)fw - offsetof(struct fw_pf, fw));
}

static bool has_door(const struct fw_pf *f)
{
	return f->loaded && f->now.policy == FW_BLOCKED_ACTIVE;
}

/* ---- elements */

/* Those for TLS alone are narrowed before they are open. */
static int narrow(struct fw_pf *f, const struct fw_element *e, unsigned int n,
		  struct why *why)
{
	struct ipaddr in[FW_BATCH], out[FW_BATCH];
	unsigned int n_in = 0, n_out = 0;
	int error = 0;

	for (unsigned int i = 0; i < n; i++)
		if (e[i].tls)
			in[n_in++] = e[i].addr;
		else
			out[n_out++] = e[i].addr;
	if (n_in > 0) {
		f->narrowed = true;
		error = pftable_add(&f->tls, in, n_in, why);
	}
	if (error == 0 && n_out > 0 && f->narrowed)
		error = pftable_remove(&f->tls, out, n_out, why);
	return error;
}

/* What a call left half done; those that were open before stay so. */
static void roll_back(struct fw_pf *f, const struct fw_element *e,
		      unsigned int n)
{
	struct ipaddr fresh[FW_BATCH];
	unsigned int n_fresh = 0;
	struct why why;

	for (unsigned int i = 0; i < n; i++)
		if (!e[i].renew)
			fresh[n_fresh++] = e[i].addr;
	if (pftable_remove(&f->door, fresh, n_fresh, &why) < 0)
		log_warning("firewall: %s", why.text);
}

static int add(struct fw *fw, const struct fw_element *e, unsigned int n,
	       struct why *why)
{
	struct fw_pf *f = pf_of(fw);
	struct ipaddr a[FW_BATCH];
	int error;

	if (!has_door(f))
		return why_set(why, -ENOENT, "there is no door");
	if (n > FW_BATCH)
		return why_set(why, -E2BIG, "%u elements at once", n);
	for (unsigned int i = 0; i < n; i++)
		a[i] = e[i].addr;
	error = f->now.tls ? narrow(f, e, n, why) : 0;
	if (error == 0)
		error = pftable_add(&f->door, a, n, why);
	if (error == -EIO)
		roll_back(f, e, n);
	return error;
}

/* Best effort: in there an address is open for less. */
static void widen(struct fw_pf *f, const struct ipaddr *a, unsigned int n)
{
	struct why why;

	if (f->narrowed && pftable_remove(&f->tls, a, n, &why) < 0)
		log_debug("firewall: %s", why.text);
}

static int drop(struct fw *fw, const struct ipaddr *a, unsigned int n,
		struct why *why)
{
	struct fw_pf *f = pf_of(fw);
	int error = has_door(f) ? pftable_remove(&f->door, a, n, why) :
		    why_set(why, -ENOENT, "there is no door");

	/* Also of a table that is gone. */
	if (error == 0 || error == -ENOENT) {
		int killed = pfkill_hosts(&f->dev, a, n, why);

		if (killed < 0)
			return killed;
	}
	if (error == 0)
		widen(f, a, n);
	return error;
}

/* Empties it whatever the policy is; connections end. */
static int empty(struct fw_pf *f, struct why *why)
{
	struct why ignored;
	bool strange;
	int n = pftable_list(&f->door, f->open, PFTABLE_MAX, &strange,
			     &ignored);
	int error = pftable_clear(&f->door, why);

	if (error < 0)
		return error;
	if (f->narrowed && pftable_clear(&f->tls, &ignored) == 0)
		f->narrowed = false;
	if (n < 0 || strange)
		n = pfkill_all(&f->dev, why);
	else
		n = pfkill_hosts(&f->dev, f->open, (unsigned int)n, why);
	return n < 0 ? n : 0;
}

static int clear(struct fw *fw, struct why *why)
{
	struct fw_pf *f = pf_of(fw);

	return has_door(f) ? empty(f, why) : 0;
}

static int list(struct fw *fw, struct ipaddr *a, unsigned int max,
		struct why *why)
{
	struct fw_pf *f = pf_of(fw);
	bool strange = false;
	int n;

	if (!has_door(f))
		return 0;
	n = pftable_list(&f->door, a, max, &strange, why);
	/* A net, or more than fits, is nobody's but somebody else's. */
	if (n == -EMSGSIZE || (n >= 0 && strange)) {
		log_warning("firewall: what was in pf's table %s is not ours: "
			    "it is emptied", f->door.name);
		n = empty(f, why);
	}
	return n;
}

/* ---- reading back */

/* 1: it stands; 0: not as it was loaded. */
static int compare(struct fw_pf *f, struct why *why)
{
	struct pfread now;
	int error = pfread(&f->dev, f->anchor, &f->said, &now, why);

	/* The kernel and pfctl say so of an anchor that is not there. */
	if (error == -EINVAL)
		return 0;
	if (error < 0)
		return error;
	if (!now.hook.first)
		return why_set(why, 0, "pf's main ruleset does not call anchor "
			       "%s first", f->anchor);
	if (now.digest != f->loaded_as.digest)
		return why_set(why, 0, "pf's anchor %s is not as we loaded it",
			       f->anchor);
	f->loaded_as = now;
	f->generation++;
	return 1;
}

static bool moved(struct fw_pf *f)
{
	struct pftickets t;

	return pfhook_tickets(&f->dev, f->anchor, &t) < 0 ||
	       !pfread_same(&t, &f->loaded_as.tickets);
}

static int verify(struct fw *fw, uint32_t *generation, struct why *why)
{
	struct fw_pf *f = pf_of(fw);
	int good, error;

	if (!f->loaded)
		return why_set(why, 0, "no rules have been loaded");
	good = f->now.policy == FW_NONE ? 1 :
	       pfclaim_held(&f->claim, &f->dev);
	if (good == 0)
		why_set(why, 0, "somebody has switched pf off");
	if (good < 0)
		why_set(why, good, "pf: %s", strerror(-good));
	if (good == 1 && f->now.policy != FW_NONE && (!f->stands || moved(f)))
		good = compare(f, why);
	f->stands = good == 1;
	error = good == 1 && f->now.policy != FW_NONE ?
		pfread_skips(&f->dev, &f->said, why) : 0;
	*generation = f->generation;
	return error < 0 ? error : good;
}

static int changed(struct fw *fw)
{
	struct fw_pf *f = pf_of(fw);

	if (!f->loaded || f->now.policy == FW_NONE)
		return 0;
	if (!f->stands || moved(f) || pfclaim_held(&f->claim, &f->dev) != 1)
		f->stands = false;
	return !f->stands;
}

/* ---- loading */

static int flush(struct fw_pf *f, struct why *why)
{
	const char *const args[] = { "pfctl", "-a", f->anchor, "-F", "all",
				     NULL };

	return pfsys_pfctl(&f->dev, args, "", 0, &f->said, why);
}

/* Takes our calls out again, where they are ours. */
static int unhook(struct fw_pf *f, struct why *why)
{
	int error = 0;

	if (f->claim.hooked)
		error = pfhook_remove(&f->dev, f->anchor, false, &f->said,
				      why);
	if (error == 0 && f->claim.scrubbed)
		error = pfhook_remove(&f->dev, f->anchor, true, &f->said, why);
	if (error == 0)
		f->claim.hooked = f->claim.scrubbed = false;
	return error;
}

/* Nothing of ours is left. */
static int unload(struct fw_pf *f, struct why *why)
{
	struct pfhook h;
	int error = flush(f, why);

	if (error == 0)
		error = unhook(f, why);
	if (error == 0)
		error = pfhook_look(&f->dev, f->anchor, &f->said, &h, why);
	if (error == 0)
		error = pfclaim_release(&f->claim, &f->dev, h.rules > 0, why);
	return error;
}

static int hook(struct fw_pf *f, struct why *why)
{
	struct pfhook h;
	int error = pfhook_look(&f->dev, f->anchor, &f->said, &h, why);

	if (error == 0 && f->dev.sys->scrub_anchor && !h.scrub) {
		error = pfhook_insert(&f->dev, f->anchor, true, why);
		f->claim.scrubbed |= error == 0;
	}
	if (error == 0 && !h.first) {
		error = pfhook_insert(&f->dev, f->anchor, false, why);
		f->claim.hooked |= error == 0;
	}
	return error == 0 ? pfclaim_save(&f->claim, why) : error;
}

static int run_text(struct fw_pf *f, size_t len, struct why *why)
{
	/* Its optimizer would put addresses into tables of its own. */
	const char *const args[] = { "pfctl", "-a", f->anchor, "-o", "none",
				     "-f", "-", NULL };

	return pfsys_pfctl(&f->dev, args, f->text, len, &f->said, why);
}

/* As many rules as were written are there, and called. */
static int read_back(struct fw_pf *f, unsigned int written, struct why *why)
{
	struct pfread *now = &f->loaded_as;
	int error = pfread(&f->dev, f->anchor, &f->said, now, why);

	if (error < 0)
		return error;
	if (now->rules != written || now->tickets.rules != written)
		return why_set(why, -EBUSY, "pf's anchor %s has %u rules where "
			       "%u were loaded", f->anchor, now->rules,
			       written);
	if (!now->hook.first)
		return why_set(why, -EBUSY, "pf's main ruleset does not call "
			       "anchor %s first", f->anchor);
	return 0;
}

static int shut_door(struct fw_pf *f, struct why *why)
{
	int error = empty(f, why);

	return error == -ENOENT ? 0 : error;
}

static int put_in_force(struct fw_pf *f, const struct fw_ruleset *r,
			struct why *why)
{
	unsigned int written;
	size_t len = rules_pf_text(r, f->anchor, f->dev.sys, f->text,
				   &written);
	int error;

	if (len == 0)
		return why_set(why, -EINVAL, "these rules cannot be written: "
			       "check the table's and the interface's name");
	error = shut_door(f, why);
	if (error == 0)
		error = run_text(f, len, why);
	/* Somebody may have made a table of that name meanwhile. */
	if (error == 0)
		error = shut_door(f, why);
	if (error == 0)
		error = hook(f, why);
	if (error == 0)
		error = pfclaim_hold(&f->claim, &f->dev, why);
	if (error == 0)
		error = pfcut(&f->dev, f->loaded ? &f->now : NULL, r, why);
	if (error == 0)
		error = read_back(f, written, why);
	return error;
}

static int load(struct fw *fw, const struct fw_ruleset *r, struct why *why)
{
	struct fw_pf *f = pf_of(fw);
	int error;

	f->stands = false;
	error = r->policy == FW_NONE ? unload(f, why) :
				       put_in_force(f, r, why);
	/* How far it came is not known: the next one begins anew. */
	if (error < 0) {
		f->loaded = false;
		return error;
	}
	f->now = *r;
	f->loaded = f->stands = true;
	f->generation++;
	return r->policy == FW_NONE ? 0 : pfread_skips(&f->dev, &f->said, why);
}

/* ---- life cycle */

static int watch_fd(struct fw *fw)
{
	(void)fw;
	return FW_ASK;
}

/* No port, but something for the tripwire to doubt: see tripwire_none.c. */
static uint32_t port(struct fw *fw)
{
	(void)fw;
	return 1;
}

static void shut(struct fw *fw)
{
	struct fw_pf *f = pf_of(fw);

	pfsys_close(&f->dev);
	free(f);
}

static const struct fw_ops pf_ops = {
	.name = "pf", .close = shut, .load = load, .add = add,
	.remove = drop, .clear = clear, .list = list, .verify = verify,
	.watch_fd = watch_fd, .changed = changed, .port = port,
};

/* What a daemon before us had open when it died. */
static int heal(struct fw_pf *f, struct why *why)
{
	int error = shut_door(f, why);

	return error < 0 ? error : 0;
}

int fw_pf_open_on(struct fw **fw, const struct conf *c,
		  const struct pfdev *dev, struct why *why)
{
	struct fw_pf *f = calloc(1, sizeof(*f));
	int error;

	if (!f)
		return why_set(why, -ENOMEM, "no memory for the firewall");
	f->fw.ops = &pf_ops;
	f->dev = *dev;
	if (c->firewall.mode == FWMODE_GUEST)
		error = why_set(why, -EOPNOTSUPP, "firewall.mode = guest is "
				"not there for pf");
	else
		error = 0;
	snprintf(f->anchor, sizeof(f->anchor), "%s", c->firewall.table);
	pftable_init(&f->door, &f->dev, f->anchor, RULES_PF_DOOR);
	pftable_init(&f->tls, &f->dev, f->anchor, RULES_PF_TLS);
	pfclaim_open(&f->claim, c->run_dir);
	if (error == 0)
		error = heal(f, why);
	if (error < 0) {
		shut(&f->fw);
		return error;
	}
	if (c->door == DOOR_HASH)
		why_set(&f->fw.no_hash, 0, "pf cannot consult the table");
	*fw = &f->fw;
	return 0;
}
