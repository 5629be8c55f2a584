/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * All rules are quick: the first that matches decides, and the last two match
 * everything, so that no rule behind our anchor's call ever has a say. Rules
 * for translation are not written, and loading none takes away what an older
 * text had. Rules that scrub are read in anchors on macOS alone; FreeBSD looks
 * at those of the main ruleset only. A fragment that nobody has put together
 * has no ports, matches none of our passes with ports, and is blocked.
 *
 * pf lets pass what it has a state for before it looks at any rule. So states
 * are kept only for what has a host to go to and whose answers alone may come
 * in: our questions, the door, relays. They are bound to their interface, made
 * by the first segment of a connection (flags S/SA, with TCP alone: macOS 14
 * dropped other protocols by it), and ended by who takes the host away
 * (pfkill.h). The tunnel and the local network are open both ways, and need
 * none: they end with their rules, at the next packet.
 *
 * The test of a socket's owner is the dearest of a rule's, and evaluating one
 * on macOS has locked its kernel up. The kernel makes it last, after all
 * tests of addresses and ports; so each rule that has one names an address or
 * the door's table, and no packet to elsewhere is ever asked for its owner.
 * On macOS our own questions are told by their source ports instead
 * (`exempt = ports`). A socket's owner is who made it: a WireGuard of the
 * kernel's is root's, and needs no mark.
 *
 * Hosts that are members of the door's table, upstreams and relays can be on
 * the link itself, outside of fe80::/10: their neighbour discovery is let
 * through, to them and from them.
 */
#include "firewall/rules_pf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "os/steer.h"

struct pftext {
	const struct pfsys *sys;
	const struct fw_ruleset *r;
	char *text;
	size_t len;
	unsigned int rules;
	bool bad;		/* did not fit */
};

#define STATE "keep state (if-bound)"
#define TCP_STATE "flags S/SA " STATE
/* pfctl knows icmp6 by this name wherever it runs. */
#define ICMP6 "proto ipv6-icmp"

static void line(struct pftext *o, const char *fmt, ...) PRINTF(2, 3);
static void rule(struct pftext *o, const char *fmt, ...) PRINTF(2, 3);

static void vline(struct pftext *o, const char *fmt, va_list ap)
{
	size_t room = FW_TEXT - o->len;
	int n = vsnprintf(o->text + o->len, room, fmt, ap);

	/* One more for the line's end. */
	if (n < 0 || (size_t)n + 1 >= room) {
		o->bad = true;
		return;
	}
	o->len += (size_t)n;
	o->text[o->len++] = '\n';
	o->text[o->len] = '\0';
}

static void line(struct pftext *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vline(o, fmt, ap);
	va_end(ap);
}

static void rule(struct pftext *o, const char *fmt, ...)
{
	va_list ap;

	o->rules++;
	va_start(ap, fmt);
	vline(o, fmt, ap);
	va_end(ap);
}

static const char *family(const struct ipaddr *a)
{
	return ipaddr_is_v4(a) ? "inet" : "inet6";
}

/* ---- what all policies share */

static void head(struct pftext *o)
{
	rule(o, "pass quick on lo0 all no state");
	line(o, "# DHCP client");
	rule(o, "pass out quick inet proto udp from any port 68 "
	     "to 255.255.255.255 port 67 no state");
	rule(o, "pass in quick inet proto udp from any port 67 "
	     "to any port 68 no state");
	rule(o, "pass out quick inet6 proto udp from fe80::/10 port 546 "
	     "to ff02::1:2 port 547 no state");
	rule(o, "pass out quick inet6 proto udp from fe80::/10 port 546 "
	     "to ff05::1:3 port 547 no state");
	rule(o, "pass in quick inet6 proto udp from fe80::/10 port 547 "
	     "to fe80::/10 port 546 no state");
	line(o, "# router and neighbour discovery");
	rule(o, "pass out quick inet6 " ICMP6 " from any to ff02::2 "
	     "icmp6-type 133 code 0 no state");
	rule(o, "pass in quick inet6 " ICMP6 " from fe80::/10 to any "
	     "icmp6-type 134 code 0 no state");
	rule(o, "pass in quick inet6 " ICMP6 " from fe80::/10 to any "
	     "icmp6-type 137 code 0 no state");
	rule(o, "pass out quick inet6 " ICMP6 " from any to "
	     "ff02::1:ff00:0/104 icmp6-type 135 code 0 no state");
	rule(o, "pass out quick inet6 " ICMP6 " from any to fe80::/10 "
	     "icmp6-type 135 code 0 no state");
	rule(o, "pass in quick inet6 " ICMP6 " from fe80::/10 to any "
	     "icmp6-type 135 code 0 no state");
	rule(o, "pass out quick inet6 " ICMP6 " from any to fe80::/10 "
	     "icmp6-type 136 code 0 no state");
	rule(o, "pass in quick inet6 " ICMP6 " from any to any "
	     "icmp6-type 136 code 0 no state");
}

