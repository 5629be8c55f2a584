/* SPDX-License-Identifier: ISC */
/*
 * live_tied - asks a server by a socket that is tied to an interface
 *
 * usage: live_tied free|unicast|resolved|bound udp|tcp SERVER NAME [INTERFACE]
 *
 * unicast: IP_UNICAST_IF. resolved: that, and bound while it connects, as
 * systemd-resolved does it for servers off the link. bound: SO_BINDTODEVICE
 * for good. Prints "answer", "nothing" after 3 s, or the error.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/ipaddr.h"

enum { WAIT_MS = 3000, QUESTION = 512 };

struct asked {
	const char *how;
	bool tcp;
	struct ipaddr server;
	const char *name;
	unsigned int ifindex;
};

static void say(const char *text)
{
	puts(text);
	exit(0);
}

static void tie(int fd, const struct asked *a)
{
	uint32_t index = htonl(a->ifindex);
	bool v4 = ipaddr_is_v4(&a->server);

	if (strcmp(a->how, "unicast") == 0 || strcmp(a->how, "resolved") == 0)
		if (setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6,
			       v4 ? IP_UNICAST_IF : IPV6_UNICAST_IF, &index,
			       sizeof(index)) < 0)
			say(strerror(errno));
}

static void bind_to(int fd, unsigned int ifindex)
{
	int index = (int)ifindex;

	if (setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index,
		       sizeof(index)) < 0)
		say(strerror(errno));
}

static void join(int fd, const struct asked *a)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(53) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(53) };
	bool v4 = ipaddr_is_v4(&a->server);
	const void *to = v4 ? (const void *)&in : &in6;

	memcpy(&in.sin_addr, a->server.b + 12, 4);
	memcpy(&in6.sin6_addr, a->server.b, 16);
	if (connect(fd, to, v4 ? sizeof(in) : sizeof(in6)) < 0 &&
	    errno != EINPROGRESS)
		say(strerror(errno));
}

static void wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };
	socklen_t size = sizeof(int);
	int error = 0;

	if (poll(&p, 1, WAIT_MS) <= 0)
		say("nothing");
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error != 0)
		say(strerror(error));
}

/* An A question, behind its length (RFC 1035, 4.2.2). */
static size_t question(const char *name, uint8_t q[static QUESTION])
{
	static const uint8_t head[] = { 0x12, 0x34, 1, 0, 0, 1,
					0, 0, 0, 0, 0, 0 };
	static const uint8_t tail[] = { 0, 0, 1, 0, 1 };
	size_t at = 2 + sizeof(head);

	memcpy(q + 2, head, sizeof(head));
	while (*name != '\0') {
		size_t n = strcspn(name, ".");

		q[at++] = (uint8_t)n;
		memcpy(q + at, name, n);
		at += n;
		name += n + (name[n] == '.');
	}
	memcpy(q + at, tail, sizeof(tail));
	at += sizeof(tail);
	q[0] = (uint8_t)((at - 2) >> 8);
	q[1] = (uint8_t)(at - 2);
	return at;
}

static void ask(int fd, const struct asked *a)
{
	uint8_t q[QUESTION], reply[QUESTION];
	size_t len = question(a->name, q), skip = a->tcp ? 0 : 2;

	if (a->tcp)
		wait_for(fd, POLLOUT);
	if (send(fd, q + skip, len - skip, MSG_NOSIGNAL) < 0)
		say(strerror(errno));
	wait_for(fd, POLLIN);
	say(recv(fd, reply, sizeof(reply), 0) > 0 ? "answer" :
	    strerror(errno));
}

int main(int argc, char **argv)
{
	struct asked a;
	bool resolved;
	int fd;

	if (argc < 5 || strlen(argv[4]) > 200 ||
	    !ipaddr_parse(argv[3], &a.server))
		return 2;
	a.how = argv[1];
	a.tcp = strcmp(argv[2], "tcp") == 0;
	a.name = argv[4];
	a.ifindex = if_nametoindex(argc > 5 ? argv[5] : "eth0");
	resolved = strcmp(a.how, "resolved") == 0;
	fd = socket(ipaddr_is_v4(&a.server) ? AF_INET : AF_INET6,
		    (a.tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return 2;
	tie(fd, &a);
	if (resolved || strcmp(a.how, "bound") == 0)
		bind_to(fd, a.ifindex);
	join(fd, &a);
	if (resolved)
		bind_to(fd, 0);
	ask(fd, &a);
}
