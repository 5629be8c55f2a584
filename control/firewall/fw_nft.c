/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * Rules are nfttable.h's, elements nftmsg.h's.
 *
 * Changes are announced on a second socket, each transaction closed by a
 * NEWGEN message with its number and its sender's port. Ours are those with
 * the port of our element socket and those whose number a load of ours was
 * seen to make; all else is somebody else's.
 *
 * As a guest we have neither table nor rules, only two sets in the table of
 * the one who has (nftguest.h); load() only empties them.
 *
 * With door = hash there are no elements; add() only makes sure that the
 * rules stand: if nothing was announced since the last verification, they do.
 *
 * The kernel counts a set's timeouts while it is awake, the allow table also
 * while it sleeps: after a sleep elements can outlive their entries, and it is
 * the reconciler who takes them out.
 */
#include "firewall/fw.h"

#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firewall/hashdoor.h"
#include "firewall/nftguest.h"
#include "firewall/nftlink.h"
#include "firewall/nftmsg.h"
#include "firewall/nftread.h"
#include "firewall/nftrule.h"
#include "firewall/nftrun.h"
#include "firewall/nfttable.h"
#include "firewall/nfttls.h"
#include "log.h"

enum { DRAIN_MAX = 1024 };	/* datagrams; the rest at the next look */

struct fw_nft {
	struct fw fw;
	bool guest;
	bool door;		/* the policy in force has the sets */
	struct nftdoor at;
	bool tls;		/* the sets of rules_tls.h are there */
	bool narrowed;		/* ... and had something in them */
	struct nftlink link;	/* elements, and reading back */
	struct nftlink watch;
	struct nfttable table;	/* not a guest's */
};

static struct fw_nft *nft_of(struct fw *fw)
{
	return (struct fw_nft *)((char *)fw - offsetof(struct fw_nft, fw));
}

static struct nftplace place(const struct fw_nft *f, const char *set)
{
	return (struct nftplace){ f->at.family, f->at.table, set };
}

/* ---- rules */

static int load_own(struct fw_nft *f, const struct fw_ruleset *r,
		    struct why *why)
{
	int error = nfttable_load(&f->table, r, why);

	if (error)
		return error;
	f->door = r->policy == FW_BLOCKED_ACTIVE;
	f->tls = f->door && r->tls;
	f->narrowed = false;
	return 0;
}

/* A door needs the host's sets; without one there is nothing to do. */
static int load_guest(struct fw_nft *f, const struct fw_ruleset *r,
		      struct why *why)
{
	uint32_t generation;
	int error;

	if (r->policy == FW_BLOCKED_ACTIVE) {
		int good = nftguest_verify(&f->link, &f->at, &generation,
					   why);

		if (good != 1)
			return good < 0 ? good : -ENOENT;
	}
	error = nftmsg_clear(&f->link, &f->at, why);
	return error == -ENOENT ? 0 : error;
}

static int load(struct fw *fw, const struct fw_ruleset *r, struct why *why)
{
	struct fw_nft *f = nft_of(fw);

	return f->guest ? load_guest(f, r, why) : load_own(f, r, why);
}

static int verify(struct fw *fw, uint32_t *generation, struct why *why)
{
	struct fw_nft *f = nft_of(fw);

	return f->guest ? nftguest_verify(&f->link, &f->at, generation, why) :
			  nfttable_verify(&f->table, generation, why);
}

/* ---- elements */

/* For door = hash: is what lets open addresses through in its place? */
static int look_at_door(struct fw_nft *f, struct why *why)
{
	uint32_t generation;
	int good;

	/* The kernel announces a change before its maker has an answer. */
	if (f->table.stands && f->watch.io->wait(f->watch.fd, 0) == 0)
		return 0;
	good = verify(&f->fw, &generation, why);
	return good == 1 ? 0 : good < 0 ? good : -ENOENT;
}

static int add(struct fw *fw, const struct fw_element *e, unsigned int n,
	       struct why *why)
{
	struct fw_nft *f = nft_of(fw);
	int error;

	/* The sets are there, and nothing leads to them. */
	if (!f->door && n > 0)
		return why_set(why, -ENOENT, "there is no door");
	error = f->tls ? nfttls_sort(&f->link, &f->at, e, n, &f->narrowed,
				     why) : 0;
	if (error < 0)
		return error;
	if (f->table.hash)
		return look_at_door(f, why);
	return nftmsg_add(&f->link, &f->at, e, n, why);
}

static int drop(struct fw *fw, const struct ipaddr *a, unsigned int n,
		struct why *why)
{
	struct fw_nft *f = nft_of(fw);

	if (f->table.hash)
		return 0;
	return nftmsg_remove(&f->link, &f->at, a, n, why);
}

static int clear(struct fw *fw, struct why *why)
{
	struct fw_nft *f = nft_of(fw);

	if (f->table.hash)
		return 0;
	return nftmsg_clear(&f->link, &f->at, why);
}

/* Without a door there are no sets, and nothing is open. */
static int list(struct fw *fw, struct ipaddr *a, unsigned int max,
		struct why *why)
{
	struct fw_nft *f = nft_of(fw);
	struct nftplace at = place(f, f->at.set4);
	int n4, n6;

	if (f->table.hash)
		return 0;
	n4 = nftread_elements(&f->link, &at, a, max);
	if (n4 == -ENOENT && !f->door)
		return 0;
	if (n4 < 0)
		return nftlink_explain(why, n4, f->at.set4, "");
	at.set = f->at.set6;
	n6 = nftread_elements(&f->link, &at, a + n4, max - (unsigned int)n4);
	if (n6 < 0)
		return nftlink_explain(why, n6, f->at.set6, "");
	return n4 + n6;
}

