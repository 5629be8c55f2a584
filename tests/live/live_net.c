/* SPDX-License-Identifier: ISC */
/*
 * Traffic for the live tests: somebody who answers, somebody who asks.
 *
 *   live_net echo PORT...
 *       UDP and TCP, IPv4 and IPv6; says "ready", then echoes until killed
 *   live_net probes
 *       reads lines, "udp|tcp|icmp DST PORT SPORT [from=ADDR] [dev=NAME]
 *       [mark=N] [ms=N]"; for each one packet or connection and a line:
 *       "answer", "refused" (it failed at once) or "silent"
 *   live_net talk DST PORT SPORT [...]
 *       one connection; for each line of input one exchange, said as above
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FDS = 64, WORD = 7 };

static const char word[WORD + 1] = "sallyp\n";

/* ---- echo */

static struct pollfd fds[FDS];
static bool is_listener[FDS], is_udp[FDS];
static nfds_t n_fds;

static void add_fd(int fd, bool listener, bool udp)
{
	if (n_fds == FDS)
		errx(1, "too many sockets");
	is_listener[n_fds] = listener;
	is_udp[n_fds] = udp;
	fds[n_fds++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static void serve(int type, uint16_t port)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6,
				   .sin6_port = htons(port) };
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0), on = 1, off = 0;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 64) < 0))
		err(1, "port %u", port);
	add_fd(fd, type == SOCK_STREAM, type == SOCK_DGRAM);
}

/* The answer comes from the address that was asked. */
static void echo_udp(int fd)
{
	char data[2048], control[256];
	struct sockaddr_in6 sa;
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = { .msg_name = &sa, .msg_namelen = sizeof(sa),
			      .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &msg, 0);

	if (n < 0)
		return;
	iov.iov_len = (size_t)n;
	(void)!sendmsg(fd, &msg, 0);
}

static void echo_tcp(nfds_t i)
{
	char data[2048];
	ssize_t n = recv(fds[i].fd, data, sizeof(data), 0);

	if (n > 0 && send(fds[i].fd, data, (size_t)n, MSG_NOSIGNAL) == n)
		return;
	close(fds[i].fd);
	fds[i] = fds[--n_fds];
	is_listener[i] = is_listener[n_fds];
	is_udp[i] = is_udp[n_fds];
}

static void echo_ready(nfds_t i)
{
	if (is_udp[i])
		echo_udp(fds[i].fd);
	else if (!is_listener[i])
		echo_tcp(i);
	else
		add_fd(accept4(fds[i].fd, NULL, NULL, SOCK_CLOEXEC), false,
		       false);
}

static void echo(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		serve(SOCK_STREAM, (uint16_t)atoi(argv[i]));
		serve(SOCK_DGRAM, (uint16_t)atoi(argv[i]));
	}
	puts("ready");
	fflush(stdout);
	while (poll(fds, n_fds, -1) >= 0 || errno == EINTR)
		for (nfds_t i = n_fds; i-- > 0;)
			if (fds[i].revents)
				echo_ready(i);
}

/* ---- probe */

static struct sockaddr_in6 target, source;
static bool v4;
static int wait_ms;
static unsigned int mark;
static const char *device;

/* IPv4 as it is, for the sake of ICMP and broadcasts. */
static socklen_t fill(struct sockaddr_in6 *sa, const char *text,
		      const char *port)
{
	struct sockaddr_in *s4 = (struct sockaddr_in *)sa;
	uint16_t number = htons((uint16_t)atoi(port));

	memset(sa, 0, sizeof(*sa));
	if (inet_pton(AF_INET, text, &s4->sin_addr) == 1) {
		s4->sin_family = AF_INET;
		s4->sin_port = number;
		return sizeof(*s4);
	}
	sa->sin6_family = AF_INET6;
	sa->sin6_port = number;
	if (inet_pton(AF_INET6, text, &sa->sin6_addr) != 1)
		errx(2, "%s: not an address", text);
	return sizeof(*sa);
}

