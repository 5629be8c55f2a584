/* SPDX-License-Identifier: ISC */
/*
 * Is a cached answer released while somebody else has shut its address?
 *
 *   live_flush open N
 *       asks for the first N names and connects to each; says what came of it
 *   live_flush change N REPLIES LISTING [hash]
 *       N names are open and cached. Makes foreign changes, each followed by
 *       a question for one of the names and a connection, until there were
 *       REPLIES replies. LISTING: the table without elements, for nft -f.
 *       hash: the door is the allow table itself, not its sets
 *
 * The change is made by this very program, whose question follows without a
 * gap. Before the next change all elements must be there again, and the name
 * that will be asked for must be warm.
 *
 * shut:       the reply was there, the address was not open
 * unanswered: the question had no good reply
 * late:       more than a second until all was put right
 */
#include <stdlib.h>
#include <sys/wait.h>

#include "asker.h"

/* Behind <netinet/in.h>. */
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "firewall/nftmsg.h"
#include "firewall/nftread.h"

enum { NAMES_MAX = 128, ADDRESSES = 2 * ALLOW_MAX, RARE = 8 };
enum { SETS = 1, HASH = 2 };	/* doors */

_Static_assert((int)NFTA_RULE_CHAIN == (int)NFTA_SET_ELEM_LIST_SET,
	       "one name for a chain and for a set");

static const uint64_t PROMISED = CLOCK_S;

static const struct nftdoor door = {
	.family = NFPROTO_INET, .table = "sallyport", .set4 = "allow4",
	.set6 = "allow6",
};
static struct nftlink changer, watch, reader;
static const char *listing;
static unsigned int doors = SETS;

/* ---- foreign changes */

static void must(int error, const struct why *why)
{
	if (error < 0)
		errx(1, "%s", why->text);
}

/* The kernel applies it inside send(). 0, or the kernel's refusal. */
static int batch(uint16_t type, const char *table, const char *within)
{
	uint64_t until = nftlink_deadline();
	size_t len = 0;
	struct nlmsghdr *h = nftlink_put(&changer, 0, NFNL_MSG_BATCH_BEGIN, 0,
					 AF_UNSPEC, NFNL_SUBSYS_NFTABLES);

	len += h->nlmsg_len;
	h = nftlink_put(&changer, len,
			(uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
			NLM_F_ACK, table == NULL ? AF_UNSPEC : NFPROTO_INET, 0);
	if (table != NULL)
		mnl_attr_put_strz(h, NFTA_TABLE_NAME, table);
	/* NFTA_RULE_CHAIN has the same number, and comes second, too. */
	if (within != NULL)
		mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, within);
	len += h->nlmsg_len;
	h = nftlink_put(&changer, len, NFNL_MSG_BATCH_END, 0, AF_UNSPEC,
			NFNL_SUBSYS_NFTABLES);
	len += h->nlmsg_len;
	if (nftlink_send(&changer, len, until) < 0 ||
	    nftlink_recv(&changer, until) < NLMSG_HDRLEN)
		errx(1, "a change without an answer");
	h = (struct nlmsghdr *)changer.in;
	return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(h))->error;
}

/* An announcement from somebody other than us. */
static bool announced(int len)
{
	const struct nlmsghdr *h = (const void *)watch.in;

	for (; mnl_nlmsg_ok(h, len); h = mnl_nlmsg_next(h, &len))
		if (h->nlmsg_type ==
			    (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN) &&
		    h->nlmsg_pid != changer.port)
			return true;
	return false;
}

static void drain(void)
{
	while (nftlink_recv(&watch, 0) != -ETIMEDOUT)
		;
}

/*
 * Until somebody else has made a change. It is announced to one listener
 * after the other; they have all been told when its transaction is over,
 * and that is what the next one has to wait for. That one does nothing.
 */
static void await_change(void)
{
	uint64_t until = clock_boot() + ASKER_PATIENCE;
	int len;

	do
		len = nftlink_recv(&watch, 0);
	while (!announced(len) && clock_boot() < until);
	(void)batch(NFT_MSG_DELTABLE, "nobody's", NULL);
}

static void flush4(const struct asker *a)
{
	(void)a;
	if (batch(NFT_MSG_DELSETELEM, door.table, door.set4) < 0)
		errx(1, "flush set allow4");
}

