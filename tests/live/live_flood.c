/* SPDX-License-Identifier: ISC */
/*
 * A local process that means no good, within bounds: it asks much, or holds
 * many connections, for a while.
 *
 *   live_flood ask RATE SECONDS NAME...	over UDP, the names in turn
 *   live_flood hold COUNT SECONDS	over TCP, each opened again when cut
 *   live_flood pipe COUNT SECONDS NAME...	all at once over one connection
 *
 * A "%" in a name becomes a number of its own each time. At the end it says
 * what it did: "sent N noerror N servfail N other N" or "held N opened N".
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "compat.h"
#include "whom.h"

enum {
	MESSAGE = 512,
	RATE_MAX = 20000, SECONDS_MAX = 120, HOLD_MAX = 1000,
	PIPE_MAX = 1000,
	BEHIND_MAX = 200,	/* questions sent in a row when late */
	REOPENED = 100,		/* connections opened again per second */
};

static struct {
	unsigned long sent, noerror, servfail, other, opened;
} done;

static int connect_dns(int type)
{
	const struct sockaddr_in sa = whom_to_ask();
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || (connect(fd, (const struct sockaddr *)&sa,
			       sizeof(sa)) < 0 && errno != EINPROGRESS))
		err(1, "port 53");
	return fd;
}

/* --- asking --- */

static size_t pack(const char *name, unsigned long number,
		   uint8_t p[static MESSAGE])
{
	/* RD; one question (RFC 1035, 4.1.1) */
	const uint8_t header[12] = { (uint8_t)(number >> 8), (uint8_t)number,
				     1, 0, 0, 1 };
	const uint8_t end[5] = { 0, 0, 1, 0, 1 };
	size_t len = sizeof(header), label = len++;
	char digits[24];

	memcpy(p, header, sizeof(header));
	for (const char *s = name;; s++) {
		if (*s == '%') {
			snprintf(digits, sizeof(digits), "%lu", number);
			memcpy(p + len, digits, strlen(digits));
			len += strlen(digits);
		} else if (*s == '.' || *s == '\0') {
			p[label] = (uint8_t)(len - label - 1);
			label = len++;
			if (*s == '\0')
				break;
		} else {
			p[len++] = (uint8_t)*s;
		}
	}
	memcpy(p + label, end, sizeof(end));
	return label + sizeof(end);
}

static void take(const uint8_t *p)
{
	unsigned int rcode = p[3] & 0xf;

	done.noerror += rcode == 0;
	done.servfail += rcode == 2;
	done.other += rcode != 0 && rcode != 2;
}

static void drain(int fd)
{
	uint8_t p[MESSAGE];

	while (recv(fd, p, sizeof(p), 0) >= 12)
		take(p);
}

static void report(const char *end)
{
	printf("sent %lu noerror %lu servfail %lu other %lu%s\n", done.sent,
	       done.noerror, done.servfail, done.other, end);
}

static void ask(unsigned int rate, uint64_t seconds, char **names, int n)
{
	uint64_t begin = clock_boot(), end = begin + seconds * CLOCK_S;
	int fd = connect_dns(SOCK_DGRAM);
	const struct timespec ms = { .tv_nsec = 1000000 };
	uint8_t p[MESSAGE];

	for (uint64_t now = begin; now < end; now = clock_boot()) {
		uint64_t due = (now - begin) * rate / CLOCK_S;

		/* What was not sent in time is not sent at all. */
		if (due > done.sent + BEHIND_MAX) {
			begin += (due - done.sent - BEHIND_MAX) * CLOCK_S /
				 rate;
			due = done.sent + BEHIND_MAX;
		}
		for (; done.sent < due; done.sent++) {
			const char *name = names[done.sent % (unsigned int)n];

			(void)!send(fd, p, pack(name, done.sent, p), 0);
		}
		drain(fd);
		nanosleep(&ms, NULL);
	}
	nanosleep(&(struct timespec){ .tv_nsec = 100 * 1000000 }, NULL);
	drain(fd);
	report("");
}

