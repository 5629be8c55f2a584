/* SPDX-License-Identifier: ISC */
/*
 * Each test makes a network namespace of its own:
 *
 *	near (10.9.0.1/24, 2001:db8:9::1/64) ---veth--- far (10.9.0.2/24)
 *
 * Both ends lie in it, so no route leads out of it.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/netinfo.h"

static void run(const char *fmt, ...) PRINTF(1, 2);

static void run(const char *fmt, ...)
{
	char command[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	cr_assert_eq(system(command), 0, "%s", command);
}

static void private_net(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0)
		cr_skip_test("needs root for a network namespace");
	run("ip link set lo up");
}

static void veth(void)
{
	run("ip link add near type veth peer name far");
	run("ip link set near up && ip link set far up");
}

static struct ipaddr addr(const char *text)
{
	struct ipaddr a = { { 0 } };

	cr_assert(ipaddr_parse(text, &a), "%s", text);
	return a;
}

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

Test(netinfo, only_link)
{
	struct netinfo n;

	private_net();
	run("ip netns add sallyport-test-$PPID");
	run("ip link add near type veth peer name far netns "
	    "sallyport-test-$PPID");
	run("ip link set near up");
	n = read_info();
	cr_expect_str_eq(n.only_ifname, "", "no carrier yet");
	run("ip -n sallyport-test-$PPID link set far up");
	n = read_info();
	cr_expect_str_eq(n.only_ifname, "near");
	expect_interface(&n, "fe80::1", "near");
	expect_interface(&n, "192.0.2.1", "near");
	run("ip netns del sallyport-test-$PPID");
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

static int listening(int family, const char *at, int type, uint16_t *port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	void *sa = family == AF_INET ? (void *)&v4 : (void *)&v6;
	socklen_t size = family == AF_INET ? sizeof(v4) : sizeof(v6);
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	cr_assert(fd >= 0);
	inet_pton(family, at, family == AF_INET ? (void *)&v4.sin_addr
						: (void *)&v6.sin6_addr);
	cr_assert_eq(bind(fd, sa, size), 0, "%s", at);
	if (type == SOCK_STREAM)
		cr_assert_eq(listen(fd, 16), 0);
	cr_assert_eq(getsockname(fd, sa, &size), 0);
	*port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
	return fd;
}

static int connected(int family, const char *to, uint16_t port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
				   .sin6_port = htons(port) };
	void *sa = family == AF_INET ? (void *)&v4 : (void *)&v6;
	socklen_t size = family == AF_INET ? sizeof(v4) : sizeof(v6);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(family, to, family == AF_INET ? (void *)&v4.sin_addr
						: (void *)&v6.sin6_addr);
	cr_assert_eq(connect(fd, sa, size), 0, "%s: %s", to, strerror(errno));
	return fd;
}

static bool is_alive(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

Test(sockkill, by_remote_address)
{
	static const struct {
		int family;
		const char *to;
		bool dies;
	} rows[] = {
		{ AF_INET,  "10.9.0.1",          true },
		{ AF_INET6, "::ffff:10.9.0.1",   true },
		{ AF_INET6, "2001:db8:9::1",     true },
		{ AF_INET,  "10.9.0.2",          false },
		{ AF_INET6, "2001:db8:9::2",     false },
	};
	struct ipaddr a[3];
	int fd[NITEMS(rows)], server;
	uint16_t port;

	private_net();
	run("ip addr add 10.9.0.1/32 dev lo");
	run("ip addr add 10.9.0.2/32 dev lo");
	run("ip addr add 2001:db8:9::1/128 dev lo nodad");
	run("ip addr add 2001:db8:9::2/128 dev lo nodad");
	server = listening(AF_INET6, "::", SOCK_STREAM, &port);
	for (size_t i = 0; i < NITEMS(rows); i++)
		fd[i] = connected(rows[i].family, rows[i].to, port);

	a[0] = addr("10.9.0.1");
	a[1] = addr("2001:db8:9::1");
	a[2] = addr("192.0.2.1");
	cr_expect_eq(sockkill(a, 0), 0);
	cr_expect_eq(sockkill(&a[2], 1), 0);
	/* To an own address both ends have it as remote, so 3 and 3 more;
	 * one end's reset may be quicker than we are. */
	cr_expect_geq(sockkill(a, 3), 3);
	for (size_t i = 0; i < NITEMS(rows); i++) {
		cr_expect_eq(is_alive(fd[i]), !rows[i].dies, "%s",
			     rows[i].to);
		close(fd[i]);
	}
	cr_expect_eq(sockkill(a, 3), 0, "nothing is left");
	close(server);
}

/* More than one look finds. */
Test(sockkill, many)
{
	enum { MANY = 300 };
	int fd[MANY], server;
	struct ipaddr a;
	uint16_t port;

	private_net();
	server = listening(AF_INET, "127.0.0.2", SOCK_STREAM, &port);
	a = addr("127.0.0.2");
	for (int i = 0; i < MANY; i++) {
		fd[i] = connected(AF_INET, "127.0.0.2", port);
		close(accept(server, NULL, NULL));
	}
	cr_expect_eq(sockkill(&a, 1), MANY);
	for (int i = 0; i < MANY; i++)
		close(fd[i]);
	close(server);
}

static const struct {
	const char *what;
	int family;
	const char *bound, *asked;
	bool known;
} owners[] = {
	{ "exact",          AF_INET,  "127.0.0.1",        "127.0.0.1", true },
	{ "on every",       AF_INET,  "0.0.0.0",          "127.0.0.1", true },
	{ "both families",  AF_INET6, "::",               "127.0.0.1", true },
	{ "v4-mapped",      AF_INET6, "::ffff:127.0.0.1", "127.0.0.1", true },
	{ "another",        AF_INET,  "127.0.0.2",        "127.0.0.1", false },
	{ "v6",             AF_INET6, "::1",              "::1",       true },
	{ "v6 on every",    AF_INET6, "::",               "::1",       true },
	{ "other family",   AF_INET,  "0.0.0.0",          "::1",       false },
};

Test(portowner, table)
{
	char want[64], text[64];

	private_net();
	snprintf(want, sizeof(want), " (pid %d)", (int)getpid());
	for (size_t i = 0; i < 2 * NITEMS(owners); i++) {
		bool tcp = i % 2 != 0, known;
		struct ipaddr a = addr(owners[i / 2].asked);
		uint16_t port;
		int fd = listening(owners[i / 2].family, owners[i / 2].bound,
				   tcp ? SOCK_STREAM : SOCK_DGRAM, &port);

		known = portowner(&a, port, tcp, text, sizeof(text));
		cr_expect_eq(known, owners[i / 2].known, "%s",
			     owners[i / 2].what);
		if (known)
			cr_expect(strstr(text, want) != NULL, "%s", text);
		cr_expect(!portowner(&a, port, !tcp, text, sizeof(text)));
		close(fd);
		cr_expect(!portowner(&a, port, tcp, text, sizeof(text)));
	}
}

/* A program's name may hold anything. */
Test(portowner, hostile_name)
{
	struct ipaddr a;
	char text[64];
	uint16_t port;
	FILE *comm;
	int fd;

	private_net();
	a = addr("127.0.0.1");
	fd = listening(AF_INET, "127.0.0.1", SOCK_DGRAM, &port);
	comm = fopen("/proc/self/comm", "w");
	cr_assert(comm != NULL);
	fputs("a\n\033[31m b", comm);
	fclose(comm);
	cr_assert(portowner(&a, port, false, text, sizeof(text)));
	cr_expect(strncmp(text, "a??[31m b (pid ", 15) == 0, "%s", text);
	close(fd);
}
