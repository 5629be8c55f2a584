/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * One template: what all policies share stands in rules_output(), _input()
 * and _forward(), and each policy's own part between discovery and LAN. The
 * first rule that matches decides.
 *
 * Output never accepts by connection state. A packet leaves because a rule
 * names its destination now, so taking an element out of a set cuts running
 * connections at their next packet. Input accepts only the reply direction of
 * connections that output let out: a peer that becomes a door address cannot
 * revive a connection it had opened to us before.
 *
 * meta skuid is the owner of the socket at the time it was made. Sockets made
 * before a process dropped root still count as root's; packets without a
 * socket (resets, the last acknowledgement of a closed connection) have no
 * owner and are refused.
 */
#include "firewall/rules_nft.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "firewall/rules_bypass.h"
#include "firewall/rules_hash.h"
#include "firewall/rules_tls.h"

enum family { V4, V6 };

/* The words in which the two families differ. */
static const struct {
	const char *ip, *type, *upstream, *allow, *icmp, *errors;
} words[] = {
	[V4] = { "ip", "ipv4_addr", "@upstream4", "@allow4", "icmp",
		 "{ destination-unreachable, time-exceeded, "
		 "parameter-problem }" },
	[V6] = { "ip6", "ipv6_addr", "@upstream6", "@allow6", "icmpv6",
		 "{ destination-unreachable, packet-too-big, time-exceeded, "
		 "parameter-problem }" },
};

/* What a packet must be to count as the answer to one that we let out. */
#define REPLY "ct state established ct direction reply accept"

/* 100.64/10 is not LAN: it is a provider's network. */
#define LAN4 "{ 10.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16 }"
#define LAN6 "{ fc00::/7, fe80::/10 }"
#define MULTICAST4 "{ 224.0.0.0/24, 239.0.0.0/8, 255.255.255.255 }"
#define MULTICAST6 "{ ff01::/16, ff02::/16, ff03::/16, ff04::/16, ff05::/16 }"

void rules_put(struct rules_out *o, const char *fmt, ...)
{
	size_t room = o->size - o->len;
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(o->text + o->len, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room)
		o->bad = true;
	else
		o->len += (size_t)n;
}

_Static_assert((int)RULES_HASH <= (int)RULES_BYPASS, "one size for all");

void rules_put_text(struct rules_out *o, const struct fw_ruleset *r,
		    void (*write)(const struct fw_ruleset *r, char *text))
{
	char text[RULES_BYPASS];

	write(r, text);
	rules_put(o, "%s", text);
}

static enum family family_of(const struct ipaddr *a)
{
	return ipaddr_is_v4(a) ? V4 : V6;
}

/* ---- lists; of one family, and not empty */

static bool has(const struct ipaddr *a, unsigned int n, enum family f)
{
	for (unsigned int i = 0; i < n; i++)
		if (family_of(&a[i]) == f)
			return true;
	return false;
}

static void addresses(struct rules_out *o, const struct ipaddr *a,
		      unsigned int n, enum family f)
{
	char text[IPADDR_TEXT];
	const char *sep = "{ ";

	for (unsigned int i = 0; i < n; i++) {
		if (family_of(&a[i]) != f)
			continue;
		rules_put(o, "%s%s", sep, ipaddr_text(&a[i], text));
		sep = ", ";
	}
	rules_put(o, " }");
}

static void endpoints(struct rules_out *o, const struct fw_ruleset *r,
		      enum family f)
{
	char text[IPADDR_TEXT];
	const char *sep = "{ ";

	for (unsigned int i = 0; i < r->n_relays; i++) {
		if (family_of(&o->hosts[i]) != f)
			continue;
		rules_put(o, "%s%s . %s . %u", sep,
			  ipaddr_text(&o->hosts[i], text),
			  r->relays[i].tcp ? "tcp" : "udp", r->relays[i].port);
		sep = ", ";
	}
	rules_put(o, " }");
}

static void ports(struct rules_out *o, const struct fw_ruleset *r)
{
	for (unsigned int i = 0; i < r->n_ports; i++)
		rules_put(o, "%s%u", i == 0 ? "{ " : ", ", r->ports[i]);
	rules_put(o, " }");
}

