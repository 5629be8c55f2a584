/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "leaks.h"
#include "ledger.h"

enum { ICMP = 1, TCP = 6, UDP = 17, ICMPV6 = 58 };
enum { SYN = 0x02, ACK = 0x10 };

static const uint64_t NOW = 1000, LATER = 2000;

static struct allow allow;
static struct policy policy;
static struct ledger ledger;

static struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	cr_assert(ipaddr_parse(text, &a), "%s", text);
	return a;
}

static void open_addr(const char *text)
{
	struct ipaddr a = addr(text);

	cr_assert_eq(allow_insert(&allow, &a, LATER, NOW), 0);
}

/* Open: 203.0.113.1 and 2001:db8:1::1, until LATER. */
static void setup(void)
{
	memset(&policy, 0, sizeof(policy));
	memset(&ledger, 0, sizeof(ledger));
	allow_init(&allow, 1);
	allow_set_epoch(&allow, 1);
	open_addr("203.0.113.1");
	open_addr("2001:db8:1::1");
	ledger.policy = &policy;
	ledger.allow = &allow;
	ledger.ports[ledger.n_ports++] = 80;
	ledger.ports[ledger.n_ports++] = 443;
	ledger.relays[ledger.n_relays++] = (struct ledger_relay){
		addr("198.51.100.51"), 51820, UDP };
}

static void set_local(void)
{
	policy.judge.own[policy.judge.n_own++] = addr("10.1.0.5");
	policy.judge.onlink[policy.judge.n_onlink++] = (struct ipnet){
		addr("10.1.0.0"), 112 };
	policy.judge.own[policy.judge.n_own++] = addr("2001:db8::5");
	policy.judge.onlink[policy.judge.n_onlink++] = (struct ipnet){
		addr("2001:db8::"), 64 };
}

struct packet {
	const char *src, *dst;
	uint16_t sport, dport;		/* 0: none */
	uint8_t protocol;
	uint8_t flags;			/* of TCP */
	enum ledger_dns dns;
	const char *payload;		/* its first two octets; NULL = none */
};

static struct frame_glance glance_of(const struct packet *p)
{
	return (struct frame_glance){
		.depth = FRAME_IP,
		.f = { .src = addr(p->src), .dst = addr(p->dst),
		       .protocol = p->protocol, .ports = p->dport != 0,
		       .sport = p->sport, .dport = p->dport,
		       .tcp_flags = p->flags,
		       .payload = { (const uint8_t *)p->payload,
				    p->payload == NULL ? 0 : 2 } },
	};
}

#define ECHO "\x80\0"
#define SOLICIT "\x87\0"

