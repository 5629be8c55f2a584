/* SPDX-License-Identifier: ISC */
/*
 * bench_probe LINK PEER WHEN MS TUNNEL COMMAND...
 *
 * A machine wakes: LINK is switched on and COMMAND, a DHCP client, started.
 * Then what a system does with a network: it asks the resolver that
 * /etc/resolv.conf names for captive.apple.com, fetches the page from the
 * address in the answer, runs TUNNEL, which brings one up, and has an ICMP echo
 * from PEER through it, the first packet behind the handshake. WHEN is what it begins at:
 * "address", as soon as LINK has one, or "route", the default route.
 *
 * What fails (a question not answered well, no way to the page) is tried
 * again at the next change of addresses or routes, at once if there was one
 * since the try, and after a second without any: stub resolvers that only
 * wait, for 5 s, would measure themselves. A page that is refused is no
 * network to wait for: the tunnel is tried all the same, as after an answer
 * that is only made up.
 *
 * Prints one line: ms of the boot clock since the link was up, "-" for what
 * was not there after MS: address, route, answered, page, tunnel; then how
 * often was asked, and when the link was up, in ms of the wall clock.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const double AGAIN_MS = 1000;

enum stage { LINK, ADDRESS, ROUTE, ANSWERED, PAGE, TUNNEL, STAGES };
enum doing { WAITING, ASKING, FETCHING, TUNNELLING, DONE };

static struct {
	unsigned int link;		/* its index */
	char *tunnel;
	struct in_addr peer, found;
	enum stage begin;
	double at[STAGES];		/* ms, boot time; 0 = not yet */
	enum doing doing;
	int net, fd;			/* fd: of what is being done, or -1 */
	unsigned int events, seen;	/* all; when it was tried last */
	unsigned int asked;
	bool sent;			/* the request for the page */
	double again;			/* when it is tried anew */
} check = { .fd = -1 };

static double clock_ms(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static double now(void)
{
	return clock_ms(CLOCK_BOOTTIME);
}

static void stamp(enum stage s)
{
	if (check.at[s] == 0)
		check.at[s] = now();
}

/* ---- the network */

static void open_events(void)
{
	struct sockaddr_nl sa = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR |
			     RTMGRP_IPV4_ROUTE,
	};

	check.net = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
			   NETLINK_ROUTE);
	if (check.net < 0 ||
	    bind(check.net, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		err(2, "netlink");
}

static void note(const struct nlmsghdr *h)
{
	const struct ifinfomsg *link = NLMSG_DATA(h);
	const struct ifaddrmsg *address = NLMSG_DATA(h);
	const struct rtmsg *route = NLMSG_DATA(h);

	if (h->nlmsg_type == RTM_NEWLINK && link->ifi_index ==
	    (int)check.link && (link->ifi_flags & IFF_RUNNING) != 0)
		stamp(LINK);
	if (h->nlmsg_type == RTM_NEWADDR && address->ifa_index == check.link)
		stamp(ADDRESS);
	if (h->nlmsg_type == RTM_NEWROUTE && route->rtm_dst_len == 0 &&
	    route->rtm_table == RT_TABLE_MAIN)
		stamp(ROUTE);
	check.events += h->nlmsg_type == RTM_NEWADDR ||
			h->nlmsg_type == RTM_NEWROUTE;
}

static void read_events(void)
{
	_Alignas(struct nlmsghdr) char buf[8192];
	ssize_t n;

	while ((n = recv(check.net, buf, sizeof(buf), 0)) > 0) {
		unsigned int len = (unsigned int)n;

		for (const struct nlmsghdr *h = (void *)buf; NLMSG_OK(h, len);
		     h = NLMSG_NEXT(h, len))
			note(h);
	}
}

static void switch_on(const char *ifname)
{
	struct ifreq ifr = { .ifr_ifindex = 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &ifr) < 0)
		err(2, "%s", ifname);
	ifr.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		err(2, "%s", ifname);
	close(fd);
}

/* ---- one try */

static void become(enum doing doing)
{
	if (check.fd >= 0)
		close(check.fd);
	check.fd = -1;
	check.doing = doing;
}

static void open_socket(int type, int protocol)
{
	check.fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC,
			  protocol);
	if (check.fd < 0)
		err(2, "socket");
	check.seen = check.events;
	check.again = now() + AGAIN_MS;
}

static int reach(struct in_addr to, uint16_t port)
{
	const struct sockaddr_in sa = {
		.sin_family = AF_INET, .sin_addr = to, .sin_port = htons(port),
	};

	return connect(check.fd, (const struct sockaddr *)&sa, sizeof(sa));
}

/* For a change, of which there may have been one already. */
static void failed(void)
{
	if (check.fd >= 0)
		close(check.fd);
	check.fd = -1;
	if (check.events != check.seen)
		check.again = now();
}

static struct in_addr server(void)
{
	FILE *f = fopen("/etc/resolv.conf", "re");
	struct in_addr a = { .s_addr = INADDR_LOOPBACK };
	char line[256], text[64];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "nameserver %63s", text) == 1 &&
		    inet_pton(AF_INET, text, &a) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return a;
}

static void ask(void)
{
	uint8_t q[] = "\0\0\1\0\0\1\0\0\0\0\0\0"
		      "\7captive\5apple\3com\0" "\0\1\0\1";

	become(ASKING);
	open_socket(SOCK_DGRAM, 0);
	q[1] = (uint8_t)++check.asked;
	if (reach(server(), 53) < 0 ||
	    send(check.fd, q, sizeof(q) - 1, 0) < 0)
		failed();
}

