/* SPDX-License-Identifier: ISC */
/*
 * fakecontrol.h - a real datapath process under a control made of strings
 *
 *   client (sockets of the test) --> 127.0.0.1:53, [::1]:53  datapath process
 *   upstream (a socket of the test, 127.0.0.2:53) <---------/    |      ^
 *   control (the test): arena, policies, acks <--- grants -------+      |
 *                                              --- acks ----------------+
 *
 * All in one thread: pump() waits for whatever comes next, answers as
 * upstream and acknowledges as control, until the client has its reply.
 */
#ifndef FAKECONTROL_H
#define FAKECONTROL_H

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "dnsmsg.h"
#include "exchange.h"
#include "sockaddr.h"
#include "tests/unit/wire.h"

enum { WAIT_MS = 5000, UID = 64053, GID = 64054, TXT = 16, SILENCE = -1 };

/* What control does with a grant. */
enum acks { ACK_OPEN, ACK_NONE, ACK_REFUSE, ACK_LIE };
/* What the upstream does with a question. */
enum says {
	SAY_ADDRESS, SAY_NOTHING, SAY_CHAIN, SAY_TXT_TOO, SAY_TRUNCATED,
};

static struct fake {
	struct child child;
	struct policy policy;
	struct ring grants, acks;
	enum acks how;
	enum says says;
	unsigned int n_grants, n_questions;
	struct grant last;
	uint32_t lifetime;	/* of an opening, seconds; 0 = as asked */
	int upstream, listener, stream;		/* UDP; TCP */
	int client[2];		/* UDP, IPv4 and IPv6 */
	struct datapath_link links[POLICY_UPSTREAMS];	/* bypass; else none */
	uint16_t n_links;
	void (*granted)(const struct grant *g);	/* sees each; or NULL */
	bool bypass;		/* a TUN instead of port 53: take_tun() */
} f;

static struct wire reply;	/* the last one a client got */
static unsigned int passed, failed;

static inline void check(bool good, const char *fmt, ...) PRINTF(2, 3);

static inline void check(bool good, const char *fmt, ...)
{
	va_list ap;

	if (good) {
		passed++;
		return;
	}
	failed++;
	va_start(ap, fmt);
	printf("FAILED: ");
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
	fflush(stdout);
}

static inline struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	if (!ipaddr_parse(text, &a))
		errx(1, "%s", text);
	return a;
}

