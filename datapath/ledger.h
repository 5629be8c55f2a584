/* SPDX-License-Identifier: ISC */
/*
 * ledger.h - may this packet have left a machine that is blocked?
 *
 * Pure: what can be read of a packet, the policy, and which addresses are
 * open, give a class. The rules are those of the firewall's blocked and
 * active policy, so that a machine that keeps them has no leak; what cannot
 * be read is not taken for good.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "shared/allow.h"
#include "shared/policy.h"

enum ledger_class {
	LEDGER_INCOMING,	/* not from this machine */
	LEDGER_LOCAL,		/* to itself: it never leaves */
	LEDGER_DHCP,
	LEDGER_DISCOVERY,	/* ARP, neighbours, routers, the link's own */
	LEDGER_RELAY,		/* the VPN's own packets */
	LEDGER_UPSTREAM,	/* a question for an allowed name */
	LEDGER_GRANTED,		/* to an open address, through the door's ports */
	LEDGER_LAN,		/* spared by the policy */
	LEDGER_LEAK,
	LEDGER_UNREAD,		/* who knows; a leak */
	LEDGER__N
};

/* What a packet to a DNS port says, as far as its sender's message goes. */
enum ledger_dns {
	LEDGER_SILENT,		/* no octet of a message: TCP's own segments */
	LEDGER_ALLOWED,		/* questions for allowed names, all of it */
	LEDGER_REFUSED,		/* anything else */
};

enum { LEDGER_PORTS = 16, LEDGER_RELAYS = 16 };

struct ledger_relay {
	struct ipaddr addr;
	uint16_t port;		/* 0: any, and any protocol */
	uint8_t protocol;	/* FRAME_UDP or FRAME_TCP */
};

struct ledger {
	/* Its upstreams (none: any server), and judge.own and judge.onlink. */
	const struct policy *policy;
	const struct allow *allow;
	bool lan;
	uint16_t n_ports, n_relays;
	uint16_t ports[LEDGER_PORTS];	/* TCP, of the door */
	struct ledger_relay relays[LEDGER_RELAYS];
};

/*
 * Who sent it: a cooked link says so, or policy->judge.own lists this
 * machine's addresses. With neither, every packet counts as sent from here,
 * but for what can only be an answer. now is for the allow table.
 */
enum ledger_class ledger_classify(const struct ledger *l, enum link link,
				  const struct frame_glance *g,
				  enum ledger_dns dns, uint64_t now);

/* One of the policy's upstreams; without any, whoever. */
bool ledger_upstream(const struct ledger *l, const struct ipaddr *a);
/* A DNS server's port: 53, and the configured upstreams'. */
bool ledger_dns_port(const struct ledger *l, uint16_t port);

static inline bool ledger_leaks(enum ledger_class c)
{
	return c == LEDGER_LEAK || c == LEDGER_UNREAD;
}

/* "incoming", ...: stable words. */
const char *ledger_name(enum ledger_class c);

#endif /* LEDGER_H */