static size_t pass_name(const uint8_t *p, size_t n, size_t at)
{
	while (at < n && p[at] != 0) {
		if (p[at] >= 0xc0)
			return at + 2;
		at += p[at] + 1u;
	}
	return at + 1;
}

/* The first address in the answer, if there is one. */
static bool find(const uint8_t *p, size_t n)
{
	size_t at = pass_name(p, n, 12) + 4;

	if (n < 12 || p[1] != (uint8_t)check.asked || (p[3] & 15) != 0)
		return false;
	for (unsigned int left = p[7]; left > 0; left--) {
		size_t type = at = pass_name(p, n, at);

		if (at + 14 > n)
			return false;
		if (p[type + 1] == 1) {
			memcpy(&check.found, p + at + 10, 4);
			return true;
		}
		at += 10u + (size_t)(p[at + 8] << 8 | p[at + 9]);
	}
	return false;
}

static void fetch(void)
{
	become(FETCHING);
	open_socket(SOCK_STREAM, 0);
	if (reach(check.found, 80) < 0 && errno != EINPROGRESS)
		failed();
}

static void heard(void)
{
	uint8_t p[1500];
	ssize_t n = recv(check.fd, p, sizeof(p), 0);

	if (n < 0 || !find(p, (size_t)n)) {
		failed();
		return;
	}
	stamp(ANSWERED);
	fetch();
}

static void echo(void)
{
	static const uint8_t request[] = { ICMP_ECHO, 0, 0xf7, 0xfe, 0, 1,
					   0, 0 };
	static double pause = 1;

	become(TUNNELLING);
	open_socket(SOCK_RAW, IPPROTO_ICMP);
	/* The tunnel may drop what comes before it has seen that it is on. */
	check.again = now() + pause;
	pause *= 2;
	if (reach(check.peer, 0) < 0 ||
	    send(check.fd, request, sizeof(request), 0) < 0)
		failed();
}

static pid_t run(char *const *argv)
{
	pid_t pid;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0)
		errx(2, "%s", argv[0]);
	return pid;
}

static void tunnel(void)
{
	(void)run((char *[]){ check.tunnel, NULL });
	echo();
}

static void connected(void)
{
	static const char get[] = "GET /hotspot-detect.html HTTP/1.0\r\n"
				  "Host: captive.apple.com\r\n\r\n";

	check.sent = send(check.fd, get, sizeof(get) - 1, MSG_NOSIGNAL) > 0;
	if (!check.sent)
		tunnel();
}

static void fetched(void)
{
	char page[2048];
	ssize_t n = recv(check.fd, page, sizeof(page) - 1, 0);

	if (n <= 0) {
		tunnel();
		return;
	}
	page[n] = '\0';
	if (strstr(page, "Success") == NULL)
		return;
	stamp(PAGE);
	tunnel();
}

static void echoed(void)
{
	uint8_t p[1500];
	ssize_t n = recv(check.fd, p, sizeof(p), 0);

	if (n < 28 || p[20] != ICMP_ECHOREPLY ||
	    memcmp(p + 12, &check.peer, 4) != 0)
		return;
	stamp(TUNNEL);
	become(DONE);
}

/* ---- */

static void go_on(void)
{
	switch (check.doing) {
	case ASKING:
		heard();
		return;
	case FETCHING:
		if (check.sent)
			fetched();
		else
			connected();
		return;
	default:
		echoed();
	}
}

static void again(void)
{
	if (check.doing == WAITING || check.doing == ASKING)
		ask();
	else if (check.doing == FETCHING)
		fetch();
	else
		echo();
}

static bool is_due(void)
{
	if (check.at[check.begin] == 0)
		return false;
	return check.doing == WAITING || now() >= check.again ||
	       (check.fd < 0 && check.events != check.seen);
}

static void turn(double until)
{
	struct pollfd p[] = {
		{ .fd = check.net, .events = POLLIN },
		{ .fd = check.fd, .events = POLLIN },
	};
	double ms = check.doing != WAITING && check.again < until ?
		    check.again - now() : until - now();

	if (check.doing == FETCHING && !check.sent)
		p[1].events = POLLOUT;
	poll(p, 2, ms > 0 ? (int)ms + 1 : 0);
	if (p[0].revents != 0)
		read_events();
	if (p[1].revents != 0 && check.fd >= 0)
		go_on();
	if (check.doing != DONE && is_due())
		again();
}

static void say(void)
{
	for (int s = ADDRESS; s < STAGES; s++)
		if (check.at[s] == 0)
			printf("- ");
		else
			printf("%.3f ", check.at[s] - check.at[LINK]);
	printf("%u %.3f\n", check.asked,
	       clock_ms(CLOCK_REALTIME) - now() + check.at[LINK]);
}

int main(int argc, char **argv)
{
	double until;
	pid_t client;

	if (argc < 7)
		errx(2, "usage: bench_probe LINK PEER WHEN MS TUNNEL COMMAND...");
	check.link = if_nametoindex(argv[1]);
	check.tunnel = argv[5];
	check.begin = strcmp(argv[3], "route") == 0 ? ROUTE : ADDRESS;
	if (check.link == 0 || inet_pton(AF_INET, argv[2], &check.peer) != 1)
		errx(2, "%s, %s", argv[1], argv[2]);
	open_events();
	until = now() + atof(argv[4]);
	switch_on(argv[1]);
	client = run(argv + 6);
	while (check.doing != DONE && now() < until)
		turn(until);
	waitpid(client, NULL, 0);
	say();
	return 0;
}
