/* SPDX-License-Identifier: ISC */
#include "firewall/nftread.h"

#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <string.h>

#include "firewall/rules_table.h"

enum { TRIES = 4 };

struct request {
	uint16_t type;		/* NFT_MSG_GET* */
	bool dump;		/* else one object, and an acknowledgement */
	const struct nftplace *at;
	/* What is done with each object. */
	void (*each)(const struct nlmsghdr *h, void *arg);
	void (*restart)(void *arg);
	void *arg;
};

/* ---- attributes; the kernel is believed, but not about lengths */

static const struct nlattr *attributes(const struct nlmsghdr *h, size_t *len)
{
	size_t all = mnl_nlmsg_get_payload_len(h);

	*len = all < sizeof(struct nfgenmsg) ? 0 :
	       all - sizeof(struct nfgenmsg);
	return mnl_nlmsg_get_payload_offset(h, sizeof(struct nfgenmsg));
}

static const struct nlattr *next(const struct nlattr *a, size_t *len)
{
	size_t step = MNL_ALIGNTO * (((size_t)a->nla_len + 3) / MNL_ALIGNTO);

	*len = step < *len ? *len - step : 0;
	return mnl_attr_next(a);
}

static const struct nlattr *find(const struct nlattr *a, size_t len, int type)
{
	/* What shrinks: len. */
	for (; mnl_attr_ok(a, (int)len); a = next(a, &len))
		if (mnl_attr_get_type(a) == type)
			return a;
	return NULL;
}

static const struct nlattr *find_in(const struct nlattr *nest, int type)
{
	if (!nest)
		return NULL;
	return find(mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest),
		    type);
}

static const struct nlattr *find_top(const struct nlmsghdr *h, int type)
{
	size_t len;
	const struct nlattr *a = attributes(h, &len);

	return find(a, len, type);
}

static uint32_t be32_of(const struct nlattr *a)
{
	return a && mnl_attr_get_payload_len(a) >= 4 ?
	       be32toh(mnl_attr_get_u32(a)) : 0;
}

/* Every kind of object names its table in its first attribute. */
static bool is_of(const struct nlmsghdr *h, const char *table)
{
	const struct nlattr *a = find_top(h, NFTA_TABLE_NAME);
	size_t len = strlen(table) + 1;

	return a && mnl_attr_get_payload_len(a) == len &&
	       memcmp(mnl_attr_get_payload(a), table, len) == 0;
}

/* ---- asking */

static void put_request(struct nftlink *l, const struct request *r)
{
	uint16_t flags = r->dump ? NLM_F_DUMP : NLM_F_ACK;
	struct nlmsghdr *h = nftlink_put(l, 0,
		(uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | r->type), flags,
		r->at ? r->at->family : AF_UNSPEC, 0);

	if (r->at)
		mnl_attr_put_strz(h, NFTA_SET_TABLE, r->at->table);
	if (r->at && r->at->set)
		mnl_attr_put_strz(h, NFTA_SET_NAME, r->at->set);
}

/*
 * True when h ends the answer; *error says how. A dump that was cut into is
 * read to its end all the same: the kernel holds only one at a time.
 */
static bool take(const struct nlmsghdr *h, const struct request *r,
		 bool *torn, int *error)
{
	if (h->nlmsg_flags & NLM_F_DUMP_INTR)
		*torn = true;
	if (h->nlmsg_type == NLMSG_DONE) {
		*error = 0;
		return true;
	}
	if (h->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

		*error = mnl_nlmsg_get_payload_len(h) < sizeof(*e) ? -EPROTO :
			 e->error;
		return true;
	}
	if (NFNL_SUBSYS_ID(h->nlmsg_type) == NFNL_SUBSYS_NFTABLES)
		r->each(h, r->arg);
	return false;
}

static int ask_once(struct nftlink *l, const struct request *r, bool *torn)
{
	uint64_t until = nftlink_deadline();
	const struct nlmsghdr *h = (const void *)l->out;
	int error;

	put_request(l, r);

	uint32_t seq = h->nlmsg_seq;

	error = nftlink_send(l, h->nlmsg_len, until);
	if (error)
		return error;
	/* What shrinks: the kernel's answer, or the time left. */
	for (;;) {
		int len = nftlink_recv(l, until);

		if (len < 0)
			return len;
		if (len == 0)
			*torn = true;
		for (h = (const void *)l->in; mnl_nlmsg_ok(h, len);
		     h = mnl_nlmsg_next(h, &len))
			if (h->nlmsg_seq == seq && h->nlmsg_pid == l->port &&
			    take(h, r, torn, &error))
				return error;
	}
}