/* From 10.1.0.5 or 2001:db8::5, whose addresses and nets are known. */
static const struct {
	const char *what;
	struct packet p;
	enum ledger_class want;
} outgoing[] = {
	{ "to loopback", { "10.1.0.5", "127.0.0.53", 9, 53, UDP, 0,
	  LEDGER_REFUSED, NULL }, LEDGER_LOCAL },
	{ "to itself", { "10.1.0.5", "10.1.0.5", 9, 25, TCP, SYN, 0, NULL },
	  LEDGER_LOCAL },
	{ "loopback behind a translator", { "2001:db8::5", "64:ff9b::7f00:1",
	  9, 80, TCP, SYN, 0, NULL }, LEDGER_LEAK },

	{ "a lease, of everybody", { "0.0.0.0", "255.255.255.255", 68, 67,
	  UDP, 0, 0, NULL }, LEDGER_DHCP },
	{ "a lease, of a private server", { "10.1.0.5", "192.168.9.9", 68, 67,
	  UDP, 0, 0, NULL }, LEDGER_DHCP },
	{ "a lease, of a far server", { "10.1.0.5", "198.51.100.9", 68, 67,
	  UDP, 0, 0, NULL }, LEDGER_LEAK },
	{ "a lease, from another port", { "10.1.0.5", "255.255.255.255", 69,
	  67, UDP, 0, 0, NULL }, LEDGER_LEAK },
	{ "a lease, by TCP", { "10.1.0.5", "255.255.255.255", 68, 67, TCP, 0,
	  0, NULL }, LEDGER_LEAK },
	{ "DHCPv6", { "2001:db8::5", "ff02::1:2", 546, 547, UDP, 0, 0, NULL },
	  LEDGER_DHCP },
	{ "DHCPv6, of the site", { "2001:db8::5", "ff05::1:3", 546, 547, UDP,
	  0, 0, NULL }, LEDGER_DHCP },
	{ "DHCPv6, far", { "2001:db8::5", "2001:db8:9::1", 546, 547, UDP, 0,
	  0, NULL }, LEDGER_LEAK },

	{ "neighbours, by multicast", { "2001:db8::5", "ff02::1:ff00:1", 0, 0,
	  ICMPV6, 0, 0, SOLICIT }, LEDGER_DISCOVERY },
	{ "neighbours, on the link", { "2001:db8::5", "2001:db8::9", 0, 0,
	  ICMPV6, 0, 0, SOLICIT }, LEDGER_DISCOVERY },
	{ "neighbours, of an open address", { "2001:db8::5", "2001:db8:1::1",
	  0, 0, ICMPV6, 0, 0, SOLICIT }, LEDGER_DISCOVERY },
	{ "neighbours, far", { "2001:db8::5", "2001:db8:9::1", 0, 0, ICMPV6,
	  0, 0, SOLICIT }, LEDGER_LEAK },
	{ "neighbours, behind a translator", { "2001:db8::5",
	  "64:ff9b::a9fe:1", 0, 0, ICMPV6, 0, 0, SOLICIT }, LEDGER_LEAK },
	{ "the first type of discovery", { "2001:db8::5", "ff02::2", 0, 0,
	  ICMPV6, 0, 0, "\x85\0" }, LEDGER_DISCOVERY },
	{ "one below", { "2001:db8::5", "ff02::2", 0, 0, ICMPV6, 0, 0,
	  "\x84\0" }, LEDGER_LEAK },
	{ "the last type", { "2001:db8::5", "ff02::2", 0, 0, ICMPV6, 0, 0,
	  "\x89\0" }, LEDGER_DISCOVERY },
	{ "one above", { "2001:db8::5", "ff02::2", 0, 0, ICMPV6, 0, 0,
	  "\x8a\0" }, LEDGER_LEAK },
	{ "a code that is none", { "2001:db8::5", "ff02::2", 0, 0, ICMPV6, 0,
	  0, "\x85\1" }, LEDGER_LEAK },
	{ "an echo on the link", { "2001:db8::5", "2001:db8::9", 0, 0, ICMPV6,
	  0, 0, ECHO }, LEDGER_LEAK },
	{ "cut before its type", { "2001:db8::5", "ff02::2", 0, 0, ICMPV6, 0,
	  0, NULL }, LEDGER_LEAK },

	{ "relay", { "10.1.0.5", "198.51.100.51", 9, 51820, UDP, 0, 0, NULL },
	  LEDGER_RELAY },
	{ "relay, another port", { "10.1.0.5", "198.51.100.51", 9, 51821, UDP,
	  0, 0, NULL }, LEDGER_LEAK },
	{ "relay, another protocol", { "10.1.0.5", "198.51.100.51", 9, 51820,
	  TCP, SYN, 0, NULL }, LEDGER_LEAK },
	{ "relay, another address", { "10.1.0.5", "198.51.100.52", 9, 51820,
	  UDP, 0, 0, NULL }, LEDGER_LEAK },

	{ "a question", { "10.1.0.5", "192.0.2.53", 9, 53, UDP, 0,
	  LEDGER_ALLOWED, NULL }, LEDGER_UPSTREAM },
	{ "a question that is refused", { "10.1.0.5", "192.0.2.53", 9, 53,
	  UDP, 0, LEDGER_REFUSED, NULL }, LEDGER_LEAK },
	{ "a connection to a server", { "10.1.0.5", "192.0.2.53", 9, 53, TCP,
	  SYN, LEDGER_SILENT, NULL }, LEDGER_UPSTREAM },
	{ "silence by UDP", { "10.1.0.5", "192.0.2.53", 9, 53, UDP, 0,
	  LEDGER_SILENT, NULL }, LEDGER_LEAK },
	{ "a question to an open address", { "10.1.0.5", "203.0.113.1", 9, 53,
	  UDP, 0, LEDGER_REFUSED, NULL }, LEDGER_LEAK },

	{ "through the door", { "10.1.0.5", "203.0.113.1", 9, 80, TCP, SYN, 0,
	  NULL }, LEDGER_GRANTED },
	{ "through the other port", { "2001:db8::5", "2001:db8:1::1", 9, 443,
	  TCP, ACK, 0, NULL }, LEDGER_GRANTED },
	{ "open, but no port of the door", { "10.1.0.5", "203.0.113.1", 9, 22,
	  TCP, SYN, 0, NULL }, LEDGER_LEAK },
	{ "open, but no TCP", { "10.1.0.5", "203.0.113.1", 9, 443, UDP, 0, 0,
	  NULL }, LEDGER_LEAK },
	{ "open, but an echo", { "10.1.0.5", "203.0.113.1", 0, 0, ICMP, 0, 0,
	  "\x08\0" }, LEDGER_LEAK },
	{ "not open", { "10.1.0.5", "203.0.113.2", 9, 80, TCP, SYN, 0, NULL },
	  LEDGER_LEAK },
	{ "the door's port as source", { "10.1.0.5", "203.0.113.1", 80, 9,
	  TCP, ACK, 0, NULL }, LEDGER_LEAK },
	{ "on the link", { "10.1.0.5", "10.1.0.9", 9, 80, TCP, SYN, 0, NULL },
	  LEDGER_LEAK },

	{ "from another", { "10.1.0.6", "198.51.100.1", 9, 80, TCP, SYN, 0,
	  NULL }, LEDGER_INCOMING },
	{ "from a server", { "192.0.2.53", "10.1.0.5", 53, 9, UDP, 0, 0,
	  NULL }, LEDGER_INCOMING },
	{ "from nowhere", { "0.0.0.0", "198.51.100.1", 9, 80, TCP, SYN, 0,
	  NULL }, LEDGER_LEAK },
};

