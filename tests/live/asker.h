/* SPDX-License-Identifier: ISC */
/*
 * asker.h - a client that connects the instant the reply is there
 *
 * A name tells its address: the n-th is fourN.bulk.test at 198.18.0.0 + N if
 * N is even, sixN.bulk.test at 2001:db8:18:: + N if it is odd. So it is known
 * beforehand whether the address is open.
 *
 * It spins: a sleeping client would wake too late to see a race.
 */
#ifndef ASKER_H
#define ASKER_H

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "shared/ipaddr.h"
#include "whom.h"

enum {
	ASKER_MESSAGE = 512,
	ASKER_SERVFAIL = 2,	/* RFC 1035, 4.1.1 */
	ASKER_TYPE_A = 1, ASKER_TYPE_AAAA = 28,	/* RFC 1035, RFC 3596 */
	/* A machine that is busy with others may not open an address in time:
	 * the reply is SERVFAIL then, and a client asks again. */
	ASKER_TRIES = 10,
};

static const uint64_t ASKER_PATIENCE = 5 * CLOCK_S;

enum asker_is { ASKER_PENDING, ASKER_OPEN, ASKER_SHUT, ASKER_SILENT };

struct asker {
	unsigned int n;		/* which name */
	bool v4;
	int udp, tcp;		/* -1: none; both without waiting */
	uint16_t id;
	unsigned int tries;	/* of this name, so far */
	uint64_t since;		/* boot time, ns, of the last step */
};

static inline struct ipaddr asker_address(unsigned int n, bool v4)
{
	uint8_t b[16] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0x18 };

	b[12] = v4 ? 198 : 0;
	b[13] = v4 ? 18 : 0;
	b[14] = (uint8_t)(n >> 8);
	b[15] = (uint8_t)n;
	return v4 ? ipaddr_v4(b + 12) : ipaddr_v6(b);
}

/* ---- the connection */

static inline socklen_t asker_target(const struct asker *a,
				     struct sockaddr_in6 *sa)
{
	struct sockaddr_in *s4 = (struct sockaddr_in *)sa;
	struct ipaddr addr = asker_address(a->n, a->v4);

	memset(sa, 0, sizeof(*sa));
	if (a->v4) {
		*s4 = (struct sockaddr_in){ .sin_family = AF_INET,
					    .sin_port = htons(80) };
		memcpy(&s4->sin_addr, addr.b + 12, 4);
		return sizeof(*s4);
	}
	sa->sin6_family = AF_INET6;
	sa->sin6_port = htons(80);
	memcpy(&sa->sin6_addr, addr.b, 16);
	return sizeof(*sa);
}

static inline void asker_connect(struct asker *a)
{
	struct sockaddr_in6 sa;
	socklen_t len = asker_target(a, &sa);

	/* What comes of it is asked of the socket, which has been told. */
	(void)!connect(a->tcp, (struct sockaddr *)&sa, len);
	a->since = clock_boot();
}

/* Of a connection on its way; waits at most ms. */
static inline enum asker_is asker_outcome(const struct asker *a, int ms)
{
	struct pollfd p = { .fd = a->tcp, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int error = 0;

	if (poll(&p, 1, ms) <= 0)
		return clock_boot() - a->since < ASKER_PATIENCE ?
		       ASKER_PENDING : ASKER_SILENT;
	if (getsockopt(a->tcp, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		err(1, "SO_ERROR");
	return error == 0 ? ASKER_OPEN : ASKER_SHUT;
}

static inline void asker_hang_up(struct asker *a)
{
	/* No port is kept busy afterwards. */
	const struct linger now = { .l_onoff = 1 };

	setsockopt(a->tcp, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(a->tcp);
	a->tcp = -1;
}

static inline void asker_take_socket(struct asker *a)
{
	a->tcp = socket(a->v4 ? AF_INET : AF_INET6,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (a->tcp < 0)
		err(1, "socket");
}

/* ---- the question */

static inline int asker_udp(void)
{
	const struct sockaddr_in sa = whom_to_ask();
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0)
		err(1, "port 53");
	return fd;
}

static inline size_t asker_label(uint8_t *p, const char *text)
{
	size_t len = strlen(text);

	p[0] = (uint8_t)len;
	memcpy(p + 1, text, len);
	return len + 1;
}

static inline size_t asker_pack(const struct asker *a, uint8_t *p)
{
	/* RD; one question (RFC 1035, 4.1.1) */
	const uint8_t header[12] = { (uint8_t)(a->id >> 8), (uint8_t)a->id,
				     1, 0, 0, 1 };
	const uint8_t end[5] = { 0, 0, a->v4 ? ASKER_TYPE_A : ASKER_TYPE_AAAA,
				 0, 1 };
	size_t len = sizeof(header);
	char label[32];

	snprintf(label, sizeof(label), "%s%u", a->v4 ? "four" : "six", a->n);
	memcpy(p, header, sizeof(header));
	len += asker_label(p + len, label);
	len += asker_label(p + len, "bulk");
	len += asker_label(p + len, "test");
	memcpy(p + len, end, sizeof(end));
	return len + sizeof(end);
}

/* Makes all ready for the n-th name. */
static inline void asker_prepare(struct asker *a, unsigned int n)
{
	a->n = n;
	a->v4 = n % 2 == 0;
	a->tries = 0;
	asker_take_socket(a);
}

static inline void asker_send(struct asker *a)
{
	uint8_t p[ASKER_MESSAGE];
	size_t len;

	a->id++;
	a->tries++;
	len = asker_pack(a, p);
	a->since = clock_boot();
	if (send(a->udp, p, len, 0) != (ssize_t)len)
		err(1, "question");
}

/*
 * The address is the last thing in a reply without additional records. 1: it
 * is there; 0: no reply yet; -1: there will be none with the address.
 */
static inline int asker_reply(struct asker *a)
{
	struct ipaddr addr = asker_address(a->n, a->v4);
	size_t want = a->v4 ? 4 : 16;
	uint8_t p[ASKER_MESSAGE];
	ssize_t n = recv(a->udp, p, sizeof(p), 0);

	if (n < 12 || p[0] != a->id >> 8 || p[1] != (uint8_t)a->id) {
		if (clock_boot() - a->since < ASKER_PATIENCE)
			return 0;
		warnx("name %u: silence", a->n);
		return -1;
	}
	if ((p[3] & 0xf) == ASKER_SERVFAIL && a->tries < ASKER_TRIES) {
		asker_send(a);
		return 0;
	}
	if ((p[3] & 0xf) != 0 || p[7] != 1) {
		warnx("name %u: rcode %u, %u answers, at try %u", a->n,
		      p[3] & 0xfu, p[7], a->tries);
		return -1;
	}
	return memcmp(p + (size_t)n - want, addr.b + 16 - want, want) == 0 ?
	       1 : -1;
}

/* Asks and connects. ASKER_PENDING: nothing was replied. */
static inline enum asker_is asker_go(struct asker *a)
{
	enum asker_is is = ASKER_PENDING;
	int reply;

	asker_send(a);
	do
		reply = asker_reply(a);
	while (reply == 0);
	if (reply > 0) {
		asker_connect(a);
		do
			is = asker_outcome(a, 100);
		while (is == ASKER_PENDING);
	}
	asker_hang_up(a);
	return is;
}

#endif /* ASKER_H */
