/* SPDX-License-Identifier: ISC */
#include "os/steerrule.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <string.h>

#include "os/rtnetlink.h"
#include "os/steer.h"

enum { FOUND = 32, ROUNDS = 8, DNS = 53 };

/* What the rules ask for, in each family. */
static const struct selector {
	uint8_t protocol;	/* to port 53; 0: the mark */
} selectors[] = { { IPPROTO_UDP }, { IPPROTO_TCP }, { 0 } };

/* ---- what is ours in the kernel */

/* A collection of messages as the kernel dumped them. */
struct found {
	int family;
	unsigned int n;		/* may be above FOUND: there are more */
	struct {
		alignas(struct nlmsghdr) char octets[RTNETLINK_MSG];
	} message[FOUND];
};

static int find(const struct nlmsghdr *h, bool ours, struct found *f)
{
	if (!ours || h->nlmsg_len > RTNETLINK_MSG)
		return MNL_CB_OK;
	if (f->n < FOUND)
		memcpy(f->message[f->n].octets, h, h->nlmsg_len);
	f->n++;
	return MNL_CB_OK;
}

static int on_rule(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *table[RTNETLINK_ATTRS] = { NULL };
	const struct fib_rule_hdr *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *protocol;
	struct found *f = data;

	mnl_attr_parse(h, sizeof(*m), rtnetlink_keep, table);
	protocol = table[FRA_PROTOCOL];
	return find(h, m->family == f->family &&
		    rtnetlink_number(table[FRA_TABLE], 0) == STEER_TABLE &&
		    rtnetlink_number(table[FRA_PRIORITY], 0) ==
		    STEER_PREFERENCE && protocol != NULL &&
		    mnl_attr_get_payload_len(protocol) == 1 &&
		    mnl_attr_get_u8(protocol) == STEER_PROTOCOL, f);
}

static int on_route(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *table[RTNETLINK_ATTRS] = { NULL };
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	struct found *f = data;

	mnl_attr_parse(h, sizeof(*m), rtnetlink_keep, table);
	return find(h, m->rtm_family == f->family &&
		    (m->rtm_flags & RTM_F_CLONED) == 0 &&
		    rtnetlink_number(table[RTA_TABLE], 0) == STEER_TABLE, f);
}

/* type: RTM_GETRULE or RTM_GETROUTE */
static int look(uint16_t type, int family, struct found *f)
{
	int error = -EINTR;

	for (int i = 0; i < ROUNDS && error == -EINTR; i++) {
		f->family = family;
		f->n = 0;
		error = rtnetlink_dump(type, family, type == RTM_GETRULE ?
				       on_rule : on_route, f);
	}
	/* A kernel without the family has no such rules. */
	return error == -EAFNOSUPPORT || error == -EOPNOTSUPP ? 0 : error;
}

_Static_assert(sizeof(struct fib_rule_hdr) == sizeof(struct rtmsg),
	       "one header for both");

/* Deletes all of ours, as `ip rule flush` does: each as it was dumped. */
static int sweep(uint16_t get, uint16_t delete, int family)
{
	struct found f;
	int error = 0;

	/* What shrinks: how many there are. */
	for (int round = 0; round < ROUNDS && error == 0; round++) {
		error = look(get, family, &f);
		if (error != 0 || f.n == 0)
			return error;
		for (unsigned int i = 0; i < f.n && i < FOUND; i++) {
			struct nlmsghdr *h = (void *)f.message[i].octets;

			h->nlmsg_type = delete;
			h->nlmsg_flags = 0;
			error = rtnetlink_do(h);
			/* Somebody was quicker. */
			if (error == -ENOENT || error == -ESRCH)
				error = 0;
		}
	}
	return error != 0 ? error : -EBUSY;
}

int steerrule_sweep(int family)
{
	return sweep(RTM_GETRULE, RTM_DELRULE, family);
}

/* ---- laying it */

static int add_route(unsigned int ifindex, int family)
{
	alignas(struct nlmsghdr) char buf[RTNETLINK_MSG];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct rtmsg *m;

	h->nlmsg_type = RTM_NEWROUTE;
	h->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->rtm_family = (unsigned char)family;
	m->rtm_protocol = STEER_PROTOCOL;
	m->rtm_scope = family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	m->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(h, RTA_TABLE, STEER_TABLE);
	mnl_attr_put_u32(h, RTA_OIF, ifindex);
	return rtnetlink_do(h);
}

