/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "netns.h"
#include "os/netinfo.h"

static struct netinfo read_info(void)
{
	struct netinfo n;
	struct why why;

	cr_assert_eq(netinfo_read(&n, &why), 0, "%s", why.text);
	return n;
}

static bool has_own(const struct netinfo *n, const char *text)
{
	struct ipaddr a = addr(text);

	for (unsigned int i = 0; i < n->n_own; i++)
		if (ipaddr_equal(&n->own[i], &a))
			return true;
	return false;
}

/* "NET IFNAME" of each on-link net. */
static bool has_net(const struct netinfo *n, const char *want)
{
	for (unsigned int i = 0; i < n->n_onlink; i++) {
		char net[IPNET_TEXT], text[IPNET_TEXT + IF_NAMESIZE + 1];

		snprintf(text, sizeof(text), "%s %s",
			 ipnet_text(&n->onlink[i].net, net),
			 n->onlink[i].ifname);
		if (strcmp(text, want) == 0)
			return true;
	}
	return false;
}

static void expect_interface(const struct netinfo *n, const char *server,
			     const char *want)
{
	struct ipaddr a = addr(server);
	char ifname[IF_NAMESIZE];

	memset(ifname, 'x', sizeof(ifname));
	netinfo_interface(n, &a, ifname);
	cr_expect_str_eq(ifname, want, "%s: %s", server, ifname);
}

Test(netinfo, nothing_but_loopback)
{
	struct netinfo n;

	private_net();
	n = read_info();
	cr_expect_eq(n.n_own, 0);
	cr_expect_eq(n.n_onlink, 0);
	cr_expect_str_eq(n.default_ifname, "");
	cr_expect_str_eq(n.only_ifname, "");
	expect_interface(&n, "192.0.2.1", "");
	expect_interface(&n, "127.0.0.53", "");
}

Test(netinfo, addresses_and_nets)
{
	struct netinfo n;

	private_net();
	veth();
	run("ip addr add 10.9.0.1/24 dev near");
	run("ip addr add 10.9.0.129/25 dev near");
	run("ip addr add 10.9.1.1 peer 10.9.1.2/32 dev near");
	run("ip addr add 10.9.2.1/32 dev near");
	run("ip addr add 2001:db8:9::1/61 dev near nodad");
	run("ip addr add 169.254.1.1/16 dev near");
	n = read_info();
	cr_expect_eq(n.n_own, 5);
	cr_expect(has_own(&n, "10.9.0.1") && has_own(&n, "10.9.0.129") &&
		  has_own(&n, "10.9.1.1") && has_own(&n, "10.9.2.1") &&
		  has_own(&n, "2001:db8:9::1"));
	cr_expect(!has_own(&n, "10.9.1.2"), "the peer's");
	cr_expect_eq(n.n_onlink, 4);
	cr_expect(has_net(&n, "10.9.0.0/24 near"));
	cr_expect(has_net(&n, "10.9.0.128/25 near"));
	cr_expect(has_net(&n, "10.9.1.2/32 near") ||
		  has_net(&n, "10.9.1.2 near"));
	cr_expect(has_net(&n, "2001:db8:9::/61 near"));
	expect_interface(&n, "10.9.0.77", "near");
	expect_interface(&n, "2001:db8:9:7::1", "near");
	expect_interface(&n, "2001:db8:9:8::1", "");
}

Test(netinfo, net_of_a_link_that_is_down)
{
	struct netinfo n;

	private_net();
	veth();
	run("ip addr add 10.9.0.1/24 dev near");
	run("ip link set near down");
	n = read_info();
	cr_expect(has_own(&n, "10.9.0.1"));
	cr_expect_eq(n.n_onlink, 0);
}

static const struct {
	const char *what, *routes, *ifname, *gateway;
} routes[] = {
	{ "none", "true", "", "::" },
	{ "one", "ip route add default via 10.9.0.9", "near", "10.9.0.9" },
	{ "lower metric wins", "ip route add default via 10.9.0.9 metric 9;"
	  "ip route add default via 10.8.0.9 metric 8", "far", "10.8.0.9" },
	{ "of the other family", "ip route add default via 10.9.0.9 metric 9;"
	  "ip -6 route add default via fe80::1 dev far metric 8", "far",
	  "fe80::1" },
	{ "v4 first", "ip -6 route add default via fe80::1 dev far metric 9;"
	  "ip route add default via 10.9.0.9 metric 9", "near", "10.9.0.9" },
	{ "no gateway", "ip route add default dev far", "far", "::" },
	{ "multipath", "ip route add default nexthop via 10.8.0.9 nexthop "
	  "via 10.9.0.9", "far", "10.8.0.9" },
	{ "another table", "ip route add default via 10.9.0.9 table 99", "",
	  "::" },
	{ "blackhole", "ip route add blackhole default", "", "::" },
	{ "a half of it", "ip route add 0.0.0.0/1 via 10.9.0.9", "", "::" },
};

