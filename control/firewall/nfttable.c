/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * The table holds the lines of all policies (rules_table.h), and is loaded by
 * nft, which swaps all of it in one transaction, when a room is wanted that it
 * does not have: at the start, with other relays, with the LAN allowed. All
 * other changes of policy are one small transaction of our own
 * (nftswitch.h), and change nothing but the hooks' rules and the sets.
 *
 *	room[]		what the kernel's rooms say; equal bytes, equal lines
 *	next[]		those of the text that nft is given; room[] once it is
 *			in force, and if nft refuses it, room[] is what it was
 *	known		the kernel has room[], with the digest `digest`
 *
 * The kernel numbers each change to any table (the generation). What stands
 * right after a change of ours is remembered as a digest, taken between two
 * equal generations of which the first is the change's own: so nobody else's
 * can have got into it. A switch leaves the digest of the rooms as it was; if
 * it has not, or they were not ours just before it, nft loads all of it
 * anew. verify() compares; while the generation is that of the last look,
 * there is nothing to compare.
 *
 * Rooms that are not entered are a guess at what comes next: relays and
 * interface are the last that were told. A wrong guess costs a load. If nft
 * does not take the table with all its rooms (this kernel cannot do what one
 * of them asks for), it is loaded with the room in force alone.
 *
 * Switches have a socket of their own, so that their announcements reach the
 * datapath's tripwire as nft's do: the sets are empty after either.
 *
 * With door = hash the text has empty chains in place of the sets, and a
 * second transaction puts a rule into each that asks an eBPF program
 * (nftrule.h). Until then, and whenever such a rule is missing, the chains
 * return to a reject.
 */
#include "firewall/nfttable.h"

#include <errno.h>
#include <string.h>

#include "firewall/nftrule.h"
#include "firewall/nftrun.h"
#include "firewall/nftswitch.h"

enum { TRIES = 4 };		/* while others change rules at the same time */

/* ---- looking */

/*
 * The digest between two equal generations, and which. -EAGAIN if others do
 * not stop changing theirs.
 */
static int look(struct nfttable *t, struct nftdigest *digest)
{
	for (int i = 0; i < TRIES; i++) {
		uint32_t before, after;
		int error = nftread_generation(t->link, &before);

		if (!error)
			error = nftread_digest(t->link, &t->at, digest);
		if (!error)
			error = nftread_generation(t->link, &after);
		if (error)
			return error;
		if (before == after) {
			t->looked = after;
			return 0;
		}
	}
	return -EAGAIN;
}

int nfttable_verify(struct nfttable *t, uint32_t *generation, struct why *why)
{
	struct nftdigest digest = { 0 };
	uint32_t now;
	int error = nftread_generation(t->link, &now);

	if (error || !t->stands || now != t->looked) {
		if (!error)
			error = look(t, &digest);
		t->stands = !error && t->known && digest.all == t->digest.all;
	}
	if (error)
		return nftlink_explain(why, error, "reading the rules", "");
	*generation = t->looked;
	if (t->stands)
		return 1;
	return why_set(why, 0, "table inet %s is %s", t->at.table,
		       digest.all == 0 ? "gone" : "not as we loaded it");
}

/*
 * What stands after `changes` of ours. *sure: nobody else's fell in between.
 */
static int take_stock(struct nfttable *t, uint32_t before, uint32_t changes,
		      bool *sure, struct why *why)
{
	int error;

	t->known = false;
	error = look(t, &t->digest);
	if (error)
		return nftlink_explain(why, error, "reading the rules back",
				       "");
	*sure = t->looked == before + changes;
	/* The one behind it is of the elements' socket, known by its port. */
	if (*sure)
		t->own[t->n_own++ % NFTTABLE_OWN] = before + 1;
	return 0;
}

bool nfttable_made(const struct nfttable *t, uint32_t generation)
{
	unsigned int n = t->n_own < NFTTABLE_OWN ? t->n_own : NFTTABLE_OWN;

	for (unsigned int i = 0; i < n; i++)
		if (t->own[i] == generation)
			return true;
	return false;
}

/* ---- changing */

/* One change of the table by `once`; again, while it is not sure. */
static int change(struct nfttable *t, const struct fw_ruleset *r,
		  int (*once)(struct nfttable *t, const struct fw_ruleset *r,
			      bool *sure, struct why *why), struct why *why)
{
	bool sure = false;

	/*
	 * Where others change their tables all the time no try is sure; then
	 * the last one counts, if only our table is where it should be.
	 */
	for (int i = 0; i < TRIES && !sure; i++) {
		int error = once(t, r, &sure, why);

		if (error)
			return error;
	}
	if ((t->digest.all != 0) != (r->policy != FW_NONE))
		return why_set(why, -EBUSY, "table inet %s: somebody else "
			       "changes it at the same time", t->at.table);
	t->known = true;
	t->stands = true;
	return 0;
}

