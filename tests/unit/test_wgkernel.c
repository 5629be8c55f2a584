/* SPDX-License-Identifier: ISC */
/*
 * What the kernel's WireGuard says, as attributes: true ones, and such as no
 * kernel sends.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <string.h>

#include "os/wgkernel.h"

static _Alignas(8) char buf[4096];

static struct nlmsghdr *begin(void)
{
	struct nlmsghdr *h;

	memset(buf, 0, sizeof(buf));
	h = mnl_nlmsg_put_header(buf);
	mnl_nlmsg_put_extra_header(h, sizeof(struct genlmsghdr));
	return h;
}

static void put_v4(struct nlmsghdr *h, uint16_t family, size_t size)
{
	struct sockaddr_in6 room = { 0 };
	struct sockaddr_in sa = { .sin_family = family,
				  .sin_port = htons(51820) };

	sa.sin_addr.s_addr = htonl(0xc0000201);
	memcpy(&room, &sa, sizeof(sa));
	mnl_attr_put(h, WGPEER_A_ENDPOINT, size, &room);
}

static void put_time(struct nlmsghdr *h, int64_t s, int64_t ns, size_t size)
{
	const int64_t t[3] = { s, ns, 0 };

	mnl_attr_put(h, WGPEER_A_LAST_HANDSHAKE_TIME, size, t);
}

static const struct {
	const char *what;
	uint16_t family;
	size_t endpoint;	/* octets; 0 = none */
	int64_t s, ns;
	size_t time;
	int want;
	uint64_t handshake;
	unsigned int n;
} rows[] = {
	{ "as it is", AF_INET, 16, 1700000000, 5, 16, 0,
	  UINT64_C(1700000000000000005), 1 },
	{ "no handshake yet", AF_INET, 16, 0, 0, 16, 0, 0, 1 },
	{ "no endpoint yet", AF_INET, 0, 1, 0, 16, 0, UINT64_C(1000000000),
	  0 },
	{ "no time at all", AF_INET, 16, 0, 0, 0, 0, 0, 1 },
	{ "an endpoint cut short", AF_INET, 15, 0, 0, 16, 0, 0, 0 },
	{ "an endpoint of 0 octets", AF_INET, 1, 0, 0, 16, 0, 0, 0 },
	{ "IPv6's size, IPv4's family", AF_INET, 28, 0, 0, 16, 0, 0, 0 },
	{ "IPv4's size, IPv6's family", AF_INET6, 16, 0, 0, 16, 0, 0, 0 },
	{ "no family", AF_UNSPEC, 16, 0, 0, 16, 0, 0, 0 },
	{ "a time cut short", AF_INET, 16, 1, 0, 15, -EBADMSG, 0, 0 },
	{ "a time too long", AF_INET, 16, 1, 0, 24, -EBADMSG, 0, 0 },
	{ "a time below 0", AF_INET, 16, -1, 0, 16, -EBADMSG, 0, 0 },
	{ "nanoseconds below 0", AF_INET, 16, 1, -1, 16, -EBADMSG, 0, 0 },
	{ "a second of them", AF_INET, 16, 1, 1000000000, 16, -EBADMSG, 0, 0 },
	{ "the end of time", AF_INET, 16, INT64_MAX, 0, 16, -EBADMSG, 0, 0 },
};

Test(wgkernel, peers)
{
	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct nlmsghdr *h = begin();
		struct nlattr *peers = mnl_attr_nest_start(h, WGDEVICE_A_PEERS);
		struct nlattr *peer = mnl_attr_nest_start(h, 0);
		struct wgdevice w = { 0 };

		if (rows[i].endpoint != 0)
			put_v4(h, rows[i].family, rows[i].endpoint);
		if (rows[i].time != 0)
			put_time(h, rows[i].s, rows[i].ns, rows[i].time);
		mnl_attr_nest_end(h, peer);
		mnl_attr_nest_end(h, peers);
		cr_expect_eq(wgkernel_take(h, &w), rows[i].want, "%s",
			     rows[i].what);
		if (rows[i].want < 0)
			continue;
		cr_expect_eq(w.handshake, rows[i].handshake, "%s",
			     rows[i].what);
		cr_expect_eq(w.n_endpoints, rows[i].n, "%s", rows[i].what);
	}
}

static void put_peer(struct nlmsghdr *h, unsigned int i)
{
	struct nlattr *peer = mnl_attr_nest_start(h, (uint16_t)i);
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6,
				   .sin6_port = htons(1) };
	const uint64_t sent = 100;

	sa.sin6_addr.s6_addr[0] = 0x20;
	sa.sin6_addr.s6_addr[15] = (uint8_t)i;
	mnl_attr_put(h, WGPEER_A_ENDPOINT, sizeof(sa), &sa);
	mnl_attr_put(h, WGPEER_A_TX_BYTES, sizeof(sent), &sent);
	put_time(h, (int64_t)(100 - i), 0, 16);
	mnl_attr_nest_end(h, peer);
}

/* More peers than fit a message come in several. */
Test(wgkernel, many_peers)
{
	struct wgdevice w = { 0 };

	for (unsigned int part = 0; part < 3; part++) {
		struct nlmsghdr *h = begin();
		struct nlattr *peers;

		mnl_attr_put_u32(h, WGDEVICE_A_FWMARK, 0xca6c);
		peers = mnl_attr_nest_start(h, WGDEVICE_A_PEERS);
		for (unsigned int i = 0; i < 10; i++)
			put_peer(h, part * 10 + i);
		mnl_attr_nest_end(h, peers);
		cr_assert_eq(wgkernel_take(h, &w), 0);
	}
	cr_expect_eq(w.handshake, UINT64_C(100000000000), "the newest");
	cr_expect_eq(w.sent, 3000);
	cr_expect_eq(w.mark, 0xca6c);
	cr_expect_eq(w.n_endpoints, CONF_ENDPOINTS, "the first ones");
}

Test(wgkernel, no_such_attributes)
{
	struct nlmsghdr *h = begin();
	struct wgdevice w = { 0 };

	mnl_attr_put_u16(h, WGDEVICE_A_FWMARK, 7);
	mnl_attr_put_u32(h, 999, 1);
	cr_expect_eq(wgkernel_take(h, &w), 0);
	cr_expect_eq(w.mark, 0);
	h = mnl_nlmsg_put_header(buf);
	cr_expect_eq(wgkernel_take(h, &w), 0, "no header of generic netlink");
}

/* Where the kernel has no WireGuard, no such device either. */
Test(wgkernel, nobody_is_there)
{
	struct wgdevice w = { .sent = 7 };

	cr_expect_lt(wgkernel_read("sp-nobody", &w), 0);
	cr_expect_eq(w.sent, 7, "untouched");
}