static int ask(struct nftlink *l, const struct request *r)
{
	for (int i = 0; i < TRIES; i++) {
		bool torn = false;

		if (r->restart)
			r->restart(r->arg);

		int error = ask_once(l, r, &torn);

		if (error != 0 || !torn)
			return error;
	}
	return -EAGAIN;
}

/* ---- generation, set */

static void read_generation(const struct nlmsghdr *h, void *arg)
{
	*(uint32_t *)arg = be32_of(find_top(h, NFTA_GEN_ID));
}

int nftread_generation(struct nftlink *l, uint32_t *generation)
{
	struct request r = {
		.type = NFT_MSG_GETGEN, .each = read_generation,
		.arg = generation,
	};

	return ask(l, &r);
}

static void read_set(const struct nlmsghdr *h, void *arg)
{
	struct nftset *set = arg;

	set->flags = be32_of(find_top(h, NFTA_SET_FLAGS));
	set->key_len = be32_of(find_top(h, NFTA_SET_KEY_LEN));
}

int nftread_set(struct nftlink *l, const struct nftplace *at,
		struct nftset *set)
{
	struct request r = {
		.type = NFT_MSG_GETSET, .at = at, .each = read_set, .arg = set,
	};

	return ask(l, &r);
}

/* ---- elements */

struct elements {
	struct ipaddr *a;
	unsigned int n, max;
};

static void no_elements(void *arg)
{
	((struct elements *)arg)->n = 0;
}

static void read_element(const struct nlattr *elem, struct elements *e)
{
	const struct nlattr *expiration = find_in(elem,
						  NFTA_SET_ELEM_EXPIRATION);
	const struct nlattr *key = find_in(find_in(elem, NFTA_SET_ELEM_KEY),
					   NFTA_DATA_VALUE);

	if (!key || e->n == e->max)
		return;
	/* Its time is over, though it was not collected yet. */
	if (expiration && mnl_attr_get_payload_len(expiration) == 8 &&
	    mnl_attr_get_u64(expiration) == 0)
		return;
	if (mnl_attr_get_payload_len(key) == 4)
		e->a[e->n++] = ipaddr_v4(mnl_attr_get_payload(key));
	else if (mnl_attr_get_payload_len(key) == 16)
		e->a[e->n++] = ipaddr_v6(mnl_attr_get_payload(key));
}

static void read_elements(const struct nlmsghdr *h, void *arg)
{
	const struct nlattr *list = find_top(h, NFTA_SET_ELEM_LIST_ELEMENTS);

	if (!list)
		return;

	const struct nlattr *a = mnl_attr_get_payload(list);
	size_t len = mnl_attr_get_payload_len(list);

	/* What shrinks: len. */
	for (; mnl_attr_ok(a, (int)len); a = next(a, &len))
		read_element(a, arg);
}

int nftread_elements(struct nftlink *l, const struct nftplace *at,
		     struct ipaddr *a, unsigned int max)
{
	struct elements e = { .a = a, .max = max };
	struct request r = {
		.type = NFT_MSG_GETSETELEM, .dump = true, .at = at,
		.each = read_elements, .restart = no_elements, .arg = &e,
	};
	int error = ask(l, &r);

	return error ? error : (int)e.n;
}

/* ---- digest */

struct digest {
	const char *table;
	uint64_t attrs;		/* a bit for each attribute that counts */
	bool rules;
	uint64_t rooms, hooks;	/* objects; rules of the hooks' chains */
	unsigned int seen;
};

#define BIT(n) (UINT64_C(1) << (n))

/* What counts. Left out: use and element counts, counters, what is not known
 * here and could change by itself. */
