/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>

#include "leaklog.h"
#include "os/links.h"

static struct book_entries entries;
static struct leaklog leaklog;
static unsigned int told, kept;

static void setup(void)
{
	memset(&entries, 0, sizeof(entries));
	memset(&leaklog, 0, sizeof(leaklog));
	told = kept = 0;
}

TestSuite(leaklog, .init = setup);

static void tell(void *context, struct leaklog_flow *f, bool keep)
{
	(void)context;
	(void)f;
	told++;
	kept += keep;
}

static bool take(void)
{
	return leaklog_take(&leaklog, &entries, tell, NULL);
}

static void flow(uint16_t to_port, uint64_t packets)
{
	struct book_flow *f = &entries.flow[entries.n];

	cr_assert(ipaddr_parse("192.0.2.1", &f->from));
	cr_assert(ipaddr_parse("192.0.2.2", &f->to));
	f->protocol = 17;
	f->to_port = to_port;
	f->packets = packets;
	entries.n++;
}

static struct leaklog_counts sum(void)
{
	struct leaklog_counts c;

	leaklog_sum(&leaklog, &c);
	return c;
}

Test(leaklog, each_flow_is_told_once)
{
	flow(1, 1);
	cr_expect(!take());
	flow(2, 5);
	entries.flow[0].packets = 7;
	cr_expect(!take() && !take());
	cr_expect_eq(told, 2);
	cr_expect_eq(leaklog.flow[0].packets, 7);
	cr_expect_eq(leaklog.flow[1].packets, 5);
}

Test(leaklog, another_process_goes_on)
{
	entries.drops = 3;
	entries.classes[2] = 10;
	flow(1, 4);
	take();
	leaklog_end(&leaklog);
	memset(&entries, 0, sizeof(entries));
	entries.drops = 2;
	flow(9, 1);
	flow(1, 6);
	take();
	cr_expect_eq(sum().drops, 5);
	cr_expect_eq(sum().classes[2], 10);
	cr_expect_eq(told, 2, "the known one is not new");
	cr_expect_eq(leaklog.n, 2);
	cr_expect_eq(leaklog.flow[0].packets, 10);
}

Test(leaklog, nothing_is_counted_backwards)
{
	entries.packets = 10;
	flow(1, 10);
	take();
	entries.packets = 4;
	entries.flow[0].packets = 4;
	entries.n = 0;
	take();
	cr_expect_eq(sum().packets, 10);
	cr_expect_eq(leaklog.flow[0].packets, 10);
	entries.n = 1;
	take();
	cr_expect_eq(told, 1);
}

Test(leaklog, a_count_of_flows_that_lies)
{
	entries.n = UINT32_MAX;
	for (unsigned int i = 0; take(); i++)
		cr_assert_lt(i, LEAKS_MAX / LEAKLOG_TAKE);
	cr_expect_eq(leaklog.taken, LEAKS_MAX);
	cr_expect_eq(leaklog.flows, LEAKS_MAX);
	cr_expect_eq(told, LEAKS_MAX);
	cr_expect_eq(kept, LEAKLOG_FLOWS);
	cr_expect_eq(leaklog.n, LEAKLOG_FLOWS);
}

/* ---- words */

Test(leaklog, words)
{
	static const struct {
		const char *what, *from, *to;
		uint16_t from_port, to_port, ethertype;
		uint8_t protocol;
		const char *want;
	} rows[] = {
		{ "udp", "192.168.1.2", "8.8.8.8", 5353, 53, 0, 17,
		  "udp 192.168.1.2:5353 -> 8.8.8.8:53" },
		{ "tcp6", "2001:db8::1", "2001:db8::2", 1, 443, 0, 6,
		  "tcp [2001:db8::1]:1 -> [2001:db8::2]:443" },
		{ "no ports", "192.0.2.1", "192.0.2.2", 0, 0, 0, 1,
		  "icmp 192.0.2.1 -> 192.0.2.2" },
		{ "no name", "192.0.2.1", "192.0.2.2", 0, 0, 0, 253,
		  "253 192.0.2.1 -> 192.0.2.2" },
		{ "no address", "0.0.0.0", "0.0.0.0", 0, 0, 0x88b5, 0,
		  "ethertype 88b5" },
		{ "the longest", "2001:db8:1111:2222:3333:4444:5555:6666",
		  "2001:db8:1111:2222:3333:4444:5555:7777", 65535, 65535, 0,
		  17, "udp [2001:db8:1111:2222:3333:4444:5555:6666]:65535 -> "
		  "[2001:db8:1111:2222:3333:4444:5555:7777]:65535" },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct leaklog_flow f = {
			.from_port = rows[i].from_port,
			.to_port = rows[i].to_port,
			.ethertype = rows[i].ethertype,
			.protocol = rows[i].protocol,
		};
		char text[LEAKLOG_TEXT];

		cr_assert(ipaddr_parse(rows[i].from, &f.from));
		cr_assert(ipaddr_parse(rows[i].to, &f.to));
		cr_expect_str_eq(leaklog_text(&f, text), rows[i].want, "%s",
				 rows[i].what);
	}
}

Test(leaklog, which_links_lead_out)
{
	static const struct {
		const char *what, *kind;
		unsigned int type;
		bool port, want;
	} rows[] = {
		{ "Ethernet, Wi-Fi", "", ARPHRD_ETHER, false, true },
		{ "hardware in a bridge", "", ARPHRD_ETHER, true, true },
		{ "loopback", "", ARPHRD_LOOPBACK, false, false },
		{ "a modem without headers", "", ARPHRD_NONE, false, true },
		{ "a modem's channel", "wwan", ARPHRD_NONE, false, true },
		{ "dial-up", "ppp", ARPHRD_PPP, false, true },
		{ "wireguard", "wireguard", ARPHRD_NONE, false, false },
		{ "openvpn, and our own", "tun", ARPHRD_NONE, false, false },
		{ "a virtual machine's port", "tun", ARPHRD_ETHER, true,
		  false },
		{ "a VLAN", "vlan", ARPHRD_ETHER, false, false },
		{ "a bond", "bond", ARPHRD_ETHER, false, false },
		{ "a bridge", "bridge", ARPHRD_ETHER, false, false },
		{ "a container's way out", "veth", ARPHRD_ETHER, false, true },
		{ "a container's port", "veth", ARPHRD_ETHER, true, false },
		{ "never heard of", "quantum", ARPHRD_ETHER, false, true },
	};

	for (size_t i = 0; i < NITEMS(rows); i++)
		cr_expect_eq(links_leave(rows[i].kind, rows[i].type,
					 rows[i].port), rows[i].want, "%s",
			     rows[i].what);
}