static inline int open_socket(const char *to, int type, bool listening)
{
	struct ipaddr a = addr(to);
	union sockaddr_any sa;
	socklen_t salen = sockaddr_make(&sa, &a, 53, 0);
	int fd = socket(sa.sa.sa_family, type | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if ((listening ? bind : connect)(fd, &sa.sa, salen) < 0 ||
	    (listening && type == SOCK_STREAM && listen(fd, 8) < 0))
		err(1, "%s", to);
	return fd;
}

/* --- control --- */

static inline uint64_t counted(unsigned int which)
{
	return atomic_load_explicit(
		&f.child.arena.datapath->counters.n[which],
		memory_order_relaxed);
}

static inline bool goes_by_it(void)
{
	return atomic_load(&f.child.arena.datapath->policy) ==
	       atomic_load(&f.child.arena.control->policy.seq);
}

/* Returns once the datapath goes by it. */
static inline void publish(void)
{
	policy_publish(&f.child.arena.control->policy, &f.policy);
	child_kick(&f.child);
	for (unsigned int i = 0; i < WAIT_MS && !goes_by_it(); i++)
		poll(NULL, 0, 1);
}

static inline void acknowledge(uint32_t id, int32_t error)
{
	struct ack *a = ring_claim(&f.acks);

	if (a == NULL)
		errx(1, "the ring of acks is full");
	*a = (struct ack){ .id = id, .error = error, .opened = clock_boot() };
	ring_publish(&f.acks);
	child_kick(&f.child);
}

static inline void open_addresses(const struct grant *g)
{
	uint64_t now = clock_boot();
	uint32_t lifetime = f.lifetime != 0 ? f.lifetime : g->lifetime;

	for (unsigned int i = 0; i < g->n_addrs; i++)
		if (allow_insert(f.child.arena.allow, &g->addrs[i],
				 now + lifetime * CLOCK_S, now) < 0)
			errx(1, "the table is full");
}

static inline void take_grants(void)
{
	const void *record;
	uint64_t n;

	(void)!read(f.child.kick_control, &n, sizeof(n));
	while (ring_peek(&f.grants, &record) == 1) {
		memcpy(&f.last, record, sizeof(f.last));
		ring_release(&f.grants);
		f.n_grants++;
		if (f.granted != NULL)
			f.granted(&f.last);
		if (f.how == ACK_OPEN)
			open_addresses(&f.last);
		if (f.how != ACK_NONE)
			acknowledge(f.last.id,
				    f.how == ACK_REFUSE ? -EPERM : 0);
	}
}

/* A new episode: nothing is open. */
static inline void new_epoch(void)
{
	f.policy.epoch++;
	allow_set_epoch(f.child.arena.allow, f.policy.epoch);
	publish();
}

/* ... in which nothing is known either. */
static inline void new_network(void)
{
	f.policy.network++;
	new_epoch();
}

static inline void allow_name(const char *text)
{
	struct policy_name *n = &f.policy.names[f.policy.n_names++];

	n->len = (uint8_t)dnsname_from_text(text, n->wire);
}

/* --- upstream --- */

static inline void build_answer(struct wire *w, enum says says)
{
	struct dnsmsg m = wire_view(w);
	const char *good = m.qtype == DNSTYPE_AAAA ? "2001:db8::7" :
						    "192.0.2.7";
	uint8_t name[DNSNAME_MAX];
	char text[DNSNAME_TEXT];
	size_t len = dnsname_unpack(&m.qname, name);

	dnsname_to_text(name, len, text);
	w->b[2] |= DNSFLAG_QR >> 8;
	if (says == SAY_TRUNCATED) {
		w->b[2] |= DNSFLAG_TC >> 8;
		return;
	}
	if (says == SAY_CHAIN) {
		wire_cname(w, text, 60, "edge.example");
		snprintf(text, sizeof(text), "edge.example");
	}
	wire_addr(w, text, 60, good);
	if (says == SAY_TXT_TOO)
		wire_rr(w, WIRE_ANSWER, text, TXT, DNSCLASS_IN, 60, "\1x", 2);
}

static inline void hear_udp(void)
{
	union sockaddr_any from;
	socklen_t salen = sizeof(from);
	struct wire w;
	ssize_t n = recvfrom(f.upstream, w.b, sizeof(w.b), 0, &from.sa,
			     &salen);

	if (n < 0)
		err(1, "upstream");
	w.len = (size_t)n;
	f.n_questions++;
	if (f.says == SAY_NOTHING)
		return;
	build_answer(&w, f.says);
	(void)!sendto(f.upstream, w.b, w.len, 0, &from.sa, salen);
}

static inline void hear_tcp(void)
{
	uint8_t prefix[2];
	struct wire w;
	ssize_t n;

	if (f.stream < 0) {
		f.stream = accept4(f.listener, NULL, NULL, SOCK_CLOEXEC);
		return;
	}
	n = recv(f.stream, w.b, sizeof(w.b), 0);
	if (n > 2) {
		w.len = (size_t)n - 2;
		memmove(w.b, w.b + 2, w.len);
		build_answer(&w, SAY_ADDRESS);
		prefix[0] = (uint8_t)(w.len >> 8);
		prefix[1] = (uint8_t)w.len;
		(void)!send(f.stream, prefix, 2, MSG_NOSIGNAL | MSG_MORE);
		(void)!send(f.stream, w.b, w.len, MSG_NOSIGNAL);
		return;
	}
	close(f.stream);
	f.stream = -1;
}

/* --- all of them at once --- */

/* Everybody does one thing; true if fd can be read. */
static inline bool pump(int fd, int ms)
{
	struct pollfd p[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = f.child.kick_control, .events = POLLIN },
		{ .fd = f.upstream, .events = POLLIN },
		{ .fd = f.stream < 0 ? f.listener : f.stream,
		  .events = POLLIN },
	};

	if (poll(p, NITEMS(p), ms) <= 0)
		return false;
	if (p[1].revents != 0)
		take_grants();
	if (p[2].revents != 0)
		hear_udp();
	if (p[3].revents != 0)
		hear_tcp();
	return p[0].revents != 0;
}

/* Until fd can be read; false when nothing happens for a long time. */
static inline bool await(int fd)
{
	uint64_t end = clock_boot() + WAIT_MS * CLOCK_MS;

	while (clock_boot() < end)
		if (pump(fd, WAIT_MS))
			return true;
	return false;
}

/* Until a counter has reached n. */
static inline bool await_count(unsigned int which, uint64_t n)
{
	uint64_t end = clock_boot() + WAIT_MS * CLOCK_MS;

	while (counted(which) < n && clock_boot() < end)
		pump(-1, 1);
	return counted(which) >= n;
}

