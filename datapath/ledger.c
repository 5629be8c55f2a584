/* SPDX-License-Identifier: ISC */
#include "ledger.h"

#include <assert.h>
#include <string.h>

#include "compat.h"

enum { DNS_PORT = 53 };
enum { TCP_SYN = 0x02, TCP_ACK = 0x10 };
enum { DHCP4_SERVER = 67, DHCP4_CLIENT = 68 };
enum { DHCP6_CLIENT = 546, DHCP6_SERVER = 547 };
enum { ICMPV6 = 58 };

/* IEEE 802 numbers of what a link says to itself: nothing routes it. */
enum {
	ETHER_802_3 = 0x0600,		/* below: a length; STP and such */
	ETHER_IPV4 = 0x0800, ETHER_ARP = 0x0806, ETHER_IPV6 = 0x86dd,
	ETHER_SLOW = 0x8809, ETHER_EAPOL = 0x888e, ETHER_LLDP = 0x88cc,
};

/* RFC 4861, 4: router solicitation to redirect. */
enum { ND_FIRST = 133, ND_LAST = 137 };

static const char *const names[] = {
	[LEDGER_INCOMING] = "incoming",
	[LEDGER_LOCAL] = "local",
	[LEDGER_DHCP] = "dhcp",
	[LEDGER_DISCOVERY] = "discovery",
	[LEDGER_RELAY] = "relay",
	[LEDGER_UPSTREAM] = "upstream",
	[LEDGER_GRANTED] = "granted",
	[LEDGER_LAN] = "lan",
	[LEDGER_LEAK] = "leak",
	[LEDGER_UNREAD] = "unread",
};
static_assert(NITEMS(names) == LEDGER__N, "a name for each");

const char *ledger_name(enum ledger_class c)
{
	return (unsigned int)c < LEDGER__N ? names[c] : "?";
}

bool ledger_dns_port(const struct ledger *l, uint16_t port)
{
	const struct policy *p = l->policy;

	return port == DNS_PORT ||
	       (p->n_upstreams > 0 && port == p->upstreams[0].port);
}

/* ---- who sent it */

static bool own(const struct ledger *l, const struct ipaddr *a)
{
	for (unsigned int i = 0; i < l->policy->judge.n_own; i++)
		if (ipaddr_equal(&l->policy->judge.own[i], a))
			return true;
	return false;
}

static bool door_port(const struct ledger *l, uint16_t port)
{
	for (unsigned int i = 0; i < l->n_ports; i++)
		if (l->ports[i] == port)
			return true;
	return false;
}

static bool through_door(const struct ledger *l, const struct frame *f,
			 const struct ipaddr *a, uint16_t port, uint64_t now)
{
	return f->protocol == FRAME_TCP && f->ports && door_port(l, port) &&
	       allow_lookup(l->allow, a, now) != 0;
}

/* Of an unknown sender: what a machine gets, and does not send. */
static bool answer(const struct ledger *l, const struct frame *f, uint64_t now)
{
	if (!f->ports)
		return false;
	if (ledger_dns_port(l, f->sport) && !ledger_dns_port(l, f->dport))
		return true;
	return (f->protocol == FRAME_TCP &&
		(f->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK)) ||
	       through_door(l, f, &f->src, f->sport, now);
}

static bool incoming(const struct ledger *l, enum link link,
		     const struct frame *f, uint64_t now)
{
	if (link == LINK_SLL || link == LINK_SLL2)
		return !f->outgoing;
	/* Without an address yet (DHCP, RFC 4862), it is one of ours. */
	if (l->policy->judge.n_own > 0)
		return !own(l, &f->src) &&
		       ipaddr_class(&f->src) != IPCLASS_UNSPECIFIED;
	return answer(l, f, now);
}

/* ---- where to */

static const uint8_t everybody[4] = { 255, 255, 255, 255 };

/* A translator far away is not what the address inside is. */
static enum ipclass class_of(const struct ipaddr *a)
{
	struct ipaddr inside;

	return ipaddr_nat64(a, &inside) ? IPCLASS_PUBLIC : ipaddr_class(a);
}

static bool broadcast(const struct ipaddr *a)
{
	struct ipaddr all = ipaddr_v4(everybody);

	return ipaddr_equal(a, &all);
}

static bool link_scope(const struct ledger *l, const struct ipaddr *a)
{
	const struct judge *j = &l->policy->judge;

	if (class_of(a) == IPCLASS_LINKLOCAL ||
	    (a->b[0] == 0xff && a->b[1] == 0x02))
		return true;
	for (unsigned int i = 0; i < j->n_onlink; i++)
		if (ipnet_has(&j->onlink[i], a))
			return true;
	return false;
}

bool ledger_upstream(const struct ledger *l, const struct ipaddr *a)
{
	const struct policy *p = l->policy;

	for (unsigned int i = 0; i < p->n_upstreams; i++)
		if (ipaddr_equal(&p->upstreams[i].addr, a))
			return true;
	return p->n_upstreams == 0;
}

