/* SPDX-License-Identifier: ISC */
/*
 * fakeserver.h - an exchange over real loopback sockets
 *
 * Time is a number that the test moves; the servers are sockets of the test.
 */
#ifndef FAKESERVER_H
#define FAKESERVER_H

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "compat.h"
#include "exchange.h"
#include "sockaddr.h"
#include "wire.h"

enum { SERVERS = 3, WAIT_MS = 5000, TOKEN = 1000 };

static const uint64_t T = 1000 * CLOCK_S;
static const char name[] = "captive.apple.com";

struct server {
	int udp, tcp, conn;
	union sockaddr_any client;
	struct wire query;	/* as heard last */
};

static struct server server[SERVERS];
static struct policy policy;
static struct poller poller;
static struct slots slots;
static struct arena_slot memory[SLOT_COUNT];
static struct counters counters;
static struct exchange x;
static unsigned int fds_before;

static inline unsigned int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	cr_assert_not_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static inline uint64_t counted(unsigned int which)
{
	return atomic_load_explicit(&counters.n[which], memory_order_relaxed);
}

static inline int bound(int type, const char *addr, uint16_t *port)
{
	union sockaddr_any sa;
	socklen_t salen;
	struct ipaddr a;
	int fd;

	cr_assert(ipaddr_parse(addr, &a));
	salen = sockaddr_make(&sa, &a, *port, 0);
	fd = socket(sa.sa.sa_family, type | SOCK_CLOEXEC, 0);
	cr_assert_geq(fd, 0);
	if (bind(fd, &sa.sa, salen) < 0) {
		close(fd);
		return -1;
	}
	cr_assert_eq(getsockname(fd, &sa.sa, &salen), 0);
	*port = ntohs(sa.in.sin_port);
	return fd;
}

/* UDP and TCP on the same port, whichever is free on both. */
static inline void serve(struct server *s, struct policy_upstream *u,
			 const char *addr)
{
	cr_assert(ipaddr_parse(addr, &u->addr));
	s->conn = -1;
	do {
		u->port = 0;
		s->udp = bound(SOCK_DGRAM, addr, &u->port);
		cr_assert_geq(s->udp, 0);
		s->tcp = bound(SOCK_STREAM, addr, &u->port);
		if (s->tcp < 0)
			close(s->udp);
	} while (s->tcp < 0);
	cr_assert_eq(listen(s->tcp, 4), 0);
}

static inline void start(unsigned int n, const char *addr)
{
	for (unsigned int i = 0; i < n; i++)
		serve(&server[i], &policy.upstreams[i], addr);
	policy.n_upstreams = (uint16_t)n;
	cr_assert_eq(poller_open(&poller), 0);
	slots_init(&slots, memory);
	exchange_init(&x, &poller, &slots, &counters, TOKEN);
	fds_before = open_fds();
}

static inline void setup(void)
{
	start(1, "127.0.0.1");
}

static inline void setup_two(void)
{
	start(2, "127.0.0.1");
}

static inline void drop_all(void)
{
	for (unsigned int i = 0; i < QUESTIONS_MAX; i++)
		exchange_drop(&x, &x.question[i]);
}

/* Whatever happened: nothing is held when all is over. */
static inline void teardown(void)
{
	drop_all();
	cr_expect_eq(slots.n_free, SLOT_COUNT, "slots are lost");
	for (unsigned int i = 0; i < policy.n_upstreams; i++)
		if (server[i].conn >= 0)
			close(server[i].conn);
	cr_expect_eq(open_fds(), fds_before, "descriptors are lost");
}

static inline struct question *new_question(const char *text, uint64_t now)
{
	uint8_t wire[DNSNAME_MAX];
	size_t len = dnsname_from_text(text, wire);

	return exchange_new(&x, wire, len, DNSTYPE_A, now);
}

static inline struct question *ask(void)
{
	struct question *q = new_question(name, T);

	cr_assert_not_null(q);
	cr_assert(exchange_ask(&x, q, &policy, T));
	exchange_flush(&x);
	return q;
}

static inline void retry(struct question *q, uint64_t now)
{
	exchange_retry(&x, q, now);
	exchange_flush(&x);
}

static inline bool readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

/* The server takes the next query. */
static inline struct dnsmsg hear(struct server *s)
{
	socklen_t salen = sizeof(s->client);
	ssize_t n;

	cr_assert(readable(s->udp, WAIT_MS), "no query came");
	n = recvfrom(s->udp, s->query.b, sizeof(s->query.b), 0, &s->client.sa,
		     &salen);
	cr_assert_gt(n, 0);
	s->query.len = (size_t)n;
	return wire_view(&s->query);
}