static void expect(const char *what, const struct packet *p, enum link link,
		   bool cooked_out, enum ledger_class want)
{
	struct frame_glance g = glance_of(p);
	enum ledger_class got;

	g.f.outgoing = cooked_out;
	got = ledger_classify(&ledger, link, &g, p->dns, NOW);
	cr_expect_eq(got, want, "%s: %s", what, ledger_name(got));
}

Test(ledger, outgoing, .init = setup)
{
	set_local();
	for (size_t i = 0; i < NITEMS(outgoing); i++)
		expect(outgoing[i].what, &outgoing[i].p, LINK_ETHERNET, false,
		       outgoing[i].want);
}

/* What nothing is known of comes from here, unless it answers. */
static const struct {
	const char *what;
	struct packet p;
	enum ledger_class want;
} unknown[] = {
	{ "a question", { "10.1.0.5", "192.0.2.53", 9, 53, UDP, 0,
	  LEDGER_REFUSED, NULL }, LEDGER_LEAK },
	{ "its answer", { "192.0.2.53", "10.1.0.5", 53, 9, UDP, 0,
	  LEDGER_REFUSED, NULL }, LEDGER_INCOMING },
	{ "between two servers", { "192.0.2.53", "10.1.0.5", 53, 53, UDP, 0,
	  LEDGER_REFUSED, NULL }, LEDGER_LEAK },
	{ "a connection", { "10.1.0.5", "198.51.100.1", 9, 22, TCP, SYN, 0,
	  NULL }, LEDGER_LEAK },
	{ "taken", { "198.51.100.1", "10.1.0.5", 22, 9, TCP, SYN | ACK, 0,
	  NULL }, LEDGER_INCOMING },
	{ "from behind the door", { "203.0.113.1", "10.1.0.5", 443, 9, TCP,
	  ACK, 0, NULL }, LEDGER_INCOMING },
	{ "from elsewhere", { "203.0.113.2", "10.1.0.5", 443, 9, TCP, ACK, 0,
	  NULL }, LEDGER_LEAK },
};

Test(ledger, unknown_sender, .init = setup)
{
	for (size_t i = 0; i < NITEMS(unknown); i++)
		expect(unknown[i].what, &unknown[i].p, LINK_ETHERNET, false,
		       unknown[i].want);
}