/* --- a pipeline --- */

static void send_all(int fd, const uint8_t *p, size_t len)
{
	struct pollfd ready = { fd, POLLOUT, 0 };

	while (len > 0 && poll(&ready, 1, 5000) == 1) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0)
			err(1, "send");
		p += n;
		len -= (size_t)n;
	}
}

/* Counts the whole replies at p; the octets they take. */
static size_t take_whole(const uint8_t *p, size_t len)
{
	size_t at = 0;

	while (len - at >= 2) {
		size_t m = 2u + (size_t)(p[at] << 8 | p[at + 1]);

		if (len - at < m)
			break;
		take(p + at + 2);
		at += m;
	}
	return at;
}

/* ms: without a reply for so long, there are no more. */
static void pipeline(unsigned long count, int ms, char **names, int n)
{
	static uint8_t out[PIPE_MAX * MESSAGE], in[1 << 16];
	int fd = connect_dns(SOCK_STREAM);
	struct pollfd p = { fd, POLLIN, 0 };
	size_t len = 0, got = 0;
	bool open;

	for (; done.sent < count; done.sent++) {
		size_t m = pack(names[done.sent % (unsigned int)n], done.sent,
				out + len + 2);

		out[len] = (uint8_t)(m >> 8);
		out[len + 1] = (uint8_t)m;
		len += m + 2;
	}
	send_all(fd, out, len);
	while (done.noerror + done.servfail + done.other < count &&
	       poll(&p, 1, ms) == 1) {
		ssize_t k = recv(fd, in + got, sizeof(in) - got, 0);
		size_t m;

		if (k <= 0)
			break;
		got += (size_t)k;
		m = take_whole(in, got);
		got -= m;
		memmove(in, in + m, got);
	}
	open = recv(fd, in, 1, 0) < 0 && errno == EAGAIN;
	report(open ? " open" : " closed");
}

/* --- holding --- */

static void hold(unsigned int count, uint64_t seconds)
{
	static struct pollfd p[HOLD_MAX];
	uint64_t end = clock_boot() + seconds * CLOCK_S;
	unsigned int held = 0;
	uint8_t octet;

	for (unsigned int i = 0; i < count; i++)
		p[i] = (struct pollfd){ connect_dns(SOCK_STREAM), POLLIN, 0 };
	done.opened = count;
	while (clock_boot() < end) {
		nanosleep(&(struct timespec){ .tv_nsec = 100 * 1000000 },
			  NULL);
		poll(p, count, 0);
		for (unsigned int i = 0, n = 0; i < count; i++) {
			if (p[i].revents == 0 || n == REOPENED / 10)
				continue;
			close(p[i].fd);
			p[i].fd = connect_dns(SOCK_STREAM);
			done.opened++;
			n++;
		}
	}
	for (unsigned int i = 0; i < count; i++)
		held += recv(p[i].fd, &octet, 1, 0) < 0 && errno == EAGAIN;
	printf("held %u opened %lu\n", held, done.opened);
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 3 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned long seconds = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;

	if (seconds > SECONDS_MAX)
		seconds = 0;
	if (argc > 4 && strcmp(argv[1], "ask") == 0 && n > 0 &&
	    n <= RATE_MAX && seconds > 0)
		ask((unsigned int)n, seconds, argv + 4, argc - 4);
	else if (argc == 4 && strcmp(argv[1], "hold") == 0 && n > 0 &&
		 n <= HOLD_MAX && seconds > 0)
		hold((unsigned int)n, seconds);
	else if (argc > 4 && strcmp(argv[1], "pipe") == 0 && n > 0 &&
		 n <= PIPE_MAX && seconds > 0)
		pipeline(n, (int)seconds * 1000, argv + 4, argc - 4);
	else
		errx(2, "usage: live_flood ask RATE SECONDS NAME...\n"
		     "       live_flood hold COUNT SECONDS\n"
		     "       live_flood pipe COUNT SECONDS NAME...");
	return 0;
}
