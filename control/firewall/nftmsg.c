/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * A batch is BEGIN, deletions, additions, END, in one datagram. The kernel
 * works through it inside send() and queues its answers in the order of the
 * messages: an error for each message that failed, whether it asked or not,
 * and an acknowledgement for the one that asked. That is the last before
 * END, so when its answer has come all errors have been seen before it. An
 * error on BEGIN speaks for the whole batch and can be the only one.
 *
 * Each deletion is a message of its own: the answers then tell which
 * elements had expired meanwhile. Those are left out, and the batch is sent
 * once more. Additions of a family share one message.
 *
 * Renewal is deletion and addition in one batch. Kernels before 6.12 take an
 * addition of what is there already as done and keep the old timeout.
 *
 * What cannot be read (cut, malformed, somebody else's, of an older batch)
 * is no answer. Without an answer nobody knows what the kernel did, so the
 * elements are deleted, one batch each, unheard.
 */
#include "firewall/nftmsg.h"

#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

enum { TRIES = 3, STALE_MAX = 1024 };

/* Additions only: NFTA_LIST_ELEM, KEY, VALUE headers, 16 octets, TIMEOUT. */
enum { ELEMENT_MAX = 4 + 4 + 4 + 16 + 12, DELETION_MAX = 268 };
_Static_assert(NFTLINK_OUT > FW_BATCH * (ELEMENT_MAX + DELETION_MAX) + 1024,
	       "the longest batch fits");
_Static_assert(FW_BATCH * ELEMENT_MAX < UINT16_MAX, "nla_len of a full list");

/* What is to be done with one element. */
struct change {
	const struct ipaddr *addr;
	uint32_t seconds;
	bool del, add;
};

/* One batch on its way. Sequence numbers: begin < deletions <= last. */
struct batch {
	struct change *c;
	unsigned int n;
	size_t len;
	uint32_t begin, last;
	struct nlmsghdr *tail;	/* the message before END */
	uint16_t deleted[FW_BATCH];	/* c's index of the i-th deletion */
	unsigned int n_deleted;
};

struct outcome {
	bool answered;		/* all that there is to know is known */
	bool gone;		/* some deletions named what is not there */
	int error;		/* the first other */
	char detail[NFTLINK_DETAIL];	/* the kernel's words for it */
};

/* ---- packing */

static void end_message(struct batch *b, struct nlmsghdr *h)
{
	b->len += h->nlmsg_len;
}

static void put_begin(struct nftlink *l, struct batch *b)
{
	struct nlmsghdr *h = nftlink_put(l, b->len, NFNL_MSG_BATCH_BEGIN, 0,
					 AF_UNSPEC, NFNL_SUBSYS_NFTABLES);

	b->begin = h->nlmsg_seq;
	end_message(b, h);
}

static void put_end(struct nftlink *l, struct batch *b)
{
	b->tail->nlmsg_flags |= NLM_F_ACK;
	b->last = b->tail->nlmsg_seq;
	end_message(b, nftlink_put(l, b->len, NFNL_MSG_BATCH_END, 0, AF_UNSPEC,
				   NFNL_SUBSYS_NFTABLES));
}

static struct nlmsghdr *put_change(struct nftlink *l, struct batch *b,
				   const struct nftdoor *door, int type,
				   bool v4)
{
	uint16_t flags = type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0;
	struct nlmsghdr *h = nftlink_put(l, b->len,
		(uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags,
		door->family, 0);

	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, door->table);
	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET,
			  v4 ? door->set4 : door->set6);
	b->tail = h;
	return h;
}

void nftmsg_put_key(struct nlmsghdr *h, const struct ipaddr *a)
{
	bool v4 = ipaddr_is_v4(a);
	struct nlattr *key = mnl_attr_nest_start(h, NFTA_SET_ELEM_KEY);

	mnl_attr_put(h, NFTA_DATA_VALUE, v4 ? 4 : 16, v4 ? a->b + 12 : a->b);
	mnl_attr_nest_end(h, key);
}

static void put_element(struct nlmsghdr *h, const struct change *c, bool add)
{
	struct nlattr *elem = mnl_attr_nest_start(h, NFTA_LIST_ELEM);

	nftmsg_put_key(h, c->addr);
	if (add)
		mnl_attr_put_u64(h, NFTA_SET_ELEM_TIMEOUT,
				 htobe64((uint64_t)c->seconds * 1000));
	mnl_attr_nest_end(h, elem);
}

static void put_deletion(struct nftlink *l, struct batch *b,
			 const struct nftdoor *door, const struct change *c)
{
	struct nlmsghdr *h = put_change(l, b, door, NFT_MSG_DELSETELEM,
					ipaddr_is_v4(c->addr));
	struct nlattr *list = mnl_attr_nest_start(h,
						  NFTA_SET_ELEM_LIST_ELEMENTS);

	put_element(h, c, false);
	mnl_attr_nest_end(h, list);
	end_message(b, h);
}

static void put_additions(struct nftlink *l, struct batch *b,
			  const struct nftdoor *door, bool v4)
{
	struct nlmsghdr *h = NULL;
	struct nlattr *list = NULL;

	for (unsigned int i = 0; i < b->n; i++) {
		if (!b->c[i].add || ipaddr_is_v4(b->c[i].addr) != v4)
			continue;
		if (!h) {
			h = put_change(l, b, door, NFT_MSG_NEWSETELEM, v4);
			list = mnl_attr_nest_start(h,
				NFTA_SET_ELEM_LIST_ELEMENTS);
		}
		put_element(h, &b->c[i], true);
	}
	if (!h)
		return;
	mnl_attr_nest_end(h, list);
	end_message(b, h);
}