/* ---- sets */

static void allow_set(struct rules_out *o, enum family f)
{
	/* Twice: a renewal holds old and new until it commits. */
	rules_put(o, "\tset %s {\n\t\ttype %s\n\t\tsize %d\n"
		  "\t\tflags timeout\n\t}\n\n", words[f].allow + 1,
		  words[f].type, 2 * ALLOW_MAX);
}

static void upstream_set(struct rules_out *o, const struct fw_ruleset *r,
			 enum family f)
{
	rules_put(o, "\tset %s {\n\t\ttype %s\n", words[f].upstream + 1,
		  words[f].type);
	if (has(r->upstreams, r->n_upstreams, f)) {
		rules_put(o, "\t\telements = ");
		addresses(o, r->upstreams, r->n_upstreams, f);
		rules_put(o, "\n");
	}
	rules_put(o, "\t}\n\n");
}

void rules_sets(struct rules_out *o, const struct fw_ruleset *r)
{
	char text[RULES_HASH];

	for (enum family f = V4; f <= V6; f++) {
		if (!r->bypass)
			upstream_set(o, r, f);
		if (!r->hash)
			allow_set(o, f);
	}
	if (r->hash) {
		rules_hash_chains(text);
		rules_put(o, "%s", text);
	}
}

/* ---- output */

static void output_head(struct rules_out *o)
{
	rules_put(o, "\t\toif \"lo\" accept\n"
		  "\t\t# DHCP client\n"
		  "\t\tip daddr 255.255.255.255 udp sport 68 "
		  "udp dport 67 accept\n"
		  "\t\tip6 saddr fe80::/10 ip6 daddr { ff02::1:2, ff05::1:3 } "
		  "udp sport 546 udp dport 547 accept\n"
		  "\t\t# router and neighbour discovery\n"
		  "\t\tip6 daddr ff02::2 icmpv6 type nd-router-solicit "
		  "icmpv6 code 0 accept\n"
		  "\t\tip6 daddr { ff02::1:ff00:0/104, fe80::/10 } "
		  "icmpv6 type nd-neighbor-solicit icmpv6 code 0 accept\n"
		  "\t\tip6 daddr fe80::/10 icmpv6 type nd-neighbor-advert "
		  "icmpv6 code 0 accept\n");
}

/*
 * An address we may talk to can be on the link itself, outside fe80::/10.
 * Ends the line that names it.
 */
static void neighbour(struct rules_out *o)
{
	rules_put(o, " icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } "
		  "icmpv6 code 0 ip6 hoplimit 255 accept\n");
}

static void output_questions(struct rules_out *o, const struct fw_ruleset *r)
{
	char who[48] = "", from[32] = "";

	if (r->from[0] != 0)
		snprintf(from, sizeof(from), "th sport %u-%u ", r->from[0],
			 r->from[1]);
	else
		snprintf(who, sizeof(who), "meta skuid %u meta skgid %u ",
			 (unsigned int)r->datapath_uid,
			 (unsigned int)r->datapath_gid);
	rules_put(o, "\t\t# our own questions\n");
	for (enum family f = V4; f <= V6; f++)
		rules_put(o, "\t\t%s%s daddr %s meta l4proto { tcp, udp } "
			  "%sth dport %u accept\n", who, words[f].ip,
			  words[f].upstream, from, r->upstream_port);
	rules_put(o, "\t\tip6 daddr @upstream6");
	neighbour(o);
}

static void output_door(struct rules_out *o, const struct fw_ruleset *r)
{
	if (!r->bypass)
		output_questions(o, r);
	if (r->n_ports == 0)
		return;
	rules_put(o, "\t\t# the door\n");
	if (r->hash) {
		rules_put_text(o, r, rules_hash_output);
		return;
	}
	for (enum family f = V4; f <= V6; f++) {
		rules_put(o, "\t\t");
		if (!r->any_uid)
			rules_put(o, "meta skuid %u ", (unsigned int)r->uid);
		rules_put(o, "%s daddr %s tcp dport ", words[f].ip,
			  words[f].allow);
		ports(o, r);
		rules_put(o, " accept\n");
	}
	rules_put(o, "\t\tip6 daddr @allow6");
	neighbour(o);
}