static int add_rule(const struct selector *by, int family)
{
	static const struct fib_rule_port_range port = { DNS, DNS };
	alignas(struct nlmsghdr) char buf[RTNETLINK_MSG];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct fib_rule_hdr *m;

	h->nlmsg_type = RTM_NEWRULE;
	h->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->family = (uint8_t)family;
	m->action = FR_ACT_TO_TBL;
	mnl_attr_put_u32(h, FRA_TABLE, STEER_TABLE);
	mnl_attr_put_u32(h, FRA_PRIORITY, STEER_PREFERENCE);
	mnl_attr_put_u8(h, FRA_PROTOCOL, STEER_PROTOCOL);
	if (by->protocol == 0) {
		mnl_attr_put_u32(h, FRA_FWMARK, STEER_MARK);
		return rtnetlink_do(h);
	}
	/* "lo": only what this machine sends, not what it forwards. */
	mnl_attr_put_strz(h, FRA_IIFNAME, "lo");
	mnl_attr_put_u8(h, FRA_IP_PROTO, by->protocol);
	mnl_attr_put(h, FRA_DPORT_RANGE, sizeof(port), &port);
	return rtnetlink_do(h);
}

/* Routes before rules: no rule leads to an empty table. */
int steerrule_lay(unsigned int ifindex, int family)
{
	int error = sweep(RTM_GETRULE, RTM_DELRULE, family);

	if (error == 0)
		error = sweep(RTM_GETROUTE, RTM_DELROUTE, family);
	if (error == 0)
		error = add_route(ifindex, family);
	for (size_t i = 0; i < NITEMS(selectors) && error == 0; i++)
		error = add_rule(&selectors[i], family);
	return error;
}

/* ---- is it still so? */

static bool port_is_dns(const struct nlattr *a)
{
	const struct fib_rule_port_range *r;

	if (a == NULL || mnl_attr_get_payload_len(a) != sizeof(*r))
		return false;
	r = mnl_attr_get_payload(a);
	return r->start == DNS && r->end == DNS;
}

static bool is_text(const struct nlattr *a, const char *text)
{
	return a != NULL && mnl_attr_get_payload_len(a) == strlen(text) + 1 &&
	       memcmp(mnl_attr_get_payload(a), text, strlen(text) + 1) == 0;
}

static bool is_selector(const struct selector *by,
			const struct nlattr *const table[RTNETLINK_ATTRS])
{
	const struct nlattr *protocol = table[FRA_IP_PROTO];

	if (by->protocol == 0)
		return rtnetlink_number(table[FRA_FWMARK], 0) == STEER_MARK &&
		       rtnetlink_number(table[FRA_FWMASK], 0) == UINT32_MAX &&
		       protocol == NULL && table[FRA_DPORT_RANGE] == NULL &&
		       table[FRA_IIFNAME] == NULL;
	return rtnetlink_number(table[FRA_FWMARK], 0) == 0 &&
	       protocol != NULL && mnl_attr_get_payload_len(protocol) == 1 &&
	       mnl_attr_get_u8(protocol) == by->protocol &&
	       port_is_dns(table[FRA_DPORT_RANGE]) &&
	       is_text(table[FRA_IIFNAME], "lo");
}

/* A bit for the selector it has and nothing beside; 0: it is no rule of
 * ours, whatever it calls itself. */
static unsigned int rule_bit(const struct nlmsghdr *h)
{
	const struct nlattr *table[RTNETLINK_ATTRS] = { NULL };
	const struct fib_rule_hdr *m = mnl_nlmsg_get_payload(h);

	mnl_attr_parse(h, sizeof(*m), rtnetlink_keep, table);
	if (m->action != FR_ACT_TO_TBL || m->dst_len != 0 ||
	    m->src_len != 0 || m->tos != 0 ||
	    (m->flags & FIB_RULE_INVERT) != 0 ||
	    table[FRA_OIFNAME] != NULL || table[FRA_SPORT_RANGE] != NULL ||
	    table[FRA_UID_RANGE] != NULL || table[FRA_TUN_ID] != NULL)
		return 0;
	for (unsigned int i = 0; i < NITEMS(selectors); i++)
		if (is_selector(&selectors[i], table))
			return 1u << i;
	return 0;
}

static bool rules_stand(const struct found *f)
{
	unsigned int seen = 0;

	if (f->n != NITEMS(selectors))
		return false;
	for (unsigned int i = 0; i < f->n; i++)
		seen |= rule_bit((const void *)f->message[i].octets);
	return seen == (1u << NITEMS(selectors)) - 1;
}

static bool route_stands(unsigned int ifindex, const struct found *f)
{
	const struct nlattr *table[RTNETLINK_ATTRS] = { NULL };
	const struct nlmsghdr *h = (const void *)f->message[0].octets;
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);

	if (f->n != 1)
		return false;
	mnl_attr_parse(h, sizeof(*m), rtnetlink_keep, table);
	return m->rtm_dst_len == 0 && m->rtm_src_len == 0 &&
	       m->rtm_tos == 0 && m->rtm_type == RTN_UNICAST &&
	       rtnetlink_number(table[RTA_OIF], 0) == ifindex;
}

int steerrule_stand(unsigned int ifindex, int family)
{
	struct found f;
	int error = look(RTM_GETRULE, family, &f);

	if (error != 0 || !rules_stand(&f))
		return error;
	error = look(RTM_GETROUTE, family, &f);
	return error != 0 ? error : route_stands(ifindex, &f);
}
