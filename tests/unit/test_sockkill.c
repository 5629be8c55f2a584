/* SPDX-License-Identifier: ISC */
/* Ending connections, and whose a port is. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netns.h"
#include "os/netinfo.h"

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
	own_address("10.9.0.1");
	own_address("10.9.0.2");
	own_address("2001:db8:9::1");
	own_address("2001:db8:9::2");
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