/* ---- watching */

static int watch_fd(struct fw *fw)
{
	return nft_of(fw)->watch.fd;
}

static bool foreign(const struct fw_nft *f, const struct nlmsghdr *h)
{
	const struct nlattr *a;

	if (h->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN) ||
	    h->nlmsg_pid == f->link.port)
		return false;
	if (mnl_nlmsg_get_payload_len(h) < sizeof(struct nfgenmsg) + 8)
		return true;
	a = mnl_nlmsg_get_payload_offset(h, sizeof(struct nfgenmsg));
	return mnl_attr_get_type(a) != NFTA_GEN_ID ||
	       !nfttable_made(&f->table, be32toh(mnl_attr_get_u32(a)));
}

static int changed(struct fw *fw)
{
	struct fw_nft *f = nft_of(fw);
	int others = 0;

	for (int i = 0; i < DRAIN_MAX; i++) {
		int len = nftlink_recv(&f->watch, 0);
		const struct nlmsghdr *h = (const void *)f->watch.in;

		if (len == -ETIMEDOUT)
			break;
		/* Lost or cut: we cannot say that it was ours. */
		if (len <= 0)
			others = 1;
		for (; mnl_nlmsg_ok(h, len); h = mnl_nlmsg_next(h, &len))
			if (foreign(f, h))
				others = 1;
	}
	return others;
}

static uint32_t port(struct fw *fw)
{
	return nft_of(fw)->link.port;
}

/* ---- life cycle */

static void shut(struct fw *fw)
{
	struct fw_nft *f = nft_of(fw);

	if (!f->guest)
		nfttable_close(&f->table);
	nftlink_close(&f->watch);
	nftlink_close(&f->link);
	if (f->table.hash)
		hashdoor_close(f->table.hash);
	free(f);
}

static const struct fw_ops nft_ops = {
	.name = "nft", .close = shut, .load = load, .add = add,
	.remove = drop, .clear = clear, .list = list, .verify = verify,
	.watch_fd = watch_fd, .changed = changed, .port = port,
};

static int own_place(struct fw_nft *f, const struct conf *c, struct why *why)
{
	f->at = (struct nftdoor){
		.family = NFPROTO_INET, .set4 = "allow4", .set6 = "allow6",
	};
	snprintf(f->at.table, sizeof(f->at.table), "%s", c->firewall.table);
	return nftrun_find(why);
}

/* Says at start, not in an emergency, what is missing. */
static int try_kernel(struct fw_nft *f, struct why *why)
{
	uint32_t generation;
	int error = nftread_generation(&f->link, &generation);

	/* What nfnetlink says of a subsystem that it does not have. */
	if (error == -EINVAL)
		error = -EOPNOTSUPP;
	return error ? nftlink_explain(why, error, "nf_tables", "") : 0;
}

static int open_table(struct fw_nft *f, struct why *why)
{
	const struct nftplace at = place(f, NULL);

	return f->guest ? 0 : nfttable_open(&f->table, &f->link, &at, why);
}

static int open_links(struct fw_nft *f, struct why *why)
{
	int error = nftlink_open(&f->link, 0, why);

	if (error)
		return error;
	error = try_kernel(f, why);
	if (!error)
		error = nftlink_open(&f->watch, NFNLGRP_NFTABLES, why);
	if (error)
		goto close_link;
	nftlink_deafen(&f->watch, f->link.port);
	error = open_table(f, why);
	if (!error)
		return 0;
	nftlink_close(&f->watch);
close_link:
	nftlink_close(&f->link);
	return error;
}

/* Loads the programs, and sees whether rules with them would be taken. */
static int try_hash(struct fw_nft *f, struct why *why)
{
	struct nftrule r[HASHDOOR_RULES];
	int error = hashdoor_open(&f->table.hash, why);

	if (error)
		return error;
	hashdoor_rules(f->table.hash, r);
	error = nftrule_try(&f->link, f->at.family, r, HASHDOOR_RULES, why);
	if (!error) {
		f->fw.table = hashdoor_table(f->table.hash);
		return 0;
	}
	hashdoor_close(f->table.hash);
	f->table.hash = NULL;
	return error;
}

/* door = set always works; who asked for the hash is told why he has it. */
static void open_door(struct fw_nft *f, const struct conf *c)
{
	struct why *why = &f->fw.no_hash;
	int error = 0;

	if (c->door != DOOR_HASH)
		return;
	if (f->guest)
		error = why_set(why, -EINVAL, "a guest opens addresses in the "
				"sets of the table's owner");
	else
		error = try_hash(f, why);
	if (error)
		log_warning("door: set instead of hash: %s", why->text);
	else
		f->fw.door = DOOR_HASH;
}

int fw_nft_open(struct fw **fw, const struct conf *c, struct why *why)
{
	struct fw_nft *f = calloc(1, sizeof(*f));
	int error;

	if (!f)
		return why_set(why, -ENOMEM, "no memory for the firewall");
	f->fw.ops = &nft_ops;
	f->guest = c->firewall.mode == FWMODE_GUEST;
	f->door = f->guest;
	error = f->guest ? nftguest_place(&f->at, c, why) :
			   own_place(f, c, why);
	if (!error)
		error = open_links(f, why);
	if (error) {
		free(f);
		return error;
	}
	open_door(f, c);
	*fw = &f->fw;
	return 0;
}
