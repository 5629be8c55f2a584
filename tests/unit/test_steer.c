/* SPDX-License-Identifier: ISC */
/*
 * The routing of DNS in a namespace of its own, seen by ip(8): what is laid,
 * what is taken away and what is not, what is put right.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "log.h"
#include "netns.h"
#include "os/netinfo.h"
#include "os/steer.h"

static struct steer *steer;
static struct why why;

#define OURS "pref 53 | grep 'proto 53$'"

/* Lines that a command prints. */
static int lines(const char *command)
{
	FILE *f = popen(command, "r");
	int n = 0, c;

	cr_assert_not_null(f);
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	pclose(f);
	return n;
}

static void open_one(void)
{
	log_open(true, LEVEL_ERROR);
	private_net();
	cr_assert_eq(steer_open(&steer, &why), 0, "%s", why.text);
}

static void expect_laid(int rules4, int rules6, const char *what)
{
	cr_expect_eq(lines("ip -4 rule show " OURS), rules4, "%s: IPv4", what);
	cr_expect_eq(lines("ip -6 rule show " OURS), rules6, "%s: IPv6", what);
	cr_expect_eq(lines("ip -4 route show table 1935764580 2>/dev/null"),
		     rules4 > 0, "%s: IPv4 route", what);
	cr_expect_eq(lines("ip -6 route show table 1935764580 2>/dev/null"),
		     rules6 > 0, "%s: IPv6 route", what);
}

Test(steer, on_and_off)
{
	open_one();
	expect_laid(0, 0, "open");
	cr_expect_eq(lines("ip -o link show up dev " STEER_DEVICE), 0);
	cr_assert_eq(steer_on(steer, &why), 0, "%s", why.text);
	expect_laid(3, 3, "on");
	cr_expect_eq(lines("ip -o link show up dev " STEER_DEVICE
			   " | grep 'mtu 4096'"), 1);
	cr_expect_eq(lines("ip -o addr show dev " STEER_DEVICE), 2,
		     "no link-local address");
	cr_assert_eq(steer_on(steer, &why), 0, "twice");
	expect_laid(3, 3, "twice");
	cr_assert_eq(steer_off(steer, &why), 0, "%s", why.text);
	expect_laid(0, 0, "off");
	cr_assert_eq(steer_off(steer, &why), 0, "off twice");
	steer_close(steer);
	cr_expect_neq(system("ip link show " STEER_DEVICE
			     " >/dev/null 2>&1"), 0);
}

static void expect_route(const char *how, bool ours)
{
	char command[160];

	snprintf(command, sizeof(command), "ip route get 192.0.2.7 %s | grep "
		 "'dev %s'", how, ours ? STEER_DEVICE : "near");
	cr_expect_eq(lines(command), 1, "%s", how);
}

Test(steer, only_dns_of_this_host)
{
	open_one();
	veth();
	run("ip addr add 10.9.0.1/24 dev near");
	run("ip route add default via 10.9.0.2");
	cr_assert_eq(steer_on(steer, &why), 0, "%s", why.text);
	expect_route("ipproto udp dport 53", true);
	expect_route("ipproto tcp dport 53", true);
	expect_route("mark 0x73616c64", true);
	expect_route("ipproto udp dport 54", false);
	expect_route("ipproto icmp", false);
	expect_route("ipproto udp sport 53 dport 99", false);
	expect_route("ipproto udp dport 53 oif near", false);
	expect_route("mark 0x73616c6c", false);
	/* What is forwarded goes where it went. */
	run("sysctl -qw net.ipv4.ip_forward=1");
	run("ip route get 192.0.2.7 from 10.9.0.9 iif near ipproto udp "
	    "dport 53 | grep -q 'dev near'");
	cr_assert_eq(steer_off(steer, &why), 0);
	expect_route("ipproto udp dport 53", false);
	steer_close(steer);
}

static const char *const foreign[] = {
	"pref 53 proto 54 lookup 1935764580",
	"pref 54 proto 53 lookup 1935764580",
	"pref 53 proto 53 lookup 1935764581",
	"pref 53 ipproto udp dport 53 lookup main",
};

Test(steer, rules_of_others_stay)
{
	open_one();
	for (size_t i = 0; i < NITEMS(foreign); i++)
		run("ip rule add %s", foreign[i]);
	cr_assert_eq(steer_on(steer, &why), 0, "%s", why.text);
	cr_expect_eq(steer_verify(steer, &why), 0);
	cr_assert_eq(steer_off(steer, &why), 0);
	cr_assert_eq(steer_heal(&why), 0);
	for (size_t i = 0; i < NITEMS(foreign); i++)
		run("ip rule del %s", foreign[i]);
	steer_close(steer);
}

