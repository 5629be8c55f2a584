/* SPDX-License-Identifier: ISC */
#include "bench/handset.h"

#include <endian.h>
#include <err.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SEQ = 1 };

/* A batch that adds n elements, for each n. */
static struct batch {
	_Alignas(8) uint8_t octets[1024];
	size_t len;
	size_t key[HANDSET_MAX];	/* where the addresses go */
} batches[HANDSET_MAX + 1];

static int fd;

static void *put(struct batch *b, const void *p, size_t len)
{
	uint8_t *at = b->octets + b->len;

	memcpy(at, p, len);
	b->len += (len + 3) & ~(size_t)3;
	return at;
}

/* A message's, or a nest's, length is known at its end. */
static struct nlmsghdr *begin(struct batch *b, unsigned int type,
			      unsigned int flags, unsigned int family,
			      unsigned int res_id)
{
	const struct nlmsghdr h = {
		.nlmsg_type = (uint16_t)type,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
		.nlmsg_seq = SEQ,
	};
	const struct nfgenmsg g = {
		.nfgen_family = (uint8_t)family,
		.res_id = htobe16((uint16_t)res_id),
	};
	struct nlmsghdr *at = put(b, &h, sizeof(h));

	put(b, &g, sizeof(g));
	return at;
}

static void end(struct batch *b, struct nlmsghdr *h)
{
	h->nlmsg_len = (uint32_t)(b->octets + b->len - (uint8_t *)h);
}

static void *attribute(struct batch *b, unsigned int type, const void *p,
		       size_t len)
{
	const struct nlattr a = { (uint16_t)(sizeof(a) + len),
				  (uint16_t)type };

	put(b, &a, sizeof(a));
	return put(b, p, len);
}

static struct nlattr *nest(struct batch *b, unsigned int type)
{
	const struct nlattr a = { 0, (uint16_t)(type | NLA_F_NESTED) };

	return put(b, &a, sizeof(a));
}

static void end_nest(struct batch *b, struct nlattr *a)
{
	a->nla_len = (uint16_t)(b->octets + b->len - (uint8_t *)a);
}

static size_t element(struct batch *b, uint32_t seconds)
{
	const uint32_t none = 0;
	const uint64_t ms = htobe64((uint64_t)seconds * 1000);
	struct nlattr *e = nest(b, NFTA_LIST_ELEM);
	struct nlattr *key = nest(b, NFTA_SET_ELEM_KEY);
	uint8_t *value = attribute(b, NFTA_DATA_VALUE, &none, sizeof(none));

	end_nest(b, key);
	attribute(b, NFTA_SET_ELEM_TIMEOUT, &ms, sizeof(ms));
	end_nest(b, e);
	return (size_t)(value - b->octets);
}

static void pack(struct batch *b, unsigned int n, const char *table,
		 const char *set, uint32_t seconds)
{
	struct nlmsghdr *h;
	struct nlattr *list;

	end(b, begin(b, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC,
		     NFNL_SUBSYS_NFTABLES));
	h = begin(b, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM,
		  NLM_F_CREATE | NLM_F_ACK, NFPROTO_INET, 0);
	attribute(b, NFTA_SET_ELEM_LIST_TABLE, table, strlen(table) + 1);
	attribute(b, NFTA_SET_ELEM_LIST_SET, set, strlen(set) + 1);
	list = nest(b, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (unsigned int i = 0; i < n; i++)
		b->key[i] = element(b, seconds);
	end_nest(b, list);
	end(b, h);
	end(b, begin(b, NFNL_MSG_BATCH_END, 0, AF_UNSPEC,
		     NFNL_SUBSYS_NFTABLES));
}

void handset_open(const char *table, const char *set, uint32_t seconds)
{
	const struct sockaddr_nl sa = { .nl_family = AF_NETLINK };

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0)
		err(1, "netlink");
	for (unsigned int n = 1; n <= HANDSET_MAX; n++)
		pack(&batches[n], n, table, set, seconds);
}

int handset_add(const uint32_t *addr, unsigned int n)
{
	struct batch *b = &batches[n];
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		uint8_t rest[256];
	} answer;

	for (unsigned int i = 0; i < n; i++)
		memcpy(b->octets + b->key[i], &addr[i], sizeof(addr[i]));
	if (send(fd, b->octets, b->len, 0) < 0 ||
	    recv(fd, &answer, sizeof(answer), 0) < 0)
		return -errno;
	return answer.h.nlmsg_type == NLMSG_ERROR ? answer.e.error : -EPROTO;
}
