/* SPDX-License-Identifier: ISC */
#include "shared/judge.h"

#include <assert.h>

#include "shared/ipword.h"

/* What no policy can make fit; the rest is JUDGE_OK. */
static const uint8_t by_class[IPCLASS__N] = {
	[IPCLASS_UNSPECIFIED] = JUDGE_UNSPECIFIED,
	[IPCLASS_LOOPBACK] = JUDGE_LOOPBACK,
	[IPCLASS_LINKLOCAL] = JUDGE_LINKLOCAL,
	[IPCLASS_MULTICAST] = JUDGE_MULTICAST,
	[IPCLASS_BROADCAST] = JUDGE_BROADCAST,
};

static ALWAYS_INLINE bool in_nets(const struct ipnet *nets, unsigned int n,
				  const struct ipaddr *a)
{
	assert(n <= POLICY_NETS);
	for (unsigned int i = 0; i < n; i++)
		if (ipword_in(&nets[i], a))
			return true;
	return false;
}

static ALWAYS_INLINE bool is_own(const struct judge *j, const struct ipaddr *a)
{
	assert(j->n_own <= POLICY_NETS);
	for (unsigned int i = 0; i < j->n_own; i++)
		if (ipaddr_equal(&j->own[i], a))
			return true;
	return false;
}

/* Nets of one or two addresses have no broadcast address (RFC 3021). */
static bool is_last(const struct ipnet *net, const struct ipaddr *a)
{
	uint32_t host;

	if (net->bits < 96 || net->bits > 126 || !ipaddr_is_v4(a))
		return false;
	host = UINT32_MAX >> (net->bits - 96);
	return (ipword_at(a, IPADDR_V4_AT) & host) == host &&
	       ipword_in(net, a);
}

static ALWAYS_INLINE bool is_broadcast(const struct judge *j,
				       const struct ipaddr *a)
{
	assert(j->n_onlink <= POLICY_NETS);
	for (unsigned int i = 0; i < j->n_onlink; i++)
		if (is_last(&j->onlink[i], a))
			return true;
	return false;
}

/* Own before forbidden before private: the plainest reason is told. */
static ALWAYS_INLINE enum judge_why by_lists(const struct judge *j,
					     const struct ipaddr *a)
{
	if (is_own(j, a))
		return JUDGE_OWN;
	if (in_nets(j->forbidden, j->n_forbidden, a))
		return JUDGE_FORBIDDEN;
	if (is_broadcast(j, a))
		return JUDGE_BROADCAST;
	return JUDGE_OK;
}

static ALWAYS_INLINE bool private_fits(const struct judge *j,
				       const struct ipaddr *a)
{
	switch (j->private) {
	case PRIVATE_ANY:
		return true;
	case PRIVATE_ON_LINK:
		return in_nets(j->onlink, j->n_onlink, a);
	default:
		return false;
	}
}

static ALWAYS_INLINE enum judge_why judge_plain(const struct judge *j,
						const struct ipaddr *a)
{
	enum ipclass c = ipaddr_is_v4(a) ?
			 ipword_v4_class(ipword_at(a, IPADDR_V4_AT)) :
			 ipword_v6_class(a);
	enum judge_why why = by_class[c];

	if (why == JUDGE_OK)
		why = by_lists(j, a);
	if (why == JUDGE_OK && c == IPCLASS_PRIVATE && !private_fits(j, a))
		why = JUDGE_PRIVATE;
	return why;
}

/* The class is the inner one's; the lists may name either. */
static COLD enum judge_why judge_nat64(const struct judge *j,
				       const struct ipaddr *a)
{
	struct ipaddr inside = ipaddr_v4(a->b + IPADDR_V4_AT);
	enum judge_why why = by_lists(j, a);

	return why != JUDGE_OK ? why : judge_plain(j, &inside);
}

static ALWAYS_INLINE enum judge_why judge_one(const struct judge *j,
					      const struct ipaddr *a)
{
	return ipaddr_is_nat64(a) ? judge_nat64(j, a) : judge_plain(j, a);
}

enum judge_why judge_address(const struct judge *j, const struct ipaddr *a)
{
	return judge_one(j, a);
}

enum judge_why judge_aaaa(const struct judge *j, const uint8_t b[static 16])
{
	struct ipaddr a = ipaddr_v6(b);

	return ipaddr_is_v4(&a) ? JUDGE_MAPPED : judge_one(j, &a);
}

unsigned int judge_keep(const struct judge *j, bool aaaa,
			struct ipaddr *addrs, unsigned int n, unsigned int max)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < n && kept < max; i++) {
		if ((aaaa && ipaddr_is_v4(&addrs[i])) ||
		    judge_one(j, &addrs[i]) != JUDGE_OK)
			continue;
		if (kept != i)
			addrs[kept] = addrs[i];
		kept++;
	}
	return kept;
}

bool judge_local(const struct judge *j, const struct ipaddr *a)
{
	struct ipaddr inside;

	return (ipaddr_class(a) == IPCLASS_LOOPBACK &&
		!ipaddr_nat64(a, &inside)) || is_own(j, a);
}

static const char *const judge_names[] = {
	[JUDGE_OK] = "ok",
	[JUDGE_UNSPECIFIED] = "unspecified",
	[JUDGE_LOOPBACK] = "loopback",
	[JUDGE_LINKLOCAL] = "link-local",
	[JUDGE_MULTICAST] = "multicast",
	[JUDGE_BROADCAST] = "broadcast",
	[JUDGE_MAPPED] = "v4-mapped",
	[JUDGE_OWN] = "own",
	[JUDGE_FORBIDDEN] = "forbidden",
	[JUDGE_PRIVATE] = "private",
};
_Static_assert(NITEMS(judge_names) == JUDGE__N, "a reason without a name");

const char *judge_name(enum judge_why why)
{
	return (unsigned int)why < JUDGE__N ? judge_names[why] : "?";
}