static void flush6(const struct asker *a)
{
	(void)a;
	if (batch(NFT_MSG_DELSETELEM, door.table, door.set6) < 0)
		errx(1, "flush set allow6");
}

static void delete_element(const struct asker *a)
{
	struct ipaddr addr = asker_address(a->n, a->v4);
	struct why why;

	must(nftmsg_remove(&changer, &door, &addr, 1, &why), &why);
}

static void delete_table(const struct asker *a)
{
	(void)a;
	if (batch(NFT_MSG_DELTABLE, door.table, NULL) < 0)
		errx(1, "delete table");
}

static void flush_ruleset(const struct asker *a)
{
	(void)a;
	if (batch(NFT_MSG_DELTABLE, NULL, NULL) < 0)
		errx(1, "flush ruleset");
}

/* What is asked is the instant at which the daemon's own load is through. */
static void delete_and_wait(const struct asker *a)
{
	drain();
	delete_table(a);
	await_change();
}

static void flush_chain(const struct asker *a)
{
	(void)a;
	if (batch(NFT_MSG_DELRULE, door.table, "door_to") < 0)
		errx(1, "flush chain door_to");
}

static pid_t nft;

static void run_nft(const char *option, const char *what)
{
	drain();
	nft = fork();
	if (nft == 0) {
		execlp("nft", "nft", option, what, (char *)NULL);
		_exit(127);
	}
	await_change();
}

static void load_listing(const struct asker *a)
{
	(void)a;
	run_nft("-f", listing);
}

/* The elements stay, and a rule before theirs lets nobody through. */
static void insert_rule(const struct asker *a)
{
	(void)a;
	run_nft("--", "insert rule inet sallyport output meta l4proto tcp "
		"reject");
}

static const struct kind {
	const char *name;
	void (*change)(const struct asker *a);
	unsigned int step, at;	/* which names: even ones are IPv4 */
	bool rare;		/* rules must be loaded: it takes its time */
	unsigned int doors;	/* with which it can be made */
} kinds[] = {
	{ "flush set allow4", flush4, 2, 0, false, SETS },
	{ "flush set allow6", flush6, 2, 1, false, SETS },
	{ "delete element", delete_element, 1, 0, false, SETS },
	{ "flush chain door_to", flush_chain, 1, 0, false, HASH },
	{ "insert rule", insert_rule, 1, 0, true, SETS | HASH },
	{ "delete table", delete_table, 1, 0, true, SETS | HASH },
	{ "flush ruleset", flush_ruleset, 1, 0, true, SETS | HASH },
	{ "nft -f, without elements", load_listing, 1, 0, true, SETS },
	{ "delete table, as it comes back", delete_and_wait, 1, 0, true,
	  SETS | HASH },
};

/* ---- what is there */

static bool is_ours(const struct ipaddr *a)
{
	for (unsigned int n = 0; n < NAMES_MAX; n++) {
		struct ipaddr ours = asker_address(n, n % 2 == 0);

		if (ipaddr_equal(a, &ours))
			return true;
	}
	return false;
}

/* Elements that are addresses of names; 0 without a set. */
static unsigned int count(const char *set)
{
	const struct nftplace at = { door.family, door.table, set };
	struct ipaddr a[ADDRESSES];
	unsigned int n = 0;
	int all = nftread_elements(&reader, &at, a, ADDRESSES);

	for (int i = 0; i < all; i++)
		n += is_ours(&a[i]);
	return n;
}

static bool connects(unsigned int n)
{
	struct asker a = { .n = n, .v4 = n % 2 == 0 };
	enum asker_is it;

	asker_take_socket(&a);
	asker_connect(&a);
	do
		it = asker_outcome(&a, 100);
	while (it == ASKER_PENDING);
	asker_hang_up(&a);
	return it == ASKER_OPEN;
}

/* A table that is loaded anew has empty sets at first. The allow table stays
 * as it is: there, connections tell, to ours and to one that nobody asked
 * for. */
static bool restored(unsigned int names)
{
	unsigned int n = 0;

	if (doors == HASH) {
		while (n < names && connects(n))
			n++;
		return n == names && !connects(NAMES_MAX);
	}
	return count(door.set4) + count(door.set6) == names;
}