/* A lease is asked of everybody, or of a server that is not far. */
static bool dhcp(const struct ledger *l, const struct frame *f)
{
	bool v4 = ipaddr_is_v4(&f->dst);

	if (f->protocol != FRAME_UDP || !f->ports)
		return false;
	if (v4 && f->sport == DHCP4_CLIENT && f->dport == DHCP4_SERVER)
		return broadcast(&f->dst) ||
		       class_of(&f->dst) == IPCLASS_PRIVATE ||
		       link_scope(l, &f->dst);
	if (v4 || f->sport != DHCP6_CLIENT || f->dport != DHCP6_SERVER)
		return false;
	/* ff02::1:2 or, of a site, ff05::1:3 (RFC 8415, 7.1). */
	return link_scope(l, &f->dst) ||
	       (f->dst.b[0] == 0xff && f->dst.b[1] == 0x05);
}

/* Neighbours are asked about whoever may be spoken to. */
static bool discovery(const struct ledger *l, const struct frame *f,
		      uint64_t now)
{
	if (f->protocol != ICMPV6 || f->fragment ||
	    ipaddr_is_v4(&f->dst) || !slice_has(f->payload, 0, 2) ||
	    f->payload.p[0] < ND_FIRST || f->payload.p[0] > ND_LAST ||
	    f->payload.p[1] != 0)
		return false;
	return link_scope(l, &f->dst) ||
	       allow_lookup(l->allow, &f->dst, now) != 0 ||
	       (l->policy->n_upstreams > 0 && ledger_upstream(l, &f->dst));
}

static bool relay(const struct ledger *l, const struct frame *f)
{
	for (unsigned int i = 0; i < l->n_relays; i++) {
		const struct ledger_relay *r = &l->relays[i];

		if (ipaddr_equal(&r->addr, &f->dst) &&
		    (r->port == 0 ||
		     (f->ports && r->protocol == f->protocol &&
		      r->port == f->dport)))
			return true;
	}
	return false;
}

/* 224/4 and ff00::/8 up to the scope of an organisation, as the firewall. */
static bool lan(const struct ipaddr *a)
{
	bool v4 = ipaddr_is_v4(a);

	switch (class_of(a)) {
	case IPCLASS_LINKLOCAL:
		return true;
	case IPCLASS_PRIVATE:
		return !v4 || a->b[12] != 100;
	case IPCLASS_MULTICAST:
		if (v4)
			return a->b[12] == 239 || (a->b[12] == 224 &&
			       a->b[13] == 0 && a->b[14] == 0);
		return a->b[1] >= 1 && a->b[1] <= 5;
	case IPCLASS_BROADCAST:
		return broadcast(a);
	default:
		return false;
	}
}

static enum ledger_class dns_class(const struct ledger *l,
				   const struct frame *f, enum ledger_dns dns)
{
	bool fine = dns == LEDGER_ALLOWED ||
		    (dns == LEDGER_SILENT && f->protocol == FRAME_TCP);

	return fine && ledger_upstream(l, &f->dst) ? LEDGER_UPSTREAM :
						      LEDGER_LEAK;
}

static enum ledger_class outgoing(const struct ledger *l,
				  const struct frame *f, enum ledger_dns dns,
				  uint64_t now)
{
	if (class_of(&f->dst) == IPCLASS_LOOPBACK || own(l, &f->dst))
		return LEDGER_LOCAL;
	if (dhcp(l, f))
		return LEDGER_DHCP;
	if (discovery(l, f, now))
		return LEDGER_DISCOVERY;
	if (relay(l, f))
		return LEDGER_RELAY;
	if (f->ports && ledger_dns_port(l, f->dport))
		return dns_class(l, f, dns);
	if (through_door(l, f, &f->dst, f->dport, now))
		return LEDGER_GRANTED;
	return l->lan && lan(&f->dst) ? LEDGER_LAN : LEDGER_LEAK;
}

static enum ledger_class link_class(const struct frame_glance *g)
{
	switch (g->ethertype) {
	case ETHER_ARP:
	case ETHER_SLOW:
	case ETHER_EAPOL:
	case ETHER_LLDP:
		return LEDGER_DISCOVERY;
	case ETHER_IPV4:
	case ETHER_IPV6:	/* and its header lies */
		return LEDGER_UNREAD;
	default:
		return g->ethertype < ETHER_802_3 ? LEDGER_DISCOVERY :
						    LEDGER_LEAK;
	}
}

enum ledger_class ledger_classify(const struct ledger *l, enum link link,
				  const struct frame_glance *g,
				  enum ledger_dns dns, uint64_t now)
{
	bool cooked = link == LINK_SLL || link == LINK_SLL2;

	if (g->depth == FRAME_NOTHING)
		return LEDGER_UNREAD;
	if (g->depth == FRAME_LINK)
		return cooked && !g->f.outgoing ? LEDGER_INCOMING :
						  link_class(g);
	if (incoming(l, link, &g->f, now))
		return LEDGER_INCOMING;
	return outgoing(l, &g->f, dns, now);
}