/* A cooked link knows better than any list of addresses. */
Test(ledger, cooked, .init = setup)
{
	static const struct packet ours = { "10.1.0.5", "198.51.100.1", 9, 22,
					    TCP, SYN, 0, NULL };
	static const struct packet forged = { "192.0.2.99", "198.51.100.1",
					      53, 9, UDP, 0, 0, NULL };

	set_local();
	expect("sent", &ours, LINK_SLL, true, LEDGER_LEAK);
	expect("received", &ours, LINK_SLL, false, LEDGER_INCOMING);
	expect("sent, 2", &ours, LINK_SLL2, true, LEDGER_LEAK);
	expect("received, 2", &ours, LINK_SLL2, false, LEDGER_INCOMING);
	expect("sent under another's name", &forged, LINK_SLL2, true,
	       LEDGER_LEAK);
}

Test(ledger, until_it_expires, .init = setup)
{
	static const struct packet p = { "10.1.0.5", "203.0.113.1", 9, 80,
					 TCP, ACK, 0, NULL };
	struct frame_glance g = glance_of(&p);

	set_local();
	cr_expect_eq(ledger_classify(&ledger, LINK_RAW, &g, 0, LATER - 1),
		     LEDGER_GRANTED);
	cr_expect_eq(ledger_classify(&ledger, LINK_RAW, &g, 0, LATER),
		     LEDGER_LEAK);
	allow_set_epoch(&allow, 2);
	cr_expect_eq(ledger_classify(&ledger, LINK_RAW, &g, 0, NOW),
		     LEDGER_LEAK);
}

static const struct {
	const char *dst;
	enum ledger_class want;
} lans[] = {
	{ "10.200.0.1", LEDGER_LAN }, { "172.16.0.1", LEDGER_LAN },
	{ "192.168.1.1", LEDGER_LAN }, { "169.254.1.1", LEDGER_LAN },
	{ "100.64.0.1", LEDGER_LEAK }, { "172.32.0.1", LEDGER_LEAK },
	{ "224.0.0.251", LEDGER_LAN }, { "224.0.1.1", LEDGER_LEAK },
	{ "239.255.255.250", LEDGER_LAN }, { "255.255.255.255", LEDGER_LAN },
	{ "255.255.255.254", LEDGER_LEAK }, { "198.51.100.1", LEDGER_LEAK },
	{ "fd00::1", LEDGER_LAN }, { "fe80::1", LEDGER_LAN },
	{ "ff01::1", LEDGER_LAN }, { "ff02::fb", LEDGER_LAN },
	{ "ff05::c", LEDGER_LAN }, { "ff08::1", LEDGER_LEAK },
	{ "ff0e::1", LEDGER_LEAK }, { "2001:db8:9::1", LEDGER_LEAK },
	{ "64:ff9b::a00:1", LEDGER_LEAK },
};

Test(ledger, lan, .init = setup)
{
	set_local();
	for (size_t i = 0; i < NITEMS(lans); i++) {
		bool v6 = strchr(lans[i].dst, ':') != NULL;
		struct packet p = { v6 ? "2001:db8::5" : "10.1.0.5",
				    lans[i].dst, 9, 631, UDP, 0, 0, NULL };

		ledger.lan = true;
		expect(lans[i].dst, &p, LINK_RAW, false, lans[i].want);
		/* Its DNS is not spared, and without it nothing is. */
		p.dport = 53;
		p.dns = LEDGER_REFUSED;
		expect(lans[i].dst, &p, LINK_RAW, false, LEDGER_LEAK);
		ledger.lan = false;
		p.dport = 631;
		expect(lans[i].dst, &p, LINK_RAW, false, LEDGER_LEAK);
	}
}

Test(ledger, upstreams, .init = setup)
{
	static const struct packet right = { "10.1.0.5", "192.0.2.53", 9, 5353,
					     UDP, 0, LEDGER_ALLOWED, NULL };
	struct packet wrong = right;

	policy.upstreams[policy.n_upstreams++] = (struct policy_upstream){
		.addr = addr("192.0.2.53"), .port = 5353 };
	wrong.dst = "192.0.2.54";
	set_local();
	expect("asked", &right, LINK_RAW, false, LEDGER_UPSTREAM);
	expect("another server", &wrong, LINK_RAW, false, LEDGER_LEAK);
	cr_expect(ledger_dns_port(&ledger, 5353));
	cr_expect(ledger_dns_port(&ledger, 53));
	cr_expect_not(ledger_dns_port(&ledger, 5354));
}