/* Every change of the firewall is a reason to look again. */
static uint64_t await_restored(unsigned int names, uint64_t since,
			       const char *what)
{
	while (!restored(names)) {
		if (clock_boot() - since > ASKER_PATIENCE)
			errx(1, "%s: not put right; %u + %u elements", what,
			     count(door.set4), count(door.set6));
		(void)!nftlink_recv(&watch, clock_boot() + CLOCK_S / 100);
	}
	return clock_boot() - since;
}

/*
 * Until the n-th name is answered from the cache: without a grant, so without
 * a transaction of control's. And its address is open.
 */
static void await_warm(struct asker *a, unsigned int n)
{
	uint64_t since = clock_boot();
	enum asker_is it;

	do {
		if (clock_boot() - since > ASKER_PATIENCE)
			errx(1, "name %u is not warm", n);
		drain();
		asker_prepare(a, n);
		it = asker_go(a);
	} while (it != ASKER_OPEN || announced(nftlink_recv(&watch, 0)));
}

/* ---- */

static void open_links(void)
{
	struct why why;

	must(nftlink_open(&changer, 0, &why), &why);
	must(nftlink_open(&reader, 0, &why), &why);
	must(nftlink_open(&watch, NFNLGRP_NFTABLES, &why), &why);
}

static void show(const char *what, const unsigned int is[static 4])
{
	printf("%s: open %u shut %u silent %u unanswered %u", what,
	       is[ASKER_OPEN], is[ASKER_SHUT], is[ASKER_SILENT],
	       is[ASKER_PENDING]);
}

static void open_all(unsigned int names)
{
	struct asker a = { .udp = asker_udp() };
	unsigned int is[ASKER_SILENT + 1] = { 0 };

	for (unsigned int i = 0; i < names; i++) {
		asker_prepare(&a, i);
		is[asker_go(&a)]++;
	}
	show("all names", is);
	printf("\n");
}

static struct tally {
	unsigned int is[ASKER_SILENT + 1];
	uint64_t longest;	/* ns, until all was put right */
} tally[NITEMS(kinds)];

/* One change and its question. True if there was a reply. */
static bool change_once(struct asker *a, unsigned int k, unsigned int turn,
			unsigned int names)
{
	unsigned int name = (turn * kinds[k].step + kinds[k].at) % names;
	uint64_t since, took;
	enum asker_is it;

	await_warm(a, name);
	asker_prepare(a, name);
	since = clock_boot();
	kinds[k].change(a);
	it = asker_go(a);
	tally[k].is[it]++;
	if (nft > 0 && waitpid(nft, NULL, 0) == nft)
		nft = 0;
	took = await_restored(names, since, kinds[k].name);
	if (took > tally[k].longest)
		tally[k].longest = took;
	return it != ASKER_PENDING;
}

static void change(unsigned int names, unsigned int replies)
{
	struct asker a = { .udp = asker_udp() };

	open_links();
	if (!restored(names))
		errx(1, "not all names are open");
	for (unsigned int turn = 0, n = 0; n < replies && turn < replies;
	     turn++)
		for (unsigned int k = 0; k < NITEMS(kinds) && n < replies; k++)
			if ((kinds[k].doors & doors) != 0 &&
			    (!kinds[k].rare || turn % RARE == 0))
				n += change_once(&a, k, turn, names);
	for (unsigned int k = 0; k < NITEMS(kinds); k++) {
		if ((kinds[k].doors & doors) == 0)
			continue;
		show(kinds[k].name, tally[k].is);
		printf(" late %u longest %u ms\n",
		       tally[k].longest > PROMISED,
		       (unsigned int)(tally[k].longest / CLOCK_MS));
	}
}

int main(int argc, char **argv)
{
	unsigned int names = argc > 2 ? (unsigned int)atoi(argv[2]) : 0;

	if (names > 0 && names <= NAMES_MAX && argc == 3 &&
	    strcmp(argv[1], "open") == 0) {
		open_all(names);
		return 0;
	}
	if (names == 0 || names > NAMES_MAX || argc < 5 || argc > 6 ||
	    strcmp(argv[1], "change") != 0)
		errx(2, "usage: live_flush open N | change N REPLIES LISTING "
		     "[hash]");
	listing = argv[4];
	if (argc == 6)
		doors = HASH;
	change(names, (unsigned int)atoi(argv[3]));
	return 0;
}