Test(netinfo, default_route)
{
	for (size_t i = 0; i < NITEMS(routes); i++) {
		struct netinfo n;
		struct ipaddr want = addr(routes[i].gateway);

		private_net();
		veth();
		run("ip addr add 10.9.0.1/24 dev near");
		run("ip addr add 10.8.0.1/24 dev far");
		run("%s", routes[i].routes);
		n = read_info();
		cr_expect_str_eq(n.default_ifname, routes[i].ifname, "%s: %s",
				 routes[i].what, n.default_ifname);
		cr_expect(ipaddr_equal(&n.gateway, &want), "%s",
			  routes[i].what);
	}
}

Test(netinfo, interface_of_a_server)
{
	struct netinfo n;

	private_net();
	veth();
	run("ip addr add 10.9.0.1/24 dev near");
	run("ip addr add 10.9.0.66/26 dev far");
	n = read_info();
	expect_interface(&n, "10.9.0.3", "near");
	expect_interface(&n, "10.9.0.70", "far");	/* longest prefix */
	expect_interface(&n, "192.0.2.1", "");		/* no route, two links */
	expect_interface(&n, "fe80::1", "");
	run("ip route add 192.0.2.0/24 via 10.9.0.9");
	n = read_info();
	expect_interface(&n, "192.0.2.1", "near");	/* the kernel's */
	expect_interface(&n, "10.9.0.1", "near");	/* an own one */
}

Test(netinfo, too_many_addresses)
{
	struct netinfo n;
	struct why why;

	private_net();
	veth();
	for (unsigned int i = 1; i <= POLICY_NETS; i++)
		run("ip addr add 10.9.%u.1/24 dev near", i);
	n = read_info();
	cr_expect_eq(n.n_own, POLICY_NETS);
	cr_expect_eq(n.n_onlink, POLICY_NETS);
	run("ip addr add 10.8.0.1/24 dev near");
	cr_expect_eq(netinfo_read(&n, &why), -E2BIG);
	cr_expect_str_eq(why.text, "this host has more than 64 addresses");
}

/* Waits for one event of this kind and interface; others pass by. */
static bool see(struct netmon *m, enum netmon_kind kind, const char *ifname)
{
	struct pollfd p = { .fd = netmon_fd(m), .events = POLLIN };
	char name[IF_NAMESIZE];
	enum netmon_kind is;
	int n;

	do {
		while ((n = netmon_next(m, &is, name)) == 1)
			if (is == kind && strcmp(name, ifname) == 0)
				return true;
		cr_assert_eq(n, 0);
	} while (poll(&p, 1, 2000) == 1);
	return false;
}

Test(netinfo, only_link)
{
	struct netmon *m;
	struct netinfo n;
	struct why why;

	private_net();
	cr_assert_eq(netmon_open(&m, &why), 0, "%s", why.text);
	run("ip netns add sallyport-test-$PPID");
	run("ip link add near type veth peer name far netns "
	    "sallyport-test-$PPID");
	run("ip link set near up");
	n = read_info();
	cr_expect_str_eq(n.only_ifname, "", "no carrier yet");
	run("ip -n sallyport-test-$PPID link set far up");
	cr_expect(see(m, NETMON_LINK_UP, "near"));
	n = read_info();
	cr_expect_str_eq(n.only_ifname, "near");
	expect_interface(&n, "fe80::1", "near");
	expect_interface(&n, "192.0.2.1", "near");
	netmon_close(m);
	run("ip netns del sallyport-test-$PPID");
}

Test(netmon, events)
{
	struct netmon *m;
	struct why why;

	private_net();
	cr_assert_eq(netmon_open(&m, &why), 0, "%s", why.text);
	veth();
	cr_expect(see(m, NETMON_LINK_UP, "near"));
	run("ip addr add 10.9.0.1/24 dev near");
	cr_expect(see(m, NETMON_ADDRESS, "near"));
	cr_expect(see(m, NETMON_ROUTE, "near"));
	run("ip route add default via 10.9.0.9");
	cr_expect(see(m, NETMON_ROUTE, "near"));
	run("ip link set near down");
	cr_expect(see(m, NETMON_LINK_DOWN, "near"));
	run("ip link del far");
	cr_expect(see(m, NETMON_LINK_DOWN, "near"));
	netmon_close(m);
}