/* Returns false if there is nothing to do. */
static bool pack(struct nftlink *l, struct batch *b, const struct nftdoor *door)
{
	b->len = 0;
	b->n_deleted = 0;
	b->tail = NULL;
	put_begin(l, b);
	for (unsigned int i = 0; i < b->n; i++) {
		if (!b->c[i].del)
			continue;
		put_deletion(l, b, door, &b->c[i]);
		b->deleted[b->n_deleted++] = (uint16_t)i;
	}
	put_additions(l, b, door, true);
	put_additions(l, b, door, false);
	if (!b->tail)
		return false;
	put_end(l, b);
	return true;
}

/* ---- answers */

static void read_answer(const struct nlmsghdr *h, struct batch *b,
			struct outcome *o)
{
	uint32_t at = h->nlmsg_seq - b->begin;

	if (h->nlmsg_type != NLMSG_ERROR || at > b->last - b->begin ||
	    mnl_nlmsg_get_payload_len(h) < sizeof(struct nlmsgerr))
		return;

	int error = ((const struct nlmsgerr *)mnl_nlmsg_get_payload(h))->error;

	if (error == -ENOENT && at >= 1 && at <= b->n_deleted) {
		b->c[b->deleted[at - 1]].del = false;
		o->gone = true;
	} else if (error != 0 && o->error == 0) {
		o->error = error < 0 ? error : -EPROTO;
		nftlink_detail(h, o->detail);
	}
	if (h->nlmsg_seq == b->last || at == 0)
		o->answered = true;
}

static void read_datagram(struct nftlink *l, int len, struct batch *b,
			  struct outcome *o)
{
	const struct nlmsghdr *h = (const void *)l->in;

	/* What shrinks: len. */
	for (; mnl_nlmsg_ok(h, len); h = mnl_nlmsg_next(h, &len))
		if (h->nlmsg_pid == l->port)
			read_answer(h, b, o);
}

/* -ETIMEDOUT if the kernel's answer is not known, and then nothing is. */
static int exchange(struct nftlink *l, struct batch *b, uint64_t until,
		    struct outcome *o)
{
	int error = nftlink_send(l, b->len, until);

	if (error)
		return error;
	for (unsigned int i = 0; !o->answered && i < STALE_MAX; i++) {
		int len = nftlink_recv(l, until);

		if (len < 0)
			break;
		read_datagram(l, len, b, o);
	}
	/* Any error means that the batch was not applied. */
	if (!o->answered && !o->error && !o->gone)
		return -ETIMEDOUT;
	return o->error;
}

/* Closes what may be open after a batch nobody answered. */
static void shut(struct nftlink *l, const struct nftdoor *door,
		 struct change *c, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct batch b = { .c = &c[i], .n = 1 };

		c[i].del = true;
		c[i].add = false;
		pack(l, &b, door);
		l->io->send(l->fd, l->out, b.len);
	}
}

/*
 * Each further try has lost a deletion or follows the one -EBUSY that is
 * forgiven; TRIES bounds both.
 */
static int apply(struct nftlink *l, const struct nftdoor *door,
		 struct change *c, unsigned int n, struct why *why)
{
	uint64_t until = nftlink_deadline();
	struct outcome o = { 0 };
	bool patient = true;
	int error = 0;

	for (int i = 0; i < TRIES; i++) {
		struct batch b = { .c = c, .n = n };

		o = (struct outcome){ 0 };
		if (!pack(l, &b, door))
			return 0;
		error = exchange(l, &b, until, &o);
		if (error == 0 && !o.gone)
			return 0;
		if (error == 0)
			error = -EAGAIN;
		else if ((error == -EBUSY || error == -EAGAIN) && patient)
			patient = false;
		else
			break;
	}
	if (error == -ETIMEDOUT)
		shut(l, door, c, n);
	return nftlink_explain(why, error, door->table, o.detail);
}

int nftmsg_add(struct nftlink *l, const struct nftdoor *door,
	       const struct fw_element *e, unsigned int n, struct why *why)
{
	struct change c[FW_BATCH];

	if (n > FW_BATCH)
		return why_set(why, -E2BIG, "%u elements at once", n);
	for (unsigned int i = 0; i < n; i++) {
		/* The kernel takes 0 for "never". */
		if (e[i].seconds == 0)
			return why_set(why, -EINVAL, "element without an end");
		c[i] = (struct change){ &e[i].addr, e[i].seconds,
					e[i].renew, true };
	}
	return apply(l, door, c, n, why);
}

int nftmsg_remove(struct nftlink *l, const struct nftdoor *door,
		  const struct ipaddr *a, unsigned int n, struct why *why)
{
	struct change c[FW_BATCH];

	if (n > FW_BATCH)
		return why_set(why, -E2BIG, "%u elements at once", n);
	for (unsigned int i = 0; i < n; i++)
		c[i] = (struct change){ .addr = &a[i], .del = true };
	return apply(l, door, c, n, why);
}

/* A deletion that names no element empties the set. */
static int flush(struct nftlink *l, const struct nftdoor *door, bool v4,
		 struct why *why)
{
	struct batch b = { 0 };
	struct outcome o = { 0 };

	put_begin(l, &b);
	end_message(&b, put_change(l, &b, door, NFT_MSG_DELSETELEM, v4));
	put_end(l, &b);

	int error = exchange(l, &b, nftlink_deadline(), &o);

	/* A set that is not there holds nothing. */
	if (error == 0 || error == -ENOENT)
		return 0;
	return nftlink_explain(why, error, v4 ? door->set4 : door->set6,
			      o.detail);
}

/* Both are tried: one that fails must not keep the other open. */
int nftmsg_clear(struct nftlink *l, const struct nftdoor *door, struct why *why)
{
	int error4 = flush(l, door, true, why);
	int error6 = flush(l, door, false, why);

	return error4 ? error4 : error6;
}