/* What the server would say to the query it heard last. */
static inline struct wire answer(const struct server *s)
{
	struct wire w = s->query;

	w.b[2] |= DNSFLAG_QR >> 8;
	w.b[3] |= DNSFLAG_RA;
	wire_addr(&w, name, 60, "192.0.2.1");
	return w;
}

static inline void say_from(int fd, const struct server *s,
			    const struct wire *w)
{
	socklen_t salen = s->client.sa.sa_family == AF_INET ?
			  sizeof(s->client.in) : sizeof(s->client.in6);

	cr_assert_eq(sendto(fd, w->b, w->len, 0, &s->client.sa, salen),
		     (ssize_t)w->len);
}

static inline void say(const struct server *s, const struct wire *w)
{
	say_from(s->udp, s, w);
}

static struct question *heard_good;
static unsigned int heard_from;

static inline void heard(void *context, struct question *q,
			 unsigned int from, bool good)
{
	(void)context;
	if (!good)
		return;
	cr_expect_null(heard_good, "two in one round");
	heard_good = q;
	heard_from = from;
}

/* One round of the loop: what came is read. The question it answers, if. */
static inline struct question *round_of(int ms, unsigned int *from)
{
	uint64_t tokens[64];
	int n = poller_wait(&poller, tokens, 64, ms);

	heard_good = NULL;
	for (int i = 0; i < n; i++)
		exchange_read(&x, tokens[i], T + 7, heard, NULL);
	if (heard_good != NULL && from != NULL)
		*from = heard_from;
	return heard_good;
}

static inline struct question *go_round(void)
{
	return round_of(WAIT_MS, NULL);
}

/* The servers hear nothing more. */
static inline void expect_silence(void)
{
	for (unsigned int i = 0; i < policy.n_upstreams; i++)
		cr_expect_not(readable(server[i].udp, 0), "server %u hears",
			      i);
}

enum mutation {
	WRONG_ID, WRONG_CASE, WRONG_TYPE, WRONG_NAME, LONGER_NAME, WRONG_CLASS,
	QUERY, NOTIFY, FORMERR, SERVFAIL, REFUSED, SHORT, EMPTY, TRAILING,
	TWO_QUESTIONS, NO_QUESTION, COUNTS_LIE, HOP_TO_ITSELF, OVERSIZED,
};

static inline void mutate(struct wire *w, enum mutation how)
{
	struct wire fresh = { .len = 0 };

	switch (how) {
	case WRONG_ID:
		w->b[1] ^= 1;
		break;
	case WRONG_CASE:
		w->b[DNSMSG_HEADER + 1] ^= 0x20;
		break;
	case WRONG_TYPE:
		w->b[DNSMSG_HEADER + sizeof(name) + 2] ^= 1;
		break;
	case WRONG_NAME:
		w->b[DNSMSG_HEADER + 3] ^= 1;
		break;
	case LONGER_NAME:
		wire_start(&fresh, slice_be16(wire_slice(w), 0), DNSFLAG_QR,
			   "captive.apple.com.x", DNSTYPE_A);
		*w = fresh;
		break;
	case WRONG_CLASS:
		w->b[DNSMSG_HEADER + sizeof(name) + 4] = 3;
		break;
	case QUERY:
		w->b[2] &= 0x7f;
		break;
	case NOTIFY:
		w->b[2] |= 0x20;
		break;
	case FORMERR:
	case SERVFAIL:
	case REFUSED:
		w->b[3] |= how == FORMERR ? DNSRCODE_FORMERR :
			   how == SERVFAIL ? DNSRCODE_SERVFAIL :
					     DNSRCODE_REFUSED;
		break;
	case SHORT:
		w->len -= 1;
		break;
	case EMPTY:
		w->len = 0;
		break;
	case TRAILING:
		wire_put(w, "", 1);
		break;
	case TWO_QUESTIONS:
		w->b[5] = 2;
		break;
	case NO_QUESTION:
		w->b[5] = 0;
		break;
	case COUNTS_LIE:
		w->b[6] = 0xff;
		break;
	case HOP_TO_ITSELF:
		w->b[DNSMSG_HEADER] = 0xc0;
		w->b[DNSMSG_HEADER + 1] = DNSMSG_HEADER;
		break;
	case OVERSIZED:
		w->len = SLOT_SIZE - 63;
		break;
	}
}

#endif /* FAKESERVER_H */
