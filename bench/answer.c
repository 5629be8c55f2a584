/* SPDX-License-Identifier: ISC */
/*
 * How long does an answer take, and is its address open when it is there?
 * Asks for names of bulkname.h, A and AAAA in turn, each once (-k: the first
 * again and again; -e: any reply is good), and appends what it has seen to a
 * file of lines "MEASURE TAB ROW TAB VALUE".
 *
 *   bench_answer -r ROW -s SERVER -f FIRST -n N [-w FLIGHT] [-ke] [-c CPU]
 *       [-p PIDS -P CPU] [-t COUNTS] -o FILE
 *   bench_answer -m CLIENTS -r ROW ...	each name is asked for by so many at
 *       once, from an address each
 *   bench_answer -v KIND [-x COMMAND] -r ROW ...	connects as soon as a
 *       reply is there; COMMAND is run before each question
 *   bench_answer -q -s SERVER -f FIRST -n N	only asks; fails without an answer
 *
 * us:         of each question, one in flight
 * rate:       questions a second, more in flight
 * cpu:        seconds of PIDS for 100,000 questions; with more in flight cpuN
 * trips:      questions that came to the upstream for one of ours
 * failed:     questions without an answer
 * early KIND: addresses that were open before they were asked for
 * shut KIND:  replies whose address was not open
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/process.h"
#include "bulkname.h"

enum {
	FLIGHT_MAX = 64,
	CLIENTS_MAX = 256,
	WARM_UP = 4,		/* questions before those that count */
	PATIENCE_S = 1,
};

static const char *row, *kind, *before, *pids, *server = "127.0.0.1";
static uint32_t first, count;
static unsigned int flight = 1, clients;
static int own_cpu = -1, their_cpu = -1, fd;
static bool same, quiet, any;
static const _Atomic uint64_t *trips;
static FILE *out;
static unsigned int failed;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void tell(const char *measure, double value)
{
	fprintf(out, "%s\t%s\t%.3f\n", measure, row, value);
}

/* ---- questions */

static void reach_server(int own)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
				  .sin_port = htons(53) };

	if (inet_pton(AF_INET, server, &sa.sin_addr) != 1)
		errx(2, "%s is no IPv4 address", server);
	if (connect(own, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		err(1, "port 53");
}

static uint16_t type_of(uint32_t n)
{
	return n % 2 == 0 ? BULKNAME_A : BULKNAME_AAAA;
}

static uint32_t nth(uint32_t i)
{
	return first + (same ? 0 : i);
}

static void send_one(uint32_t n, uint16_t id)
{
	uint8_t msg[BULKNAME_MESSAGE];
	size_t len = bulkname_ask(n, type_of(n), id, msg);

	if (send(fd, msg, len, 0) != (ssize_t)len && errno != ECONNREFUSED)
		err(1, "question");
}

/* The records' last octets are the address, EDNS is not asked for. */
static bool is_answer(const uint8_t *msg, size_t len, uint32_t n)
{
	uint8_t addr[16];
	size_t want = bulkname_address(n, type_of(n), addr);

	if (any)
		return true;
	return len > BULKNAME_HEADER + want && (msg[3] & 0xf) == 0 &&
	       msg[7] != 0 && memcmp(msg + len - want, addr, want) == 0;
}

static uint16_t id_of(const uint8_t *msg)
{
	return (uint16_t)(msg[0] << 8 | msg[1]);
}

static bool ask_one(uint32_t n, uint16_t id)
{
	uint8_t msg[BULKNAME_MESSAGE];
	ssize_t len;

	send_one(n, id);
	do
		len = recv(fd, msg, sizeof(msg), 0);
	while (len >= BULKNAME_HEADER && id_of(msg) != id);
	return len >= BULKNAME_HEADER && is_answer(msg, (size_t)len, n);
}

/* ---- one in flight */

static void ask_each(void)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t start = now();
		bool good = ask_one(nth(i), (uint16_t)i);

		if (good)
			tell("us", (double)(now() - start) / 1e3);
		failed += !good;
	}
}

/* ---- many in flight */

static struct many {
	uint8_t msg[FLIGHT_MAX][BULKNAME_MESSAGE];
	struct iovec iov[FLIGHT_MAX];
	struct mmsghdr mm[FLIGHT_MAX];
} questions, replies;