static void output_relay(struct rules_out *o, const struct fw_ruleset *r,
			 const char *who, enum family f)
{
	rules_put(o, "\t\t%s %s daddr . meta l4proto . th dport ", who,
		  words[f].ip);
	endpoints(o, r, f);
	rules_put(o, " accept\n");
}

static void output_relays(struct rules_out *o, const struct fw_ruleset *r)
{
	char mark[48];

	if (r->mark == 0 || r->mark == FW_MARK)
		snprintf(mark, sizeof(mark), "meta mark 0x%x", FW_MARK);
	else
		snprintf(mark, sizeof(mark), "meta mark { 0x%x, 0x%x }",
			 FW_MARK, r->mark);
	for (enum family f = V4; f <= V6; f++) {
		if (!has(o->hosts, r->n_relays, f))
			continue;
		rules_put(o, "\t\t# relays\n");
		output_relay(o, r, "meta skuid 0", f);
		output_relay(o, r, mark, f);
	}
	if (has(o->hosts, r->n_relays, V6)) {
		rules_put(o, "\t\tip6 daddr ");
		addresses(o, o->hosts, r->n_relays, V6);
		neighbour(o);
	}
}

/*
 * With DNS servers told, the tunnel's DNS goes to them alone; without, to
 * whom it likes. Outside the tunnel, to nobody.
 */
static void tunnel_dns(struct rules_out *o, const struct fw_ruleset *r)
{
	for (enum family f = V4; f <= V6; f++) {
		if (!has(r->dns, r->n_dns, f))
			continue;
		rules_put(o, "\t\toifname \"%s\" %s daddr ", r->interface,
			  words[f].ip);
		addresses(o, r->dns, r->n_dns, f);
		rules_put(o, " meta l4proto { tcp, udp } th dport 53 accept\n");
	}
}

static void refuse_dns(struct rules_out *o, const struct fw_ruleset *r)
{
	rules_put(o, "\t\t# DNS\n\t\t");
	if (fw_tunnel(r) && r->n_dns == 0)
		rules_put(o, "oifname != \"%s\" ", r->interface);
	rules_put(o, "meta l4proto { tcp, udp } th dport 53 goto refuse\n");
}

static void output_tunnel(struct rules_out *o, const struct fw_ruleset *r)
{
	rules_put(o, "\t\t# the tunnel\n");
	tunnel_dns(o, r);
	refuse_dns(o, r);
	rules_put(o, "\t\toifname \"%s\" accept\n", r->interface);
}

void rules_output(struct rules_out *o, const struct fw_ruleset *r)
{
	rules_put_text(o, r, rules_bypass_output);
	output_head(o);
	if (r->policy == FW_BLOCKED_ACTIVE)
		output_door(o, r);
	if (fw_relays(r))
		output_relays(o, r);
	if (fw_tunnel(r))
		output_tunnel(o, r);
	else
		refuse_dns(o, r);
	if (r->lan)
		rules_put(o, "\t\t# LAN\n"
			  "\t\tip daddr " LAN4 " accept\n"
			  "\t\tip daddr " MULTICAST4 " accept\n"
			  "\t\tip6 daddr " LAN6 " accept\n"
			  "\t\tip6 daddr " MULTICAST6 " accept\n");
	rules_put(o, "\t\tgoto refuse\n");
}

/* ---- input and forward */

static void input_head(struct rules_out *o)
{
	rules_put(o, "\t\tiif \"lo\" accept\n"
		  "\t\t# DHCP client\n"
		  "\t\tmeta nfproto ipv4 udp sport 67 udp dport 68 accept\n"
		  "\t\tip6 saddr fe80::/10 ip6 daddr fe80::/10 "
		  "udp sport 547 udp dport 546 accept\n"
		  "\t\t# router and neighbour discovery\n"
		  "\t\tip6 saddr fe80::/10 "
		  "icmpv6 type { nd-router-advert, nd-redirect, "
		  "nd-neighbor-solicit } icmpv6 code 0 accept\n"
		  "\t\ticmpv6 type nd-neighbor-advert icmpv6 code 0 accept\n");
}

