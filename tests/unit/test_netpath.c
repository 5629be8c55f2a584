/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <net/if.h>
#include <string.h>

#include "netns.h"
#include "os/netinfo.h"

static const struct {
	const char *what, *prepare;
	const char *server, *source, *hop, *mac;
} rows[] = {
	{ "no address, no route", "true",
	  "192.0.2.53", "::", "192.0.2.53", "" },
	{ "another link's address is not for here",
	  "ip addr add 10.8.0.1/24 dev far",
	  "192.0.2.53", "::", "192.0.2.53", "" },
	{ "the machine's own, on lo", "ip addr del 10.8.0.1/24 dev far && "
	  "ip link set lo up && ip addr add 10.6.0.1/32 dev lo",
	  "192.0.2.53", "10.6.0.1", "192.0.2.53", "" },
	{ "on the link", "ip addr del 10.6.0.1/32 dev lo && "
	  "ip addr add 10.9.0.1/24 dev near",
	  "10.9.0.53", "10.9.0.1", "10.9.0.53", "" },
	{ "an address, and no route", "true",
	  "192.0.2.53", "10.9.0.1", "192.0.2.53", "" },
	{ "by a gateway", "ip route add default via 10.9.0.2",
	  "192.0.2.53", "10.9.0.1", "10.9.0.2", "" },
	{ "a gateway that is known", "ip neigh add 10.9.0.2 dev near "
	  "lladdr 02:00:00:00:00:02 nud stale",
	  "192.0.2.53", "10.9.0.1", "10.9.0.2", "02:00:00:00:00:02" },
	{ "a gateway that did not answer", "ip neigh replace 10.9.0.2 "
	  "dev near nud failed",
	  "192.0.2.53", "10.9.0.1", "10.9.0.2", "" },
	{ "a source that the route prefers", "ip addr add 10.9.0.7/24 dev "
	  "near && ip route add 192.0.2.0/24 via 10.9.0.2 src 10.9.0.7",
	  "192.0.2.53", "10.9.0.7", "10.9.0.2", "" },
	{ "a route that says no", "ip route add prohibit 198.51.100.0/24",
	  "198.51.100.53", "10.9.0.1", "198.51.100.53", "" },
	{ "the default is another link's", "ip route del default && "
	  "ip addr add 10.8.0.1/24 dev far && "
	  "ip route add default via 10.8.0.2",
	  "203.0.113.53", "10.9.0.1", "203.0.113.53", "" },
	{ "IPv4 by way of IPv6", "ip addr add fd09::1/64 dev near nodad && "
	  "ip route add 203.0.113.0/24 via inet6 fd09::2 dev near",
	  "203.0.113.53", "10.9.0.1", "fd09::2", "" },
	{ "IPv6, on the link", "true",
	  "fd09::53", "fd09::1", "fd09::53", "" },
	{ "IPv6, no route", "true",
	  "2001:db8::53", "fd09::1", "2001:db8::53", "" },
	{ "IPv6, by a gateway", "ip route add default via fd09::2 && "
	  "ip neigh add fd09::2 dev near lladdr 02:00:00:00:00:06 nud "
	  "permanent",
	  "2001:db8::53", "fd09::1", "fd09::2", "02:00:00:00:00:06" },
	{ "IPv6, link-local", "ip addr add fe80::77/64 dev near nodad",
	  "fe80::53", "fe80::77", "fe80::53", "" },
	{ "routing rules that lead elsewhere", "ip rule add pref 9 "
	  "ipproto udp dport 53 lookup 9 && "
	  "ip route add default dev far table 9",
	  "10.9.0.53", "10.9.0.1", "10.9.0.53", "" },
};

static void mac_text(const uint8_t mac[6], char text[static 18])
{
	static const uint8_t none[6];

	text[0] = '\0';
	if (memcmp(mac, none, sizeof(none)) != 0)
		snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
			 mac[1], mac[2], mac[3], mac[4], mac[5]);
}

/* Each row goes on from the one before. */
Test(netpath, rows)
{
	private_net();
	veth();
	run("ip addr flush dev near");
	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct ipaddr server = addr(rows[i].server);
		char source[IPADDR_TEXT], hop[IPADDR_TEXT], mac[18];
		struct netpath path;

		run("%s", rows[i].prepare);
		netinfo_path(&server, if_nametoindex("near"), &path);
		mac_text(path.mac, mac);
		cr_expect_str_eq(ipaddr_text(&path.source, source),
				 rows[i].source, "%s: source %s",
				 rows[i].what, source);
		cr_expect_str_eq(ipaddr_text(&path.hop, hop), rows[i].hop,
				 "%s: hop %s", rows[i].what, hop);
		cr_expect_str_eq(mac, rows[i].mac, "%s: mac", rows[i].what);
	}
}

Test(netpath, up)
{
	unsigned int near;

	private_net();
	veth();
	near = if_nametoindex("near");
	cr_expect(netinfo_up(near));
	run("ip link set far down");
	cr_expect(netinfo_up(near), "without a carrier");
	run("ip link set near down");
	cr_expect(!netinfo_up(near), "down");
	run("ip link del near");
	cr_expect(!netinfo_up(near), "gone");
}

/* Links of their own, as far as the kernel has them. */
Test(netpath, vlan_and_links_without_addresses)
{
	static const char vlan[] = "ip link add link near name near.5 type "
				   "vlan id 5 2>/dev/null";
	struct ipaddr server = addr("10.7.0.53");
	static const uint8_t none[6];
	struct netpath path;
	char text[IPADDR_TEXT];

	private_net();
	veth();
	if (system(vlan) != 0)
		run("ip link add near.5 type veth peer name far.5 && "
		    "ip link set far.5 up");
	run("ip link set near.5 up && ip addr add 10.7.0.1/24 dev near.5 && "
	    "ip neigh add 10.7.0.53 dev near.5 lladdr 02:00:00:00:00:05 "
	    "nud reachable");
	netinfo_path(&server, if_nametoindex("near.5"), &path);
	cr_expect_str_eq(ipaddr_text(&path.source, text), "10.7.0.1");
	cr_expect_eq(path.mac[5], 5);
	run("ip link del near.5 && ip tuntap add dev ppp7 mode tun && "
	    "ip addr add 10.7.0.1 peer 10.7.0.53 dev ppp7 && "
	    "ip link set ppp7 up");
	netinfo_path(&server, if_nametoindex("ppp7"), &path);
	cr_expect_str_eq(ipaddr_text(&path.hop, text), "10.7.0.53");
	cr_expect_eq(memcmp(path.mac, none, sizeof(none)), 0);
}