static const struct {
	uint16_t type;
	uint64_t attrs;
} objects[] = {
	{ NFT_MSG_GETTABLE, BIT(NFTA_TABLE_NAME) | BIT(NFTA_TABLE_FLAGS) |
	  BIT(NFTA_TABLE_HANDLE) },
	{ NFT_MSG_GETCHAIN, BIT(NFTA_CHAIN_NAME) | BIT(NFTA_CHAIN_HANDLE) |
	  BIT(NFTA_CHAIN_HOOK) | BIT(NFTA_CHAIN_POLICY) |
	  BIT(NFTA_CHAIN_TYPE) | BIT(NFTA_CHAIN_FLAGS) },
	{ NFT_MSG_GETRULE, BIT(NFTA_RULE_CHAIN) | BIT(NFTA_RULE_HANDLE) |
	  BIT(NFTA_RULE_EXPRESSIONS) },
	{ NFT_MSG_GETSET, BIT(NFTA_SET_NAME) | BIT(NFTA_SET_HANDLE) |
	  BIT(NFTA_SET_FLAGS) | BIT(NFTA_SET_KEY_TYPE) |
	  BIT(NFTA_SET_KEY_LEN) | BIT(NFTA_SET_TIMEOUT) },
};

/* FNV-1a (draft-eastlake-fnv): the adversary here is an accident. */
static uint64_t mix(uint64_t hash, const void *p, size_t len)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ b[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static void start_digest(void *arg)
{
	struct digest *d = arg;

	d->rooms = d->hooks = UINT64_C(0xcbf29ce484222325);
	d->seen = 0;
}

static bool is_hook(const struct nlmsghdr *h)
{
	const struct nlattr *a = find_top(h, NFTA_RULE_CHAIN);

	return a && mnl_attr_get_payload_len(a) > 0 &&
	       rules_table_hook(mnl_attr_get_payload(a),
				mnl_attr_get_payload_len(a) - 1u);
}

static void digest_object(const struct nlmsghdr *h, void *arg)
{
	struct digest *d = arg;
	size_t len;
	const struct nlattr *a = attributes(h, &len);

	if (!is_of(h, d->table))
		return;
	d->seen++;

	uint64_t *hash = d->rules && is_hook(h) ? &d->hooks : &d->rooms;

	/* What shrinks: len. */
	for (; mnl_attr_ok(a, (int)len); a = next(a, &len)) {
		unsigned int type = mnl_attr_get_type(a);

		if (type < 64 && (d->attrs & BIT(type)))
			*hash = mix(*hash, a, a->nla_len);
	}
}

/* Sets without timeout hold what the text gave them; their order may vary. */
static int digest_elements(struct nftlink *l, const struct nftplace *at,
			   uint64_t *sum)
{
	struct ipaddr a[16];
	int n = nftread_elements(l, at, a, NITEMS(a));

	if (n == -ENOENT)
		return 0;
	for (int i = 0; i < n; i++)
		*sum += mix(UINT64_C(0xcbf29ce484222325), a[i].b,
			    sizeof(a[i].b));
	return n < 0 ? n : 0;
}

static int digest_upstreams(struct nftlink *l, const struct nftplace *at,
			    uint64_t *sum)
{
	static const char *const sets[] = { "upstream4", "upstream6" };
	int error = 0;

	for (size_t i = 0; i < NITEMS(sets) && !error; i++) {
		struct nftplace set = *at;

		set.set = sets[i];
		error = digest_elements(l, &set, sum);
	}
	return error;
}

int nftread_digest(struct nftlink *l, const struct nftplace *at,
		   struct nftdigest *digest)
{
	struct nftplace table = { at->family, at->table, NULL };
	struct digest d = { .table = at->table };
	uint64_t rooms = 0, rest = 0;

	for (size_t i = 0; i < NITEMS(objects); i++) {
		struct request r = {
			.type = objects[i].type, .dump = true, .at = &table,
			.each = digest_object, .restart = start_digest,
			.arg = &d,
		};

		d.attrs = objects[i].attrs;
		d.rules = objects[i].type == NFT_MSG_GETRULE;

		int error = ask(l, &r);

		if (error && error != -ENOENT)
			return error;
		if (i == 0 && d.seen == 0) {
			*digest = (struct nftdigest){ 0 };
			return 0;
		}
		rooms = mix(rooms, &d.rooms, sizeof(d.rooms));
		rest = mix(rest, &d.hooks, sizeof(d.hooks));
	}

	int error = digest_upstreams(l, &table, &rest);

	rest = mix(rooms, &rest, sizeof(rest));
	digest->rooms = rooms;
	digest->all = rest != 0 ? rest : 1;
	return error;
}