static socklen_t len(void)
{
	return v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static void options(int argc, char **argv)
{
	const char *from = NULL;

	wait_ms = 2000;
	mark = 0;
	device = NULL;
	v4 = fill(&target, argv[0], argv[1]) == sizeof(struct sockaddr_in);
	for (int i = 3; i < argc; i++) {
		if (strncmp(argv[i], "from=", 5) == 0)
			from = argv[i] + 5;
		else if (strncmp(argv[i], "dev=", 4) == 0)
			device = argv[i] + 4;
		else if (strncmp(argv[i], "mark=", 5) == 0)
			mark = (unsigned int)strtoul(argv[i] + 5, NULL, 0);
		else if (strncmp(argv[i], "ms=", 3) == 0)
			wait_ms = atoi(argv[i] + 3);
		else
			errx(2, "%s: what?", argv[i]);
	}
	fill(&source, from ? from : v4 ? "0.0.0.0" : "::", argv[2]);
	if (!v4 && device)
		target.sin6_scope_id = if_nametoindex(device);
}

static int open_socket(int type, int protocol)
{
	int fd = socket(v4 ? AF_INET : AF_INET6, type, protocol), on = 1;

	if (fd < 0)
		err(2, "socket");
	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	if (mark && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)))
		err(2, "mark");
	if (device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device,
				 (socklen_t)strlen(device)))
		err(2, "%s", device);
	if (type != SOCK_RAW &&
	    bind(fd, (struct sockaddr *)&source, len()) < 0)
		err(2, "bind");
	return fd;
}

static const char *await(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char data[2048];

	if (poll(&p, 1, wait_ms) <= 0)
		return "silent";
	return recv(fd, data, sizeof(data), 0) > 0 ? "answer" : "refused";
}

static const char *exchange(int fd)
{
	if (send(fd, word, WORD, MSG_NOSIGNAL) != WORD)
		return "refused";
	return await(fd);
}

static const char *udp(void)
{
	int fd = open_socket(SOCK_DGRAM, 0);

	if (connect(fd, (struct sockaddr *)&target, len()) < 0)
		err(2, "connect");

	const char *said = exchange(fd);

	close(fd);
	return said;
}

/* It ends with a reset, so that its port is free again at once. */
static const char *tcp(int *fd)
{
	struct pollfd p = { .events = POLLOUT };
	struct linger reset = { 1, 0 };
	int error = 0;
	socklen_t size = sizeof(error);

	p.fd = *fd = open_socket(SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(*fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (connect(*fd, (struct sockaddr *)&target, len()) < 0 &&
	    errno != EINPROGRESS)
		return "refused";
	if (poll(&p, 1, wait_ms) <= 0)
		return "silent";
	getsockopt(*fd, SOL_SOCKET, SO_ERROR, &error, &size);
	return error ? "refused" : exchange(*fd);
}

/* Raw: the number that is to be found again is in the id. */
static const char *icmp(void)
{
	struct icmphdr h = { .type = v4 ? ICMP_ECHO : 128 };
	int fd = open_socket(SOCK_RAW, v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);

	h.un.echo.id = source.sin6_port;
	source.sin6_port = target.sin6_port = 0;
	/* IPv4 wants its checksum; the rest of the packet is 0. */
	h.checksum = (uint16_t)~(ICMP_ECHO + h.un.echo.id +
		     (ICMP_ECHO + h.un.echo.id > 0xffff));

	bool sent = connect(fd, (struct sockaddr *)&target, len()) == 0 &&
		    send(fd, &h, sizeof(h), 0) > 0;
	const char *said = sent ? await(fd) : "refused";

	close(fd);
	return said;
}

static const char *probe(const char *proto)
{
	const char *said;
	int fd;

	if (strcmp(proto, "udp") == 0)
		return udp();
	if (strcmp(proto, "icmp") == 0)
		return icmp();
	said = tcp(&fd);
	close(fd);
	return said;
}

static void probes(void)
{
	char line[512], *word_of[12];

	while (fgets(line, sizeof(line), stdin)) {
		int n = 0;

		for (char *w = strtok(line, " \n"); w && n < 12;
		     w = strtok(NULL, " \n"))
			word_of[n++] = w;
		if (n < 4)
			errx(2, "a probe has four words at least");
		options(n - 1, word_of + 1);
		puts(probe(word_of[0]));
		fflush(stdout);
	}
}

static void talk(void)
{
	char line[80];
	int fd;

	wait_ms = 500;
	puts(tcp(&fd));
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		puts(exchange(fd));
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "echo") == 0) {
		echo(argc - 2, argv + 2);
		err(1, "poll");
	}
	if (argc == 2 && strcmp(argv[1], "probes") == 0) {
		probes();
		return 0;
	}
	if (argc < 5 || strcmp(argv[1], "talk") != 0)
		errx(2, "usage: live_net echo|probes|talk ...");
	options(argc - 2, argv + 2);
	talk();
	return 0;
}
