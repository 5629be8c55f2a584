/* SPDX-License-Identifier: ISC */
#include "listening.h"

/* --- UDP --- */

Test(listener, udp, .init = setup, .fini = teardown)
{
	int fd = client("127.0.0.1", SOCK_DGRAM);
	char buf[64];

	put(fd, "hello", 5);
	go_round(T);
	cr_expect_eq(heard.n, 1);
	cr_expect_not(client_is_tcp(&heard.from[0]));
	cr_expect_eq(take(fd, buf, sizeof(buf)), 5);
	cr_expect_str_eq(buf, "hello");
	cr_expect_eq(counted(COUNT_QUERY_UDP), 1);
}

Test(listener, udp_over_ipv6, .init = setup_v6, .fini = teardown)
{
	int fd = client("::1", SOCK_DGRAM);
	char buf[64];

	put(fd, "hello", 5);
	go_round(T);
	take(fd, buf, sizeof(buf));
	cr_expect_str_eq(buf, "hello");
}

static const struct {
	const char *what;
	size_t len;
	unsigned int queries;
} sizes[] = {
	{ "nothing", 0, 1 },
	{ "one octet", 1, 1 },
	{ "just a slot", SLOT_SIZE, 1 },
	{ "an octet more than a slot", SLOT_SIZE + 1, 0 },
	{ "the most there is", 65507, 0 },
};

Test(listener, udp_sizes, .init = setup, .fini = teardown)
{
	static uint8_t big[65507];
	int fd = client("127.0.0.1", SOCK_DGRAM);

	heard.what = HOLD;
	for (size_t i = 0; i < NITEMS(sizes); i++) {
		uint64_t longs = counted(PARSE_LONG);

		heard.n = 0;
		put(fd, big, sizes[i].len);
		go_round(T);
		cr_expect_eq(heard.n, sizes[i].queries, "%s", sizes[i].what);
		cr_expect_eq(counted(PARSE_LONG), longs + !sizes[i].queries,
			     "%s", sizes[i].what);
		if (heard.n == 1)
			cr_expect_eq(heard.len[0], sizes[i].len, "%s",
				     sizes[i].what);
	}
}

/* A flood is read in portions, that grow: others have their turn in between. */
Test(listener, udp_burst_is_bounded, .init = setup, .fini = teardown)
{
	int fd = client("127.0.0.1", SOCK_DGRAM);

	heard.what = HOLD;
	for (unsigned int i = 0; i < 100; i++)
		put(fd, "x", 1);
	for (unsigned int i = 0; i < 8; i++) {
		unsigned int before = heard.n;

		go_round(T);
		cr_expect_leq(heard.n - before, LISTENER_BATCH);
	}
	cr_expect_eq(heard.n, 100);
}

/* --- who is heard --- */

static const struct {
	const char *what, *from;
	bool heard;
} locals[] = {
	{ "loopback", "127.0.0.1", true },
	{ "another loopback address", "127.9.9.9", true },
	{ "an address of ours", "192.0.2.7", true },
	{ "somebody else", "192.0.2.8", false },
};

/* Binds first: the address is what this is about. */
static int client_from(const char *from, int type)
{
	struct ipaddr a = addr(from), to = addr("127.0.0.1");
	union sockaddr_any sa;
	socklen_t salen = sockaddr_make(&sa, &a, 0, 0);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	cr_assert_geq(fd, 0);
	cr_assert_eq(bind(fd, &sa.sa, salen), 0, "%s", from);
	salen = sockaddr_make(&sa, &to, port, 0);
	cr_assert_eq(connect(fd, &sa.sa, salen), 0);
	return fd;
}

/* A namespace whose loopback also has addresses that look like others'. */
Test(listener, only_this_machine_is_heard, .fini = teardown)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0 ||
	    system("ip link set lo up && ip addr add 192.0.2.7/32 dev lo && "
		   "ip addr add 192.0.2.8/32 dev lo") != 0)
		cr_skip("needs root and ip(8)");
	setup();
	judge.n_own = 1;
	judge.own[0] = addr("192.0.2.7");
	for (size_t i = 0; i < NITEMS(locals); i++) {
		uint64_t before = counted(COUNT_NONLOCAL);
		int fd = client_from(locals[i].from, SOCK_DGRAM);

		heard.n = 0;
		put(fd, "x", 1);
		go_round(T);
		cr_expect_eq(heard.n, locals[i].heard, "%s", locals[i].what);
		close(fd);
		fd = client_from(locals[i].from, SOCK_STREAM);
		go_round(T);
		cr_expect_eq(connections(), locals[i].heard, "%s, TCP",
			     locals[i].what);
		cr_expect_eq(counted(COUNT_NONLOCAL),
			     before + (locals[i].heard ? 0u : 2u), "%s",
			     locals[i].what);
		if (!locals[i].heard) {
			cr_expect(is_closed(fd), "%s", locals[i].what);
			continue;
		}
		close(fd);
		go_round(T);
	}
}

Test(listener, udp_client_that_is_gone, .init = setup, .fini = teardown)
{
	int fd = client("127.0.0.1", SOCK_DGRAM), other;
	char buf[64];

	put(fd, "a", 1);
	heard.what = HOLD;
	go_round(T);
	close(fd);
	listener_send(&l, &heard.from[0], (const uint8_t *)"x", 1);
	listener_send(&l, &heard.from[0], (const uint8_t *)"x", 1);
	heard.what = ECHO;
	other = client("127.0.0.1", SOCK_DGRAM);
	put(other, "b", 1);
	go_round(T);
	take(other, buf, sizeof(buf));
	cr_expect_str_eq(buf, "b");
}

/* --- binding --- */

Test(listener, port_in_use, .init = setup, .fini = teardown)
{
	struct ipaddr a = addr("127.0.0.1");
	unsigned int n = l.n;

	cr_expect_eq(listener_bind(&l, &a, port), -EADDRINUSE);
	cr_expect_eq(l.n, n);
}

/* UDP is free, TCP is not: UDP is given back. */
Test(listener, tcp_port_in_use, .init = setup, .fini = teardown)
{
	struct ipaddr a = addr("127.0.0.1");
	int udp;

	close(l.udp[0]);
	cr_expect_eq(listener_bind(&l, &a, port), -EADDRINUSE);
	udp = client("127.0.0.1", SOCK_DGRAM);
	put(udp, "x", 1);
	cr_expect_lt(send(udp, "x", 1, 0), 0, "nobody is there");
	cr_expect_eq(errno, ECONNREFUSED);
}

Test(listener, no_more_than_there_is_room_for, .init = setup,
     .fini = teardown)
{
	for (unsigned int i = 1; i < POLICY_LISTEN; i++)
		listen_on("127.0.0.1");

	struct ipaddr a = addr("127.0.0.1");

	cr_expect_eq(listener_bind(&l, &a, 1), -ENOSPC);
}
