/* SPDX-License-Identifier: ISC */
/* From which ports upstreams are asked, where it matters (exempt = ports). */
#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

#include "sockaddr.h"
#include "upstream.h"

enum { FIRST = 21053, SMALL = 8, LO = 1 };

static const struct {
	const char *what, *server;
	uint32_t ifindex;
	bool tcp;
} kinds[] = {
	{ "UDP over IPv4", "127.0.0.1", 0, false },
	{ "UDP over IPv4, on an interface", "127.0.0.1", LO, false },
	{ "UDP over IPv6", "::1", 0, false },
	{ "UDP over IPv6, on an interface", "::1", LO, false },
	{ "TCP over IPv4", "127.0.0.1", 0, true },
	{ "TCP over IPv6, on an interface", "::1", LO, true },
};

static struct policy_upstream upstream_of(size_t i, uint16_t n)
{
	struct policy_upstream u = {
		.port = 9, .ifindex = kinds[i].ifindex,
		.from = { FIRST, (uint16_t)(FIRST + n - 1) },
	};

	cr_assert(ipaddr_parse(kinds[i].server, &u.addr));
	return u;
}

static int open_one(size_t i, const struct policy_upstream *u)
{
	return kinds[i].tcp ? upstream_connect(u) : upstream_open(u);
}

static uint16_t port_of(int fd)
{
	union sockaddr_any sa;
	socklen_t len = sizeof(sa);
	struct ipaddr a;
	uint16_t port = 0;

	cr_assert_eq(getsockname(fd, &sa.sa, &len), 0);
	cr_assert(sockaddr_split(&sa, &a, &port));
	return port;
}

/* Each port once, in whatever order, and then no more. */
Test(upstream, all_of_a_small_range)
{
	for (size_t i = 0; i < NITEMS(kinds); i++) {
		struct policy_upstream u = upstream_of(i, SMALL);
		unsigned int seen = 0;
		int fd[SMALL];

		for (unsigned int k = 0; k < SMALL; k++) {
			fd[k] = open_one(i, &u);
			cr_assert_geq(fd[k], 0, "%s: %d", kinds[i].what,
				      fd[k]);
			seen |= 1u << (port_of(fd[k]) - FIRST);
		}
		cr_expect_eq(seen, (1u << SMALL) - 1, "%s: %x", kinds[i].what,
			     seen);
		cr_expect_eq(open_one(i, &u), -EADDRINUSE, "%s",
			     kinds[i].what);
		for (unsigned int k = 0; k < SMALL; k++)
			close(fd[k]);
	}
}

/* A forger must not know where to begin. */
Test(upstream, not_always_the_first_one)
{
	struct policy_upstream u = upstream_of(0, 1024);
	unsigned int n = 0;

	for (int i = 0; i < 8; i++) {
		int fd = upstream_open(&u);

		cr_assert_geq(fd, 0);
		n += port_of(fd) == FIRST;
		close(fd);
	}
	cr_expect_lt(n, 4);
}

Test(upstream, any_port)
{
	struct policy_upstream u = upstream_of(0, SMALL);
	int fd;

	u.from[0] = u.from[1] = 0;
	fd = upstream_open(&u);
	cr_assert_geq(fd, 0);
	cr_expect_eq(port_of(fd), 0, "the kernel draws it when it sends");
	close(fd);
}