/* The rules that consult the programs, behind a text with their chains. */
static int hang_door(struct nfttable *t, struct why *why)
{
	struct nftrule r[HASHDOOR_RULES];

	hashdoor_rules(t->hash, r);
	return nftrule_add(t->link, t->at.family, t->at.table, r,
			   HASHDOOR_RULES, why);
}

static int load_once(struct nfttable *t, const struct fw_ruleset *r,
		     bool *sure, struct why *why)
{
	bool hang = t->hash && t->next[FW_BLOCKED_ACTIVE].policy != FW_NONE;
	uint32_t before;
	int error = nftread_generation(t->link, &before);

	(void)r;
	if (error)
		return nftlink_explain(why, error, "nf_tables", "");
	error = nftrun(t->text, t->len, why);
	if (error == 0 || error == -ETIMEDOUT)
		t->known = false;
	if (error == 0) {
		memcpy(t->room, t->next, sizeof(t->room));
		error = hang ? hang_door(t, why) : 0;
	}
	return error ? error : take_stock(t, before, 1 + hang, sure, why);
}

static int switch_once(struct nfttable *t, const struct fw_ruleset *r,
		       bool *sure, struct why *why)
{
	const uint64_t rooms = t->digest.rooms;
	uint32_t before;
	int error = nftread_generation(t->link, &before);

	if (error)
		return nftlink_explain(why, error, "nf_tables", "");
	error = r->policy == FW_NONE ?
		nftswitch_remove(&t->rules, &t->at, why) :
		nftswitch(&t->rules, &t->at, r, why);
	if (error == -ETIMEDOUT)
		t->known = false;
	if (error == 0 && r->policy == FW_NONE)
		memset(t->room, 0, sizeof(t->room));
	if (error == 0)
		error = take_stock(t, before, 1, sure, why);
	if (error == 0 && r->policy != FW_NONE && t->digest.rooms != rooms)
		error = why_set(why, -EBUSY, "the rooms are not as we "
				"loaded them");
	return error;
}

/* ---- which way */

static bool has_room(struct nfttable *t, const struct fw_ruleset *r)
{
	struct fw_ruleset room;
	uint32_t generation;
	struct why ignored;

	if (r->policy == FW_NONE)
		return true;
	rules_table_room(r, r->policy, &room);
	return t->known &&
	       memcmp(&room, &t->room[r->policy], sizeof(room)) == 0 &&
	       nfttable_verify(t, &generation, &ignored) == 1;
}

static void remember_tunnel(struct nfttable *t, const struct fw_ruleset *r)
{
	struct fw_ruleset was;

	memcpy(&was, &t->tunnel, sizeof(was));
	memcpy(&t->tunnel, r, sizeof(*r));
	if (r->n_relays == 0) {
		t->tunnel.n_relays = was.n_relays;
		memcpy(t->tunnel.relays, was.relays, sizeof(was.relays));
		t->tunnel.mark = was.mark;
	}
	if (r->interface[0] == '\0') {
		memcpy(t->tunnel.interface, was.interface,
		       sizeof(was.interface));
		t->tunnel.n_dns = was.n_dns;
		memcpy(t->tunnel.dns, was.dns, sizeof(was.dns));
	}
}

/* What is only a guess must not keep the rest from being loaded. */
static void plan(struct nfttable *t, const struct fw_ruleset *r, bool alone)
{
	remember_tunnel(t, r);
	memset(t->next, 0, sizeof(t->next));
	for (enum fw_policy p = FW_NONE + 1; p < FW__N; p++) {
		if (alone && p != r->policy)
			continue;
		rules_table_room(p == r->policy ? r : &t->tunnel, p,
				 &t->next[p]);
		if (p != r->policy && !fw_sound(&t->next[p], t->at.table))
			t->next[p].policy = FW_NONE;
	}
}

static int load(struct nfttable *t, const struct fw_ruleset *r, bool alone,
		struct why *why)
{
	plan(t, r, alone);
	t->len = rules_table_text(r, t->next, t->at.table, t->text);
	if (t->len == 0 || r->hash != (t->hash != NULL))
		return why_set(why, -EINVAL, "these rules cannot be written: "
			       "check the table's and the interface's name");
	return change(t, r, load_once, why);
}

int nfttable_load(struct nfttable *t, const struct fw_ruleset *r,
		  struct why *why)
{
	bool may_switch = fw_sound(r, t->at.table) && has_room(t, r);
	int error;

	t->stands = false;
	if (may_switch && change(t, r, switch_once, why) == 0)
		return 0;
	t->stands = false;
	error = load(t, r, false, why);
	return error == -EINVAL ? load(t, r, true, why) : error;
}

/* ---- life cycle */

int nfttable_open(struct nfttable *t, struct nftlink *link,
		  const struct nftplace *at, struct why *why)
{
	t->at = *at;
	t->link = link;
	return nftlink_open(&t->rules, 0, why);
}

void nfttable_close(struct nfttable *t)
{
	nftlink_close(&t->rules);
}
