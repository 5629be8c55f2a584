/* SPDX-License-Identifier: ISC */
/*
 * Connects to addresses again and again, as programs do whose network is
 * gone, until it is told to end: a thousand times a second.
 *
 *   live_hammer PORT ADDRESS...
 *
 * Says how many attempts it made.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sockaddr.h"

static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

static void strike(const struct ipaddr *a, uint16_t port)
{
	const struct linger at_once = { .l_onoff = 1 };
	int family = ipaddr_is_v4(a) ? AF_INET : AF_INET6;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	const struct timespec pause = { .tv_nsec = 500000 };
	union sockaddr_any sa;
	socklen_t len = sockaddr_make(&sa, a, port, 0);

	if (fd < 0)
		err(1, "socket");
	(void)!setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once,
			  sizeof(at_once));
	(void)!connect(fd, &sa.sa, len);
	nanosleep(&pause, NULL);
	close(fd);
}

int main(int argc, char **argv)
{
	unsigned long n = 0;

	if (argc < 3)
		errx(2, "usage: live_hammer PORT ADDRESS...");
	signal(SIGTERM, end);
	while (!ended) {
		struct ipaddr a;

		for (int i = 2; i < argc; i++) {
			if (!ipaddr_parse(argv[i], &a))
				errx(2, "%s: no address", argv[i]);
			strike(&a, (uint16_t)atoi(argv[1]));
			n++;
		}
	}
	printf("%lu attempts\n", n);
}
