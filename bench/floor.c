/* SPDX-License-Identifier: ISC */
/*
 * What a forwarder cannot be quicker than: one process, one socket upstream,
 * no policy, no validation, a hand-packed netlink batch.
 *
 *   bench_floor relay UPSTREAM		nothing is opened
 *   bench_floor ack UPSTREAM		address opened, acknowledged, replied
 *   bench_floor late UPSTREAM		replied, then opened: the violation
 *   bench_floor echo SIZE		every datagram is replied to with as many
 *					octets, first of them its own
 *
 * It listens on 127.0.0.1:53. The sets are allow4 and allow6 of the table
 * inet bench; the address is what a response ends in.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bulkname.h"

enum {
	FLIGHT = 65536,
	SEQ = 1,
	LATE_US = 200,	/* so that a client which is awake always sees it */
};

enum way { WAY_RELAY, WAY_ACK, WAY_LATE };

static const char *const way_names[] = {
	[WAY_RELAY] = "relay", [WAY_ACK] = "ack", [WAY_LATE] = "late",
};

static enum way way;
static int client_fd, upstream_fd, netlink_fd;

static struct waiting {
	struct sockaddr_in from;
	uint16_t id;
} waiting[FLIGHT];

/* ---- the kernel's set */

/* BEGIN, NEWSETELEM, END, complete but for the address. */
static struct packed {
	size_t len, key;
	_Alignas(4) uint8_t b[512];
} add4, add6;

static void *put(struct packed *p, const void *bytes, size_t len)
{
	uint8_t *at = p->b + p->len;

	memcpy(at, bytes, len);
	p->len += (len + 3) & ~(size_t)3;
	return at;
}

static size_t begin(struct packed *p, uint16_t type, uint16_t flags,
		    uint8_t family, uint16_t res)
{
	const struct nlmsghdr h = {
		.nlmsg_type = type, .nlmsg_seq = SEQ,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
	};
	const struct nfgenmsg g = {
		.nfgen_family = family, .version = NFNETLINK_V0,
		.res_id = htons(res),
	};
	size_t at = p->len;

	put(p, &h, sizeof(h));
	put(p, &g, sizeof(g));
	return at;
}

static void end(struct packed *p, size_t at)
{
	const uint32_t len = (uint32_t)(p->len - at);

	memcpy(p->b + at, &len, sizeof(len));
}

static size_t open_nest(struct packed *p, uint16_t type)
{
	const struct nlattr a = { .nla_type = (uint16_t)(type | NLA_F_NESTED) };
	size_t at = p->len;

	put(p, &a, sizeof(a));
	return at;
}

static void close_nest(struct packed *p, size_t at)
{
	const uint16_t len = (uint16_t)(p->len - at);

	memcpy(p->b + at, &len, sizeof(len));
}

static void put_attr(struct packed *p, uint16_t type, const void *v,
		     size_t len)
{
	const struct nlattr a = { .nla_len = (uint16_t)(sizeof(a) + len),
				  .nla_type = type };

	put(p, &a, sizeof(a));
	put(p, v, len);
}

