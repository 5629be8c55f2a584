/* SPDX-License-Identifier: ISC */
/*
 * listening.h - a listener on loopback ports of its own
 *
 * The query callback notes what came and does what the test has set: reply,
 * hold, or forget.
 */
#ifndef LISTENING_H
#define LISTENING_H

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "compat.h"
#include "listener.h"

enum { TOKEN = 500, WAIT_MS = 5000, QUERIES = 64 };

static const uint64_t T = 1000 * CLOCK_S;

static struct listener l;
static struct poller poller;
static struct slots slots;
static struct arena_slot memory[SLOT_COUNT];
static struct counters counters;
static struct judge judge;
static uint16_t port;

enum { ECHO, HOLD, FORGET };

static struct {
	unsigned int n, what;
	struct client from[QUERIES];
	char text[QUERIES][16];		/* the front of each */
	size_t len[QUERIES];
} heard;

static inline void on_query(void *context, const struct client *from,
			    struct slice msg)
{
	unsigned int i = heard.n++ % QUERIES;

	cr_assert_eq(context, &heard);
	heard.from[i] = *from;
	heard.len[i] = msg.len;
	snprintf(heard.text[i], sizeof(heard.text[i]), "%.*s", (int)msg.len,
		 (const char *)msg.p);
	if (heard.what == ECHO)
		listener_send(&l, from, msg.p, msg.len);
	else if (heard.what == FORGET)
		listener_forget(&l, from);
}

static inline uint64_t counted(unsigned int which)
{
	return atomic_load_explicit(&counters.n[which], memory_order_relaxed);
}

static inline struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	cr_assert(ipaddr_parse(text, &a));
	return a;
}

/* A port that is free on UDP and TCP. */
static inline void listen_on(const char *text)
{
	struct ipaddr a = addr(text);
	int error;

	port = (uint16_t)(20000 + getpid() % 20000);
	do
		error = listener_bind(&l, &a, ++port);
	while (error == -EADDRINUSE);
	cr_assert_eq(error, 0);
}

static inline void setup(void)
{
	cr_assert_eq(poller_open(&poller), 0);
	slots_init(&slots, memory);
	listener_init(&l, &poller, &slots, &counters, TOKEN);
	listen_on("127.0.0.1");
}

static inline void setup_v6(void)
{
	cr_assert_eq(poller_open(&poller), 0);
	slots_init(&slots, memory);
	listener_init(&l, &poller, &slots, &counters, TOKEN);
	listen_on("::1");
}

static inline unsigned int connections(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < TCP_CLIENTS; i++)
		n += l.client[i].fd >= 0;
	return n;
}

/* Each connection has one slot, and nobody else has any. */
static inline void teardown(void)
{
	cr_expect_eq(slots.n_free, SLOT_COUNT - connections());
}

static inline void go_round(uint64_t now)
{
	uint64_t tokens[64];
	int n = poller_wait(&poller, tokens, 64, WAIT_MS);

	cr_assert_gt(n, 0, "nothing happens");
	for (int i = 0; i < n; i++)
		listener_read(&l, (unsigned int)(tokens[i] - TOKEN), &judge,
			      now, on_query, &heard);
	listener_flush(&l);
}

static inline int client(const char *to, int type)
{
	struct ipaddr a = addr(to);
	union sockaddr_any sa;
	socklen_t salen = sockaddr_make(&sa, &a, port, 0);
	int fd = socket(sa.sa.sa_family, type | SOCK_CLOEXEC, 0);

	cr_assert_geq(fd, 0);
	cr_assert_eq(connect(fd, &sa.sa, salen), 0);
	return fd;
}

static inline int tcp_client(uint64_t now)
{
	uint64_t before = counted(COUNT_FULL);
	unsigned int n = connections();
	int fd = client("127.0.0.1", SOCK_STREAM);

	go_round(now);
	cr_assert_eq(connections(),
		     counted(COUNT_FULL) > before ? n : n + 1);
	return fd;
}

static inline void put(int fd, const void *p, size_t n)
{
	cr_assert_eq(send(fd, p, n, MSG_NOSIGNAL), (ssize_t)n);
}

static inline bool readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

/* The whole of what is there; "" when the other side has closed. */
static inline size_t take(int fd, char *buf, size_t size)
{
	ssize_t n;

	cr_assert(readable(fd, WAIT_MS), "no reply");
	n = recv(fd, buf, size - 1, 0);
	if (n < 0)
		cr_assert_eq(errno, ECONNRESET);
	buf[n < 0 ? 0 : n] = '\0';
	return n < 0 ? 0 : (size_t)n;
}

static inline bool is_closed(int fd)
{
	char buf[16];

	return readable(fd, WAIT_MS) && take(fd, buf, sizeof(buf)) == 0;
}

#endif /* LISTENING_H */