/*
 * Errors about packets that we let out: without them a path with a small MTU
 * is a black hole. The connection's own destination is looked at, as any
 * router on the way may be the sender. Ends the line.
 */
static void related(struct rules_out *o, enum family f)
{
	rules_put(o, " %s type %s accept\n", words[f].icmp, words[f].errors);
}

static void input_answers(struct rules_out *o, const struct fw_ruleset *r)
{
	rules_put(o, "\t\t# answers\n");
	for (enum family f = V4; f <= V6; f++) {
		rules_put(o, "\t\t%s saddr %s meta l4proto { tcp, udp } "
			  "th sport %u " REPLY "\n", words[f].ip,
			  words[f].upstream, r->upstream_port);
		rules_put(o, "\t\tct state related ct original %s daddr %s",
			  words[f].ip, words[f].upstream);
		related(o, f);
	}
	rules_put(o, "\t\tip6 saddr @upstream6");
	neighbour(o);
}

static void input_door(struct rules_out *o, const struct fw_ruleset *r)
{
	if (!r->bypass)
		input_answers(o, r);
	if (r->n_ports == 0)
		return;
	if (r->hash) {
		rules_put_text(o, r, rules_hash_input);
		return;
	}
	for (enum family f = V4; f <= V6; f++) {
		rules_put(o, "\t\t%s saddr %s tcp sport ", words[f].ip,
			  words[f].allow);
		ports(o, r);
		rules_put(o, " " REPLY "\n"
			  "\t\tct state related ct original %s daddr %s",
			  words[f].ip, words[f].allow);
		related(o, f);
	}
	rules_put(o, "\t\tip6 saddr @allow6");
	neighbour(o);
}

static void input_relays(struct rules_out *o, const struct fw_ruleset *r)
{
	for (enum family f = V4; f <= V6; f++) {
		if (!has(o->hosts, r->n_relays, f))
			continue;
		rules_put(o, "\t\t# relays\n"
			  "\t\t%s saddr . meta l4proto . th sport ",
			  words[f].ip);
		endpoints(o, r, f);
		rules_put(o, " " REPLY "\n"
			  "\t\tct state related ct original %s daddr ",
			  words[f].ip);
		addresses(o, o->hosts, r->n_relays, f);
		related(o, f);
	}
	if (has(o->hosts, r->n_relays, V6)) {
		rules_put(o, "\t\tip6 saddr ");
		addresses(o, o->hosts, r->n_relays, V6);
		neighbour(o);
	}
}

/*
 * Only to addresses of the interface it came in by: a neighbour must not
 * reach, and so find out, the tunnel's address (CVE-2019-14899).
 */
static void input_lan(struct rules_out *o)
{
	rules_put(o, "\t\t# LAN\n"
		  "\t\tip saddr " LAN4
		  " fib daddr . iif type { local, broadcast, multicast } "
		  "accept\n"
		  "\t\tip6 saddr " LAN6
		  " fib daddr . iif type { local, anycast, multicast } "
		  "accept\n");
}

void rules_input(struct rules_out *o, const struct fw_ruleset *r)
{
	rules_put_text(o, r, rules_bypass_input);
	input_head(o);
	if (r->policy == FW_BLOCKED_ACTIVE)
		input_door(o, r);
	if (fw_relays(r))
		input_relays(o, r);
	if (fw_tunnel(r))
		rules_put(o, "\t\t# the tunnel\n\t\tiifname \"%s\" accept\n",
			  r->interface);
	if (r->lan)
		input_lan(o);
	rules_put(o, "\t\tcounter name dropped_in drop\n");
}

/* Guests and containers have the tunnel too, and nothing beside it. */
void rules_forward(struct rules_out *o, const struct fw_ruleset *r)
{
	if (!fw_tunnel(r))
		return;
	output_tunnel(o, r);
	rules_put(o, "\t\tiifname \"%s\" ct state established,related "
		  "accept\n", r->interface);
}
