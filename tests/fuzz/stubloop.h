/* SPDX-License-Identifier: ISC */
/*
 * stubloop.h - the datapath's loop without its process
 *
 * No epoll round, no control: the target calls resolve.h itself. The client
 * is a UDP socket of its own, and so is the upstream.
 */
#ifndef STUBLOOP_H
#define STUBLOOP_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"
#include "hold.h"
#include "loop.h"
#include "resolve.h"

static struct arena_control control;
static struct allow table;
static struct arena_datapath datapath;
static struct loop loop;
static struct client client;		/* where replies go */
static int client_fd, upstream_fd;
static struct policy_upstream upstream;	/* not in the policy */

static inline void expect(bool ok)
{
	if (!ok)
		abort();
}

static inline int bound(union sockaddr_any *sa)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t salen = sizeof(sa->in);

	memset(sa, 0, sizeof(*sa));
	sa->in.sin_family = AF_INET;
	sa->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	expect(fd >= 0 && bind(fd, &sa->sa, salen) == 0 &&
	       getsockname(fd, &sa->sa, &salen) == 0);
	return fd;
}

static inline void allow_name(const char *text, bool suffix)
{
	struct policy_name *n = &loop.policy.names[loop.policy.n_names++];

	n->len = (uint8_t)dnsname_from_text(text, n->wire);
	n->suffix = suffix;
}

/* The numbers that a datapath inherits lead nowhere here; before main(), so
 * that nobody else has them. */
static __attribute__((constructor)) void stub_reserve(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd < DATAPATH_FDS);
}

static inline void stub_open(void)
{
	union sockaddr_any sa;

	loop.arena.control = &control;
	loop.arena.allow = &table;
	loop.arena.datapath = &datapath;
	loop.counters = &datapath.counters;
	loop.marks = &datapath.marks;
	loop.tripwire.fd = -1;
	arena_grants(&loop.arena, &loop.grants);
	arena_acks(&loop.arena, &loop.acks);
	expect(poller_open(&loop.poller) == 0);
	slots_init(&loop.slots, datapath.slots);
	listener_init(&loop.listener, &loop.poller, &loop.slots, loop.counters,
		      0);
	exchange_init(&loop.exchange, &loop.poller, &loop.slots,
		      loop.counters, 0);
	hold_init(&loop);
	loop.listener.udp[0] = bound(&sa);
	client_fd = bound(&client.addr);
	upstream_fd = bound(&sa);
	expect(sockaddr_split(&sa, &upstream.addr, &upstream.port));
	allow_init(&table, 1);
	loop.now = UINT64_C(1) << 40;
	loop.policy.epoch = 1;
	loop.policy.per_name = ALLOW_PER_NAME;
	loop.policy.ttl_min = TTL_MIN;
	loop.policy.ttl_max = TTL_MAX;
}

/* The client's next reply, or 0 octets. */
static inline struct slice stub_reply(void)
{
	static uint8_t buf[SLOT_SIZE];
	ssize_t n;

	listener_flush(&loop.listener);
	n = recv(client_fd, buf, sizeof(buf), 0);

	return (struct slice){ buf, n < 0 ? 0 : (size_t)n };
}

#endif /* STUBLOOP_H */
