/* SPDX-License-Identifier: ISC */
/*
 * Many at once, for the live tests.
 *
 *   live_crowd pour ADDRESS PORT [ADDRESS PORT]...
 *       each millisecond a UDP packet and a TCP connection to each, until
 *       SIGTERM; then says "udp N tcp N"
 *   live_crowd clients SOCKET N STAY
 *       N connections to a control socket, half a line on each; says
 *       "refused N closed N" when only STAY are left: refused with an error,
 *       and closed in all. Holds those until its input ends.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { TARGETS = 8, CLIENTS = 2000, WAIT_MS = 20000 };

/* ---- pouring */

static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

static socklen_t fill(struct sockaddr_storage *to, const char *addr,
		      const char *port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, addr, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)atoi(port));
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, addr, &v6->sin6_addr) != 1)
		errx(2, "%s: not an address", addr);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)atoi(port));
	return sizeof(*v6);
}

/* Refusals are what the test is about; the next one goes out all the same. */
static void drop(const struct sockaddr_storage *to, socklen_t len, int type)
{
	struct linger reset = { 1, 0 };
	int fd = socket(to->ss_family, type | SOCK_NONBLOCK, 0);

	if (fd < 0)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (type == SOCK_DGRAM)
		(void)!sendto(fd, "pour", 4, 0, (const void *)to, len);
	else
		(void)!connect(fd, (const void *)to, len);
	close(fd);
}

static void pour(int argc, char **argv)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	struct sockaddr_storage to[TARGETS];
	socklen_t len[TARGETS];
	unsigned long rounds = 0;
	int n = argc / 2;

	if (n > TARGETS)
		errx(2, "too many addresses");
	for (int i = 0; i < n; i++)
		len[i] = fill(&to[i], argv[2 * i], argv[2 * i + 1]);
	signal(SIGTERM, end);
	while (!ended) {
		for (int i = 0; i < n; i++) {
			drop(&to[i], len[i], SOCK_DGRAM);
			drop(&to[i], len[i], SOCK_STREAM);
		}
		rounds++;
		nanosleep(&ms, NULL);
	}
	rounds *= (unsigned long)n;
	printf("udp %lu tcp %lu\n", rounds, rounds);
}

/* ---- clients of the control socket */

static const char half[] = "{\"jsonrpc\":\"2.0\",";

static struct pollfd fds[CLIENTS];

static void join(const char *path, unsigned int n)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct rlimit many = { CLIENTS + 64, CLIENTS + 64 };

	if (strlen(path) >= sizeof(sa.sun_path))
		errx(2, "%s: too long", path);
	memcpy(sa.sun_path, path, strlen(path));
	if (setrlimit(RLIMIT_NOFILE, &many) < 0)
		err(1, "setrlimit");
	for (unsigned int i = 0; i < n; i++) {
		fds[i].events = POLLIN;
		fds[i].fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (fds[i].fd < 0 ||
		    connect(fds[i].fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
			err(1, "%s", path);
		(void)!send(fds[i].fd, half, sizeof(half) - 1, MSG_NOSIGNAL);
	}
}

/* True when the other side has closed it. */
static bool hear(int fd, unsigned int *refused)
{
	char text[1024];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (n > 0) {
		text[n] = '\0';
		*refused += strstr(text, "\"error\"") != NULL;
	}
	return n <= 0;
}

static void clients(const char *path, unsigned int n, unsigned int stay)
{
	unsigned int refused = 0, closed = 0;

	join(path, n);
	/* What shrinks: n - closed, or nothing comes for long. */
	while (n - closed > stay && poll(fds, n, WAIT_MS) > 0)
		for (unsigned int i = 0; i < n; i++) {
			if (fds[i].revents == 0 || !hear(fds[i].fd, &refused))
				continue;
			close(fds[i].fd);
			fds[i].fd = -1;
			closed++;
		}
	printf("refused %u closed %u\n", refused, closed);
	fflush(stdout);
	while (getchar() != EOF)
		;
}

int main(int argc, char **argv)
{
	if (argc >= 4 && argc % 2 == 0 && strcmp(argv[1], "pour") == 0)
		pour(argc - 2, argv + 2);
	else if (argc == 5 && strcmp(argv[1], "clients") == 0 &&
		 atoi(argv[3]) <= CLIENTS)
		clients(argv[2], (unsigned int)atoi(argv[3]),
			(unsigned int)atoi(argv[4]));
	else
		errx(2, "usage: live_crowd pour|clients ...");
	return 0;
}