/* --- clients --- */

static inline int rcode(void)
{
	struct dnsmsg m;

	if (dnsmsg_read(wire_slice(&reply), &m) != PARSE_OK ||
	    (m.flags & DNSFLAG_QR) == 0)
		return 99;
	return m.flags & DNSFLAG_RCODE;
}

static inline void put(int fd, const char *name, uint16_t type)
{
	struct wire w;

	wire_start(&w, 0x5a5a, DNSFLAG_RD, name, type);
	if (send(fd, w.b, w.len, 0) < 0)
		warn("query");
}

static inline int get(int fd)
{
	ssize_t n = recv(fd, reply.b, sizeof(reply.b), MSG_DONTWAIT);

	if (n < 0)
		return SILENCE;
	reply.len = (size_t)n;
	return rcode();
}

/* The reply's rcode, or SILENCE. */
static inline int ask(const char *name, uint16_t type)
{
	put(f.client[0], name, type);
	return await(f.client[0]) ? get(f.client[0]) : SILENCE;
}

static inline void put_tcp(int fd, const char *name, uint16_t type)
{
	uint8_t prefix[2] = { 0, 0 };
	struct wire w;

	wire_start(&w, 0x5a5a, DNSFLAG_RD, name, type);
	prefix[1] = (uint8_t)w.len;
	(void)!send(fd, prefix, 2, MSG_MORE | MSG_NOSIGNAL);
	(void)!send(fd, w.b, w.len, MSG_NOSIGNAL);
}

static inline int get_tcp(int fd)
{
	uint8_t prefix[2];

	if (!await(fd) || recv(fd, prefix, 2, MSG_WAITALL) != 2)
		return SILENCE;
	reply.len = (size_t)(prefix[0] << 8 | prefix[1]);
	if (recv(fd, reply.b, reply.len, MSG_WAITALL) != (ssize_t)reply.len)
		return SILENCE;
	return rcode();
}

/* Answers in the last reply. */
static inline unsigned int answers(void)
{
	return slice_be16(wire_slice(&reply), 6);
}

/* --- the life of it --- */

/* Attaches to the TUN device, where the next datapath process finds it. */
static inline void take_tun(const char *name)
{
	struct ifreq r = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0 ||
	    dup2(fd, DATAPATH_TUN) < 0)
		err(1, "%s", name);
	if (fd != DATAPATH_TUN)
		close(fd);
	f.bypass = true;
}

/* As the daemon would start one. -errno if it does not come up. */
static inline int start(uint32_t firewall_port, const char *root,
			struct datapath_report *report)
{
	struct datapath_setup setup;
	struct why why;
	int error;

	/* A bypass has both ends. */
	if (f.n_links > 0 && !f.bypass)
		take_tun("intake0");
	setup = (struct datapath_setup){
		.uid = UID, .gid = GID, .port = 53, .n_listen = 2,
		.firewall_port = firewall_port, .n_ports = 2,
		.ports = { 80, 443 }, .bypass = f.bypass,
	};
	setup.n_links = f.n_links;
	memcpy(setup.links, f.links, sizeof(setup.links));
	setup.listen[0] = addr("127.0.0.1");
	setup.listen[1] = addr("::1");
	snprintf(setup.root, sizeof(setup.root), "%s", root);
	child_init(&f.child);
	error = child_start(&f.child, &setup, -1, report, &why);
	if (error < 0)
		return error;
	arena_grants(&f.child.arena, &f.grants);
	arena_acks(&f.child.arena, &f.acks);
	f.policy.epoch = 0;
	return 0;
}

static inline bool alive(void)
{
	struct pollfd p = { .fd = f.child.channel, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

/* A network of our own, policy, upstream and clients. */
static inline void set_up(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0 ||
	    system("ip link set lo up") != 0) {
		puts("skipped: needs root and ip(8)");
		exit(77);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	f.upstream = open_socket("127.0.0.2", SOCK_DGRAM, true);
	f.listener = open_socket("127.0.0.2", SOCK_STREAM, true);
	f.stream = -1;
	f.policy.upstreams[0].addr = addr("127.0.0.2");
	f.policy.upstreams[0].port = 53;
	f.policy.n_upstreams = 1;
	f.policy.per_name = ALLOW_PER_NAME;
	f.policy.ttl_min = TTL_MIN;
	f.policy.ttl_max = TTL_MAX;
	f.client[0] = open_socket("127.0.0.1", SOCK_DGRAM, false);
	f.client[1] = open_socket("::1", SOCK_DGRAM, false);
}

#endif /* FAKECONTROL_H */