static const struct {
	const char *what;
	enum frame_depth depth;
	uint16_t ethertype;
	enum ledger_class want;
} others[] = {
	{ "no packet", FRAME_NOTHING, 0, LEDGER_UNREAD },
	{ "ARP", FRAME_LINK, 0x0806, LEDGER_DISCOVERY },
	{ "LLDP", FRAME_LINK, 0x88cc, LEDGER_DISCOVERY },
	{ "EAPOL", FRAME_LINK, 0x888e, LEDGER_DISCOVERY },
	{ "slow protocols", FRAME_LINK, 0x8809, LEDGER_DISCOVERY },
	{ "802.3, the longest", FRAME_LINK, 0x05ff, LEDGER_DISCOVERY },
	{ "the first ethertype", FRAME_LINK, 0x0600, LEDGER_LEAK },
	{ "PPPoE", FRAME_LINK, 0x8864, LEDGER_LEAK },
	{ "MPLS", FRAME_LINK, 0x8847, LEDGER_LEAK },
	{ "IPv4 that lies", FRAME_LINK, 0x0800, LEDGER_UNREAD },
	{ "IPv6 that lies", FRAME_LINK, 0x86dd, LEDGER_UNREAD },
};

Test(ledger, no_ip, .init = setup)
{
	for (size_t i = 0; i < NITEMS(others); i++) {
		struct frame_glance g = { .depth = others[i].depth,
					  .ethertype = others[i].ethertype };
		enum ledger_class c = ledger_classify(&ledger, LINK_ETHERNET,
						      &g, LEDGER_REFUSED, NOW);

		cr_expect_eq(c, others[i].want, "%s: %s", others[i].what,
			     ledger_name(c));
		c = ledger_classify(&ledger, LINK_SLL2, &g, LEDGER_REFUSED,
				    NOW);
		cr_expect_eq(c, g.depth == FRAME_NOTHING ? LEDGER_UNREAD :
			     LEDGER_INCOMING, "%s received: %s",
			     others[i].what, ledger_name(c));
	}
}

/* ---- leaks told apart */

static struct leaks leaks;

static struct leak flow(const char *from, uint16_t sport, const char *to,
			uint16_t dport)
{
	return (struct leak){ .from = { addr(from), sport },
			      .to = { addr(to), dport }, .protocol = UDP };
}

Test(leaks, flows)
{
	struct leak out = flow("10.1.0.5", 9, "198.51.100.1", 443);
	struct leak back = flow("198.51.100.1", 443, "10.1.0.5", 9);
	struct leak port = flow("10.1.0.5", 10, "198.51.100.1", 443);
	struct leak crossed = flow("10.1.0.5", 443, "198.51.100.1", 9);

	leaks_init(&leaks);
	cr_expect_eq(leaks_add(&leaks, &out, true), LEAKS_NEW);
	cr_expect_eq(leaks_add(&leaks, &out, true), LEAKS_KNOWN);
	cr_expect_eq(leaks_add(&leaks, &back, true), LEAKS_BACK);
	cr_expect_eq(leaks_add(&leaks, &port, true), LEAKS_NEW);
	cr_expect_eq(leaks_add(&leaks, &crossed, true), LEAKS_NEW);
	cr_expect_eq(leaks.packets, 4, "an answer is none");
	cr_expect_eq(leaks.n, 3);
	cr_expect_eq(leaks_add(&leaks, &back, false), LEAKS_NEW,
		     "who knows the sender, knows");
}

/* A flood: bounded, and every packet is counted. */
Test(leaks, flood)
{
	struct leak l = flow("10.1.0.5", 9, "198.51.100.1", 443);
	unsigned int fresh = 0, full = 0;

	leaks_init(&leaks);
	for (unsigned int i = 0; i < 20 * LEAKS_MAX; i++) {
		l.to.addr.b[12] = (uint8_t)(i >> 16);
		l.to.addr.b[13] = (uint8_t)(i >> 8);
		l.to.addr.b[14] = (uint8_t)i;
		switch (leaks_add(&leaks, &l, true)) {
		case LEAKS_NEW:
			fresh++;
			break;
		case LEAKS_FULL:
			full++;
			break;
		default:
			cr_assert_fail("%u: never seen before", i);
		}
	}
	cr_expect_eq(leaks.packets, 20 * LEAKS_MAX);
	cr_expect_eq(leaks.n, fresh);
	cr_expect_leq(fresh, LEAKS_MAX);
	cr_expect_geq(fresh, LEAKS_MAX / 2, "spread over the sets: %u", fresh);
	cr_expect_eq(leaks.untold, full);
}