static void pack(struct packed *p, const char *set, size_t key_len)
{
	static const uint8_t none[16];
	const uint16_t type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM;
	size_t at, list, elem, key;

	at = begin(p, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	end(p, at);
	at = begin(p, type, NLM_F_CREATE | NLM_F_ACK, NFPROTO_INET, 0);
	put_attr(p, NFTA_SET_ELEM_LIST_TABLE, "bench", sizeof("bench"));
	put_attr(p, NFTA_SET_ELEM_LIST_SET, set, strlen(set) + 1);
	list = open_nest(p, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = open_nest(p, NFTA_LIST_ELEM);
	key = open_nest(p, NFTA_SET_ELEM_KEY);
	put_attr(p, NFTA_DATA_VALUE, none, key_len);
	p->key = p->len - key_len;
	close_nest(p, key);
	close_nest(p, elem);
	close_nest(p, list);
	end(p, at);
	at = begin(p, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	end(p, at);
}

static bool add(const uint8_t *addr, bool v4)
{
	struct packed *p = v4 ? &add4 : &add6;
	_Alignas(4) uint8_t in[512];
	const struct nlmsgerr *e = NLMSG_DATA((struct nlmsghdr *)in);

	memcpy(p->b + p->key, addr, v4 ? 4 : 16);
	if (send(netlink_fd, p->b, p->len, 0) < 0 ||
	    recv(netlink_fd, in, sizeof(in), 0) < (ssize_t)NLMSG_HDRLEN + 4)
		return false;
	if (e->error != 0)
		warnx("the kernel: %s", strerror(-e->error));
	return e->error == 0;
}

static void open_netlink(void)
{
	const struct sockaddr_nl sa = { .nl_family = AF_NETLINK };

	netlink_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			    NETLINK_NETFILTER);
	if (netlink_fd < 0 ||
	    bind(netlink_fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0)
		err(1, "netlink");
	pack(&add4, "allow4", 4);
	pack(&add6, "allow6", 16);
}

/* ---- both ways */

static void forward(void)
{
	static uint16_t next;
	uint8_t msg[BULKNAME_MESSAGE];
	struct waiting *w = &waiting[++next];
	socklen_t len = sizeof(w->from);
	ssize_t n = recvfrom(client_fd, msg, sizeof(msg), MSG_DONTWAIT,
			     (struct sockaddr *)&w->from, &len);

	if (n < BULKNAME_HEADER)
		return;
	memcpy(&w->id, msg, sizeof(w->id));
	memcpy(msg, &next, sizeof(next));
	(void)!send(upstream_fd, msg, (size_t)n, 0);
}

/* Its type stands 10 octets and the address before its end. */
static bool open_address(const uint8_t *msg, size_t len)
{
	bool v4 = len > 14 && msg[len - 14] == 0 && msg[len - 13] == 1 &&
		  msg[len - 5] == 4;

	return add(msg + len - (v4 ? 4 : 16), v4);
}

static void back(void)
{
	uint8_t msg[BULKNAME_MESSAGE];
	ssize_t n = recv(upstream_fd, msg, sizeof(msg), MSG_DONTWAIT);
	const struct waiting *w;
	uint16_t id;
	bool open;

	if (n < BULKNAME_HEADER)
		return;
	memcpy(&id, msg, sizeof(id));
	w = &waiting[id];
	memcpy(msg, &w->id, sizeof(w->id));
	open = msg[7] != 0;
	if (open && way == WAY_ACK && !open_address(msg, (size_t)n))
		return;
	(void)!sendto(client_fd, msg, (size_t)n, 0,
		      (const struct sockaddr *)&w->from, sizeof(w->from));
	if (open && way == WAY_LATE) {
		usleep(LATE_US);
		(void)open_address(msg, (size_t)n);
	}
}

static void serve(void)
{
	struct pollfd p[2] = {
		{ .fd = client_fd, .events = POLLIN },
		{ .fd = upstream_fd, .events = POLLIN },
	};

	for (;;) {
		if (poll(p, 2, -1) <= 0)
			continue;
		if (p[1].revents != 0)
			back();
		if (p[0].revents != 0)
			forward();
	}
}

static void echo(size_t size)
{
	uint8_t msg[BULKNAME_MESSAGE] = { 0 };

	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);

		if (recvfrom(client_fd, msg, sizeof(msg), 0,
			     (struct sockaddr *)&from, &len) < 0)
			continue;
		(void)!sendto(client_fd, msg, size, 0,
			      (const struct sockaddr *)&from, len);
	}
}

static void connect_upstream(const char *text)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
				  .sin_port = htons(53) };

	if (inet_pton(AF_INET, text, &sa.sin_addr) != 1)
		errx(2, "%s is no IPv4 address", text);
	upstream_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (upstream_fd < 0 || connect(upstream_fd, (struct sockaddr *)&sa,
				       sizeof(sa)) < 0)
		err(1, "upstream");
}

static void listen_for_clients(void)
{
	const struct sockaddr_in sa = {
		.sin_family = AF_INET, .sin_port = htons(53),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	client_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (client_fd < 0 ||
	    bind(client_fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0)
		err(1, "port 53");
}

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: bench_floor relay|ack|late UPSTREAM, or "
		     "echo SIZE");
	listen_for_clients();
	if (strcmp(argv[1], "echo") == 0)
		echo((size_t)atoi(argv[2]) % BULKNAME_MESSAGE);
	while (strcmp(way_names[way], argv[1]) != 0)
		if (way++ == WAY_LATE)
			errx(2, "what is %s?", argv[1]);
	connect_upstream(argv[2]);
	open_netlink();
	serve();
}