static void neighbour(struct pftext *o, const char *host)
{
	for (int type = 135; type <= 136; type++) {
		rule(o, "pass out quick inet6 " ICMP6 " from any to %s "
		     "icmp6-type %d code 0 no state", host, type);
		rule(o, "pass in quick inet6 " ICMP6 " from %s to any "
		     "icmp6-type %d code 0 no state", host, type);
	}
}

static void neighbours(struct pftext *o, const struct ipaddr *a)
{
	char text[IPADDR_TEXT];

	if (!ipaddr_is_v4(a))
		neighbour(o, ipaddr_text(a, text));
}

static void tail(struct pftext *o)
{
	line(o, "# the rest");
	rule(o, "block return out quick all");
	rule(o, "block drop quick all");
}

/* ---- our own questions, the door */

static void question(struct pftext *o, const struct ipaddr *a, bool tcp)
{
	const struct fw_ruleset *r = o->r;
	char text[IPADDR_TEXT], from[24] = "", who[48] = "";

	if (r->from[0] != 0)
		snprintf(from, sizeof(from), " port %u:%u", r->from[0],
			 r->from[1]);
	else
		snprintf(who, sizeof(who), " user %u group %u",
			 (unsigned int)r->datapath_uid,
			 (unsigned int)r->datapath_gid);
	rule(o, "pass out quick %s proto %s from any%s to %s port %u%s %s",
	     family(a), tcp ? "tcp" : "udp", from, ipaddr_text(a, text),
	     r->upstream_port, who, tcp ? TCP_STATE : STATE);
}

static void questions(struct pftext *o)
{
	if (o->r->n_upstreams == 0)
		return;
	line(o, "# our own questions");
	for (unsigned int i = 0; i < o->r->n_upstreams; i++) {
		question(o, &o->r->upstreams[i], false);
		question(o, &o->r->upstreams[i], true);
		neighbours(o, &o->r->upstreams[i]);
	}
}

static void door(struct pftext *o)
{
	const struct fw_ruleset *r = o->r;
	char who[24] = "";

	if (r->n_ports == 0)
		return;
	line(o, "# the door");
	if (r->tls)
		rule(o, "block return out quick proto tcp from any to "
		     "<" RULES_PF_TLS "> port != 443");
	if (!r->any_uid)
		snprintf(who, sizeof(who), " user %u", (unsigned int)r->uid);
	for (unsigned int i = 0; i < r->n_ports; i++)
		rule(o, "pass out quick proto tcp from any to "
		     "<" RULES_PF_DOOR "> port %u%s " TCP_STATE, r->ports[i],
		     who);
	neighbour(o, "<" RULES_PF_DOOR ">");
}

static const char *const protocols[] = { "udp", "tcp" };

/* The device that leads DNS to the datapath, and nothing else. */
static void bypass(struct pftext *o)
{
	line(o, "# DNS, for the datapath to answer");
	for (size_t i = 0; i < NITEMS(protocols); i++) {
		rule(o, "pass out quick on " STEER_DEVICE " proto %s from any "
		     "to any port 53 no state", protocols[i]);
		rule(o, "pass in quick on " STEER_DEVICE " proto %s from any "
		     "port 53 to any no state", protocols[i]);
	}
	rule(o, "block drop quick on " STEER_DEVICE " all");
}

/* Whatever link it would leave by; on the device, the rules above are asked.
 * A link-local server is nobody's on another link: who asks it turns to the
 * next one at once. */
static void steer(struct pftext *o)
{
	line(o, "# DNS, led there");
	for (size_t i = 0; i < NITEMS(protocols); i++)
		rule(o, "block return out quick inet6 proto %s from any to "
		     "fe80::/10 port 53", protocols[i]);
	for (unsigned int i = 0; i < STEER_ADDRESSES; i++) {
		struct ipaddr peer = steer_peer(i);
		char text[IPADDR_TEXT];

		ipaddr_text(&peer, text);
		for (size_t k = 0; k < NITEMS(protocols); k++)
			rule(o, "pass out quick route-to (" STEER_DEVICE
			     " %s) %s proto %s from any to any port 53 "
			     "no state", text, family(&peer), protocols[k]);
	}
}

/* ---- the tunnel */

static void relays(struct pftext *o)
{
	const struct fw_ruleset *r = o->r;
	char text[IPADDR_TEXT];

	if (r->n_relays > 0)
		line(o, "# relays");
	for (unsigned int i = 0; i < r->n_relays; i++) {
		const struct endpoint *e = &r->relays[i];

		rule(o, "pass out quick %s proto %s from any to %s port %u "
		     "user 0 %s", family(&e->addr), e->tcp ? "tcp" : "udp",
		     ipaddr_text(&e->addr, text), e->port,
		     e->tcp ? TCP_STATE : STATE);
		neighbours(o, &e->addr);
	}
}