/* A change of something else is not the link coming up again. */
Test(netmon, up_is_told_once)
{
	char name[IF_NAMESIZE];
	enum netmon_kind kind;
	struct netmon *m;
	struct why why;

	private_net();
	cr_assert_eq(netmon_open(&m, &why), 0, "%s", why.text);
	veth();
	cr_assert(see(m, NETMON_LINK_UP, "near"));
	run("ip link set near mtu 1400");
	run("ip link set near alias moved");
	run("ip route add 192.0.2.0/24 dev near");
	for (;;) {
		struct pollfd p = { .fd = netmon_fd(m), .events = POLLIN };

		if (netmon_next(m, &kind, name) == 0) {
			cr_assert_eq(poll(&p, 1, 2000), 1);
			continue;
		}
		if (strcmp(name, "near") != 0)
			continue;
		cr_expect_neq(kind, NETMON_LINK_UP);
		if (kind == NETMON_ROUTE)
			break;
	}
	netmon_close(m);
}

static bool next_of(struct netmon *m, enum netmon_kind want, const char *name)
{
	char ifname[IF_NAMESIZE];
	enum netmon_kind kind;

	for (;;) {
		struct pollfd p = { .fd = netmon_fd(m), .events = POLLIN };

		if (netmon_next(m, &kind, ifname) == 1) {
			if (kind == want && strcmp(ifname, name) == 0)
				return true;
		} else if (poll(&p, 1, 2000) != 1) {
			return false;
		}
	}
}

Test(netmon, what_is_up_already_does_not_come_up)
{
	struct netmon *m;
	struct why why;

	private_net();
	veth();
	cr_assert_eq(netmon_open(&m, &why), 0, "%s", why.text);
	run("ip link set near alias moved");
	run("ip link set near down");
	cr_expect(!next_of(m, NETMON_LINK_UP, "near"));
	netmon_close(m);
}

/* The kernel may tell of it once, when it is there again. */
Test(netmon, a_carrier_that_blinks)
{
	struct netmon *m;
	struct why why;

	private_net();
	veth();
	cr_assert_eq(netmon_open(&m, &why), 0, "%s", why.text);
	run("ip link set far down && ip link set far up");
	cr_expect(next_of(m, NETMON_LINK_UP, "near"));
	netmon_close(m);
}

Test(netmon, another_name)
{
	struct netmon *m;
	struct why why;

	private_net();
	veth();
	run("ip link set near down");
	cr_assert_eq(netmon_open(&m, &why), 0, "%s", why.text);
	run("ip link set near name wifi");
	cr_expect(next_of(m, NETMON_LINK_NAME, "wifi"));
	netmon_close(m);
}

Test(netmon, neighbours_that_have_an_address)
{
	struct neighbour n;
	struct netmon *m;
	struct why why;

	private_net();
	veth();
	cr_assert_eq(netmon_open(&m, &why), 0, "%s", why.text);
	run("ip neigh add 10.9.0.7 dev near nud failed");
	run("ip neigh add 10.9.0.8 dev near lladdr 2:0:0:0:0:8 nud reachable");
	cr_assert(next_of(m, NETMON_NEIGHBOUR, "near"));
	netmon_neighbour(m, &n);
	cr_expect_eq(n.addr.b[15], 8, "the other one is not there");
	cr_expect_eq(n.mac[0], 2);
	cr_expect_eq(n.mac[5], 8);
	run("ip neigh del 10.9.0.8 dev near");
	run("ip neigh add 2001:db8::9 dev near lladdr 2:0:0:0:0:9 nud stale");
	cr_assert(next_of(m, NETMON_NEIGHBOUR, "near"));
	netmon_neighbour(m, &n);
	cr_expect_eq(n.addr.b[15], 9, "nor one that is gone");
	netmon_close(m);
}

Test(netmon, lost_events)
{
	char name[IF_NAMESIZE];
	enum netmon_kind kind;
	struct netmon *m;
	struct why why;
	int size = 1, result;

	private_net();
	cr_assert_eq(netmon_open(&m, &why), 0, "%s", why.text);
	setsockopt(netmon_fd(m), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	veth();
	for (unsigned int i = 1; i < 20; i++)
		run("ip addr add 10.9.%u.1/24 dev near", i);
	while ((result = netmon_next(m, &kind, name)) == 1)
		;
	cr_expect_eq(result, -ENOBUFS);
	netmon_close(m);
}