static void many_init(struct many *m)
{
	for (unsigned int i = 0; i < FLIGHT_MAX; i++) {
		m->iov[i] = (struct iovec){ m->msg[i], BULKNAME_MESSAGE };
		m->mm[i].msg_hdr = (struct msghdr){ .msg_iov = &m->iov[i],
						    .msg_iovlen = 1 };
	}
}

static uint32_t send_many(uint32_t next, unsigned int n)
{
	unsigned int sent = 0;

	if (n > count - next)
		n = count - next;
	for (unsigned int i = 0; i < n; i++) {
		uint32_t name = nth(next + i);

		questions.iov[i].iov_len =
			bulkname_ask(name, type_of(name),
				     (uint16_t)(next + i), questions.msg[i]);
	}
	while (sent < n) {
		int k = sendmmsg(fd, questions.mm + sent, n - sent, 0);

		if (k < 0)
			err(1, "questions");
		sent += (unsigned int)k;
	}
	return next + n;
}

static void ask_many(void)
{
	uint32_t next, over = 0;
	uint64_t start = now();

	many_init(&questions);
	many_init(&replies);
	next = send_many(0, flight);
	while (over < count) {
		int n = recvmmsg(fd, replies.mm, flight, MSG_WAITFORONE, NULL);

		if (n <= 0) {
			failed += count - over;
			return;
		}
		for (int i = 0; i < n; i++)
			failed += !is_answer(replies.msg[i],
					     replies.mm[i].msg_len,
					     nth(id_of(replies.msg[i])));
		over += (uint32_t)n;
		next = send_many(next, (unsigned int)n);
	}
	tell("rate", count / ((double)(now() - start) / 1e9));
}

/* ---- many clients */

static int client_of(unsigned int i)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(0x7f010001 + i) };
	int own = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (own < 0 || bind(own, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		err(1, "client %u", i);
	reach_server(own);
	return own;
}

/* Until all have heard, or nobody hears any more; how many have not. */
static unsigned int await(struct pollfd *p, uint32_t n)
{
	unsigned int left = clients, good = 0;
	uint8_t msg[BULKNAME_MESSAGE];

	for (unsigned int i = 0; i < clients; i++)
		p[i].events = POLLIN;
	while (left > 0 && poll(p, clients, PATIENCE_S * 1000) > 0) {
		for (unsigned int i = 0; i < clients; i++) {
			ssize_t len = p[i].revents == 0 ? 0 :
				      recv(p[i].fd, msg, sizeof(msg), 0);

			if (p[i].revents == 0)
				continue;
			left--;
			p[i].events = 0;
			good += len >= BULKNAME_HEADER &&
				is_answer(msg, (size_t)len, n);
		}
	}
	return clients - good;
}

static void ask_crowd(void)
{
	struct pollfd p[CLIENTS_MAX];
	uint8_t msg[BULKNAME_MESSAGE];

	for (unsigned int i = 0; i < clients; i++)
		p[i].fd = client_of(i);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t n = nth(i);
		size_t len = bulkname_ask(n, type_of(n), (uint16_t)i, msg);

		for (unsigned int k = 0; k < clients; k++)
			if (send(p[k].fd, msg, len, 0) != (ssize_t)len)
				err(1, "question");
		failed += await(p, n);
	}
}

/* ---- is it open? */

/*
 * The reject comes back while connect() has the socket, so the socket knows
 * it at once; nobody replies to what was let through.
 */