static const struct {
	const char *what, *command;
} damages[] = {
	{ "a rule is gone", "ip rule del pref 53 ipproto udp dport 53" },
	{ "the mark's is gone", "ip rule del pref 53 fwmark 0x73616c64" },
	{ "an IPv6 rule is gone",
	  "ip -6 rule del pref 53 ipproto tcp dport 53" },
	{ "all are gone", "ip rule flush" },
	{ "one that calls itself ours", "ip rule add pref 53 proto 53 from "
	  "10.0.0.0/8 lookup 1935764580" },
	{ "one for another port in place of ours", "ip rule del pref 53 "
	  "ipproto udp dport 53 && ip rule add pref 53 proto 53 iif lo "
	  "ipproto udp dport 54 lookup 1935764580" },
	{ "one for one user in place of ours", "ip rule del pref 53 "
	  "ipproto udp dport 53 && ip rule add pref 53 proto 53 iif lo "
	  "ipproto udp dport 53 uidrange 7-7 lookup 1935764580" },
	{ "one turned round in place of ours", "ip rule del pref 53 "
	  "ipproto udp dport 53 && ip rule add not pref 53 proto 53 iif lo "
	  "ipproto udp dport 53 lookup 1935764580" },
	{ "the route is gone", "ip route flush table 1935764580" },
	{ "the IPv6 route is gone", "ip -6 route flush table 1935764580" },
	{ "another route beside ours",
	  "ip route add unreachable 192.0.2.0/24 table 1935764580" },
	{ "the device is down", "ip link set " STEER_DEVICE " down" },
};

Test(steer, damage_is_put_right)
{
	open_one();
	cr_assert_eq(steer_on(steer, &why), 0, "%s", why.text);
	for (size_t i = 0; i < NITEMS(damages); i++) {
		cr_expect_eq(steer_verify(steer, &why), 0, "before: %s",
			     damages[i].what);
		run("%s", damages[i].command);
		cr_expect_eq(steer_verify(steer, &why), 1, "%s",
			     damages[i].what);
		expect_laid(3, 3, damages[i].what);
	}
	steer_close(steer);
}

Test(steer, a_device_that_is_gone_is_told)
{
	open_one();
	cr_assert_eq(steer_on(steer, &why), 0, "%s", why.text);
	run("ip link del " STEER_DEVICE);
	cr_expect(!steer_alive(steer));
	cr_expect_eq(steer_verify(steer, &why), -ENODEV);
	cr_expect_eq(steer_off(steer, &why), 0, "its rules go all the same");
	expect_laid(0, 0, "gone");
	steer_close(steer);
	cr_assert_eq(steer_open(&steer, &why), 0, "%s", why.text);
	run("ip link set " STEER_DEVICE " name other0");
	cr_expect(!steer_alive(steer), "renamed");
	steer_close(steer);
}

Test(steer, a_dead_ones_rules_are_healed)
{
	open_one();
	cr_assert_eq(steer_on(steer, &why), 0, "%s", why.text);
	steer_close(steer);
	cr_expect_eq(lines("ip rule show " OURS), 3, "left behind");
	cr_assert_eq(steer_heal(&why), 0, "%s", why.text);
	expect_laid(0, 0, "healed");
	cr_assert_eq(steer_heal(&why), 0, "nothing to heal");
}

static const struct {
	const char *what, *command;
} taken[] = {
	{ "a TUN", "ip tuntap add dev " STEER_DEVICE " mode tun" },
	{ "no TUN", "ip link add " STEER_DEVICE " type veth peer name far" },
};

Test(steer, a_device_of_others_is_left_alone)
{
	private_net();
	for (size_t i = 0; i < NITEMS(taken); i++) {
		run("%s", taken[i].command);
		cr_expect_eq(steer_open(&steer, &why), -EBUSY, "%s",
			     taken[i].what);
		cr_expect(strstr(why.text, STEER_DEVICE " is there already"),
			  "%s", why.text);
		run("ip link del " STEER_DEVICE);
	}
}

Test(steer, without_ipv6)
{
	open_one();
	run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1");
	cr_assert_eq(steer_on(steer, &why), 0, "%s", why.text);
	expect_laid(3, 0, "IPv6 is off");
	cr_expect_eq(steer_verify(steer, &why), 0);
	cr_expect_eq(lines("sysctl net.ipv6.conf." STEER_DEVICE
			   ".disable_ipv6 | grep '= 1'"), 1, "it stays off");
	run("sysctl -qw net.ipv6.conf.all.disable_ipv6=0");
	cr_expect_eq(steer_verify(steer, &why), 1, "it comes back");
	expect_laid(3, 3, "IPv6 is on");
	steer_close(steer);
}

Test(steer, a_new_reader_gets_no_old_packets)
{
	char packet[64];
	int fd;

	open_one();
	cr_assert_eq(steer_on(steer, &why), 0, "%s", why.text);
	run("for i in 1 2 3; do echo old >/dev/udp/192.0.2.1/53; done"
	    " 2>/dev/null || echo old | nc -u -w 0 192.0.2.1 53 || true");
	fd = steer_fd(steer);
	cr_expect_eq(read(fd, packet, sizeof(packet)), -1);
	cr_expect_eq(errno, EAGAIN);
	steer_close(steer);
}

Test(steer, it_is_no_uplink)
{
	struct ipaddr server, own = steer_address(0);
	char ifname[IF_NAMESIZE];
	struct netinfo n;

	open_one();
	cr_assert_eq(steer_on(steer, &why), 0, "%s", why.text);
	cr_assert_eq(netinfo_read(&n, &why), 0);
	cr_expect_str_eq(n.only_ifname, "");
	cr_expect_eq(n.n_onlink, 0);
	cr_expect_eq(n.n_own, STEER_ADDRESSES);
	cr_expect(ipaddr_equal(&n.own[0], &own) ||
		  ipaddr_equal(&n.own[1], &own));
	cr_expect_str_eq(n.default_ifname, "");
	cr_assert(ipaddr_parse("192.0.2.53", &server));
	netinfo_interface(&n, &server, ifname);
	cr_expect_str_eq(ifname, "");
	steer_close(steer);
}
