/* SPDX-License-Identifier: ISC */
/*
 * Does a reply come before its address is open?
 *
 *   live_order serve
 *       takes connections to port 80 of any address; says "ready"
 *   live_order ask FIRST N FLIGHT
 *       asks for N names from the FIRST on, FLIGHT at a time, and connects
 *       the instant each reply arrives; says what came of it
 *
 * early:      the address was open before its name was asked for
 * shut:       the reply was there, the address was not open
 * silent:     nobody answered the connection
 * unanswered: the question had no good reply
 */
#include <stdlib.h>

#include "asker.h"

enum { FLIGHT_MAX = 64 };

static unsigned int early, unanswered, is[ASKER_SILENT + 1];

/* ---- the servers */

static void serve(void)
{
	const struct sockaddr_in6 sa = { .sin6_family = AF_INET6,
					 .sin6_port = htons(80) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), off = 0;

	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (fd < 0 || bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    listen(fd, 1024) < 0)
		err(1, "port 80");
	puts("ready");
	fflush(stdout);
	for (;;) {
		int one = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		if (one >= 0)
			close(one);
	}
}

/* ---- the client */

static void look_before(struct asker *a)
{
	enum asker_is was;

	asker_connect(a);
	do
		was = asker_outcome(a, 100);
	while (was == ASKER_PENDING);
	early += was != ASKER_SHUT;
	asker_hang_up(a);
	asker_take_socket(a);
}

static void look_before_all(unsigned int first, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct asker a = { 0 };

		asker_prepare(&a, first + i);
		look_before(&a);
		asker_hang_up(&a);
	}
}

/* One look at a question on its way; true when it is over. */
static bool step(struct asker *a, bool *asked)
{
	enum asker_is now;
	int reply;

	if (*asked) {
		reply = asker_reply(a);
		if (reply == 0)
			return false;
		*asked = false;
		if (reply > 0) {
			asker_connect(a);
			return false;
		}
		unanswered++;
		return true;
	}
	now = asker_outcome(a, 0);
	is[now] += now != ASKER_PENDING;
	return now != ASKER_PENDING;
}

static void ask(unsigned int first, unsigned int n, unsigned int flight)
{
	struct asker a[FLIGHT_MAX] = { 0 };
	bool asked[FLIGHT_MAX] = { 0 };
	unsigned int next = 0, over = 0;

	for (unsigned int i = 0; i < flight; i++)
		a[i] = (struct asker){ .udp = asker_udp(), .tcp = -1 };
	/* A look takes time that the replies of others would wait. */
	if (flight > 1)
		look_before_all(first, n);
	/* Each step may take until the asker's patience ends, no longer. */
	for (unsigned int i = 0; over < n; i = (i + 1) % flight) {
		if (a[i].tcp < 0 && next < n) {
			asker_prepare(&a[i], first + next++);
			if (flight == 1)
				look_before(&a[i]);
			asker_send(&a[i]);
			asked[i] = true;
		} else if (a[i].tcp >= 0 && step(&a[i], &asked[i])) {
			asker_hang_up(&a[i]);
			over++;
		}
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "serve") == 0)
		serve();
	if (argc != 5 || strcmp(argv[1], "ask") != 0 || atoi(argv[4]) < 1 ||
	    atoi(argv[4]) > FLIGHT_MAX)
		errx(2, "usage: live_order serve | ask FIRST N FLIGHT");
	ask((unsigned int)atoi(argv[2]), (unsigned int)atoi(argv[3]),
	    (unsigned int)atoi(argv[4]));
	printf("early %u open %u shut %u silent %u unanswered %u\n", early,
	       is[ASKER_OPEN], is[ASKER_SHUT], is[ASKER_SILENT], unanswered);
	return 0;
}