static bool is_open(uint32_t n)
{
	const struct linger none = { .l_onoff = 1 };
	bool v4 = type_of(n) == BULKNAME_A;
	struct sockaddr_in6 sa6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(80) };
	struct sockaddr_in sa4 = { .sin_family = AF_INET,
				   .sin_port = htons(80) };
	uint8_t addr[16];
	size_t len = bulkname_address(n, type_of(n), addr);
	int tcp = socket(v4 ? AF_INET : AF_INET6,
			 SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error = 0;
	socklen_t error_len = sizeof(error);

	memcpy(v4 ? (void *)&sa4.sin_addr : (void *)&sa6.sin6_addr, addr, len);
	if (connect(tcp, v4 ? (struct sockaddr *)&sa4 :
			      (struct sockaddr *)&sa6,
		    v4 ? sizeof(sa4) : sizeof(sa6)) < 0 &&
	    errno != EINPROGRESS)
		error = errno;
	else if (getsockopt(tcp, SOL_SOCKET, SO_ERROR, &error, &error_len) < 0)
		err(1, "SO_ERROR");
	setsockopt(tcp, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(tcp);
	return error == 0;
}

/* Awake all the time: who sleeps comes too late to see a race. */
static void look_at_each(void)
{
	unsigned int early = 0, shut = 0;
	uint32_t next = 0, over = 0;
	uint64_t heard = now();

	for (uint32_t i = 0; i < count && before == NULL; i++)
		early += is_open(first + i);
	while (over < count) {
		uint8_t msg[BULKNAME_MESSAGE];
		ssize_t n;

		while (next < count && next - over < flight) {
			if (before != NULL && system(before) != 0)
				errx(1, "failed: %s", before);
			heard = now();
			send_one(first + next, (uint16_t)next);
			next++;
		}
		n = recv(fd, msg, sizeof(msg), MSG_DONTWAIT);
		if (n < BULKNAME_HEADER) {
			if (now() - heard > PATIENCE_S * 2000000000ull)
				break;
			continue;
		}
		heard = now();
		over++;
		if (is_answer(msg, (size_t)n, first + id_of(msg)))
			shut += !is_open(first + id_of(msg));
		else
			failed++;
	}
	failed += count - over;
	fprintf(out, "early %s\t%s\t%u\nshut %s\t%s\t%u\n", kind, row, early,
		kind, row, shut);
}

/* ---- what is wanted */

static void connect_server(void)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
				 sizeof(patience)) < 0)
		err(1, "socket");
	reach_server(fd);
}

static void map_trips(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);

	trips = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
	if (trips == MAP_FAILED)
		err(1, "%s", path);
	close(file);
}

static void read_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "r:s:f:n:w:m:keqc:p:P:t:o:v:x:")) != -1) {
		switch (c) {
		case 'r': row = optarg; break;
		case 's': server = optarg; break;
		case 'f': first = (uint32_t)atoi(optarg); break;
		case 'n': count = (uint32_t)atoi(optarg); break;
		case 'w': flight = (unsigned int)atoi(optarg); break;
		case 'm': clients = (unsigned int)atoi(optarg); break;
		case 'k': same = true; break;
		case 'e': any = true; break;
		case 'q': quiet = true; break;
		case 'c': own_cpu = atoi(optarg); break;
		case 'p': pids = optarg; break;
		case 'P': their_cpu = atoi(optarg); break;
		case 't': map_trips(optarg); break;
		case 'o': out = fopen(optarg, "ae"); break;
		case 'v': kind = optarg; break;
		case 'x': before = optarg; break;
		default: exit(2);
		}
	}
	if (count == 0 || flight == 0 || flight > FLIGHT_MAX ||
	    clients > CLIENTS_MAX ||
	    first + count > BULKNAME_MAX || (!quiet && (!row || !out)))
		errx(2, "how it is used stands on top of bench/answer.c");
}

static int only_ask(void)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!ask_one(first + i, (uint16_t)i))
			errx(1, "%s does not answer", server);
	}
	return 0;
}

static uint64_t trips_made(void)
{
	return trips == NULL ? 0 :
	       atomic_load_explicit(trips, memory_order_relaxed);
}

static void measure(void)
{
	uint64_t cpu, asked;

	/* Sockets, caches and neighbours. */
	for (uint32_t i = 0; i < WARM_UP; i++)
		(void)ask_one(first + i, (uint16_t)(65535 - i));
	if (!same) {
		first += WARM_UP;
		count -= WARM_UP;
	}
	cpu = process_time(pids);
	asked = trips_made();
	if (clients > 0)
		ask_crowd();
	else if (flight == 1)
		ask_each();
	else
		ask_many();
	asked = trips_made() - asked;
	cpu = process_time(pids) - cpu;
	if (trips != NULL)
		tell("trips", (double)asked / count);
	if (pids != NULL)
		tell(flight == 1 ? "cpu" : "cpuN",
		     (double)cpu / 1e9 * 100000 / count /
		     (clients > 0 ? clients : 1));
}

int main(int argc, char **argv)
{
	read_options(argc, argv);
	if (own_cpu >= 0)
		process_stay_on(own_cpu);
	connect_server();
	if (quiet)
		return only_ask();
	if (their_cpu >= 0)
		process_place(pids, their_cpu);
	if (kind != NULL)
		look_at_each();
	else
		measure();
	tell("failed", failed);
	fclose(out);
	return 0;
}