static void tunnel_dns(struct pftext *o)
{
	const struct fw_ruleset *r = o->r;
	char text[IPADDR_TEXT];

	for (unsigned int i = 0; i < r->n_dns; i++) {
		const struct ipaddr *a = &r->dns[i];

		ipaddr_text(a, text);
		rule(o, "pass out quick on \"%s\" %s proto udp from any to %s "
		     "port 53 no state", r->interface, family(a), text);
		rule(o, "pass out quick on \"%s\" %s proto tcp from any to %s "
		     "port 53 no state", r->interface, family(a), text);
	}
}

/*
 * With DNS servers told, the tunnel's DNS goes to them alone; without, to
 * whom it likes. Outside the tunnel, to nobody.
 */
static void refuse_dns(struct pftext *o)
{
	const struct fw_ruleset *r = o->r;
	char where[IF_NAMESIZE + 10] = "";

	line(o, "# DNS");
	if (fw_tunnel(r) && r->n_dns == 0)
		snprintf(where, sizeof(where), "on ! \"%s\" ", r->interface);
	rule(o, "block return out quick %sproto udp from any to any port 53",
	     where);
	rule(o, "block return out quick %sproto tcp from any to any port 53",
	     where);
}

static void tunnel(struct pftext *o)
{
	if (fw_tunnel(o->r)) {
		line(o, "# the tunnel");
		tunnel_dns(o);
	}
	refuse_dns(o);
	if (fw_tunnel(o->r))
		rule(o, "pass quick on \"%s\" all no state", o->r->interface);
}

/* ---- the local network */

/* 100.64/10 is not LAN: it is a provider's network. */
static const char *const lan_nets[] = {
	"10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
	"fc00::/7", "fe80::/10",
};

static const char *const multicast[] = {
	"224.0.0.0/24", "239.0.0.0/8", "255.255.255.255",
	"ff01::/16", "ff02::/16", "ff03::/16", "ff04::/16", "ff05::/16",
};

static const char *net_family(const char *net)
{
	return strchr(net, ':') != NULL ? "inet6" : "inet";
}

static void lan(struct pftext *o)
{
	const char *tun = o->r->interface;

	line(o, "# LAN");
	/* A neighbour must not reach, and so find out, the tunnel's address
	 * (CVE-2019-14899). */
	if (fw_tunnel(o->r))
		rule(o, "block drop in quick on ! \"%s\" from any to "
		     "(\"%s\")", tun, tun);
	for (size_t i = 0; i < NITEMS(lan_nets); i++) {
		const char *net = lan_nets[i];

		rule(o, "pass out quick %s from any to %s no state",
		     net_family(net), net);
		rule(o, "pass in quick %s from %s to any no state",
		     net_family(net), net);
	}
	for (size_t i = 0; i < NITEMS(multicast); i++)
		rule(o, "pass out quick %s from any to %s no state",
		     net_family(multicast[i]), multicast[i]);
}

/* ---- all of it */

static void tables(struct pftext *o)
{
	line(o, "table <" RULES_PF_DOOR "> persist");
	if (o->r->tls)
		line(o, "table <" RULES_PF_TLS "> persist");
}

static void filter(struct pftext *o)
{
	bool active = o->r->policy == FW_BLOCKED_ACTIVE;

	if (active && o->r->bypass)
		bypass(o);
	head(o);
	if (active && o->r->bypass)
		steer(o);
	if (active && !o->r->bypass)
		questions(o);
	if (active)
		door(o);
	if (fw_relays(o->r))
		relays(o);
	tunnel(o);
	if (o->r->lan)
		lan(o);
	tail(o);
}

/* A group cannot be asked for everywhere, nor an nftables hash. */
static bool writable(const struct fw_ruleset *r, const struct pfsys *sys)
{
	bool asks = r->policy == FW_BLOCKED_ACTIVE && !r->bypass &&
		    r->n_upstreams > 0;

	return !r->hash && (sys->groups || !asks || r->from[0] != 0);
}

size_t rules_pf_text(const struct fw_ruleset *r, const char *anchor,
		     const struct pfsys *sys, char text[static FW_TEXT],
		     unsigned int *rules)
{
	struct pftext o = { .sys = sys, .r = r, .text = text };

	text[0] = '\0';
	*rules = 0;
	if (!fw_sound(r, anchor) || !writable(r, sys))
		return 0;
	line(&o, "# anchor %s: %s", anchor, fw_policy_name(r->policy));
	if (r->policy == FW_BLOCKED_ACTIVE)
		tables(&o);
	if (r->policy != FW_NONE && sys->scrub_anchor)
		line(&o, "scrub all fragment reassemble");
	if (r->policy != FW_NONE)
		filter(&o);
	if (o.bad)
		text[0] = '\0';
	*rules = o.rules;
	return o.bad ? 0 : o.len;
}
