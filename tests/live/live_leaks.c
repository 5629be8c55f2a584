/* SPDX-License-Identifier: ISC */
/*
 * What tests/live/leaks.sh sends.
 *
 *	classes			names of the kinds of leak
 *	class NAME IF N		N packets of one kind, below the firewall
 *	blast IF RATE SECONDS	UDP below the firewall; prints how many left
 *	spread IF N		N packets to N destinations, below the firewall
 *	attack SECONDS		all that sockets of this user can try
 *	hold ADDRESS PORT	one packet, and the socket stays until stdin ends
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "compat.h"

enum { FRAME = 256, BATCH = 64 };

struct out {
	uint8_t b[FRAME];
	size_t n;
};

static void put(struct out *o, const void *p, size_t n)
{
	memcpy(o->b + o->n, p, n);
	o->n += n;
}

static void put8(struct out *o, unsigned int v)
{
	o->b[o->n++] = (uint8_t)v;
}

static void put16(struct out *o, unsigned int v)
{
	put8(o, v >> 8 & 0xff);
	put8(o, v & 0xff);
}

/* Counted by the router by this sender's address. */
static void ether(struct out *o, unsigned int type)
{
	static const uint8_t ends[12] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0x5a, 0x11, 0x0e, 0, 1
	};

	put(o, ends, sizeof(ends));
	put16(o, type);
}

static void ip4(struct out *o, const char *to, unsigned int protocol,
		unsigned int fragment, size_t len)
{
	struct in_addr src, dst;

	inet_pton(AF_INET, "192.168.77.2", &src);
	inet_pton(AF_INET, to, &dst);
	put16(o, 0x4500);
	put16(o, (unsigned int)(20 + len));
	put16(o, 0x1234);
	put16(o, fragment);
	put8(o, 64);
	put8(o, protocol);
	put16(o, 0);
	put(o, &src, 4);
	put(o, &dst, 4);
}

static void ip6(struct out *o, const char *to, unsigned int next, size_t len)
{
	struct in6_addr src, dst;

	inet_pton(AF_INET6, "fd77::2", &src);
	inet_pton(AF_INET6, to, &dst);
	put16(o, 0x6000);
	put16(o, 0);
	put16(o, (unsigned int)len);
	put8(o, next);
	put8(o, 64);
	put(o, &src, 16);
	put(o, &dst, 16);
}

static void udp(struct out *o, unsigned int sport, unsigned int dport,
		const void *p, size_t len)
{
	put16(o, sport);
	put16(o, dport);
	put16(o, (unsigned int)(8 + len));
	put16(o, 0);
	put(o, p, len);
}

static void tcp(struct out *o, unsigned int dport, unsigned int flags)
{
	put16(o, 40000);
	put16(o, dport);
	put(o, "\0\0\0\1\0\0\0\0", 8);
	put16(o, 0x5000 | flags);
	put(o, "\xff\xff\0\0\0\0", 6);
}

/* A question for a name that is not allowed. */
static const uint8_t question[] = "\x12\x34\x01\0\0\1\0\0\0\0\0\0"
	"\6secret\7example\3com\0\0\1\0\1";
enum { QUESTION = sizeof(question) - 1 };

static void udp4(struct out *o, const char *to, unsigned int sport,
		 unsigned int dport)
{
	ether(o, ETH_P_IP);
	ip4(o, to, 17, 0, 8 + QUESTION);
	udp(o, sport, dport, question, QUESTION);
}

static void make_udp(struct out *o) { udp4(o, "203.0.113.20", 5000, 9999); }
static void make_dns(struct out *o) { udp4(o, "8.8.8.8", 5000, 53); }
static void make_dnsown(struct out *o) { udp4(o, "192.168.77.1", 5000, 53); }
static void make_mdns(struct out *o) { udp4(o, "224.0.0.251", 5353, 5353); }
static void make_all(struct out *o) { udp4(o, "255.255.255.255", 9, 9); }
static void make_wg(struct out *o) { udp4(o, "203.0.113.20", 9, 51820); }
static void make_vxlan(struct out *o) { udp4(o, "203.0.113.20", 9, 4789); }
static void make_dhcp(struct out *o) { udp4(o, "203.0.113.20", 68, 67); }

static void make_tcp(struct out *o)
{
	ether(o, ETH_P_IP);
	ip4(o, "203.0.113.20", 6, 0, 20);
	tcp(o, 443, 2);
}

static void make_dnstcp(struct out *o)
{
	ether(o, ETH_P_IP);
	ip4(o, "192.168.77.1", 6, 0, 20 + 2 + QUESTION);
	tcp(o, 53, 0x18);
	put16(o, QUESTION);
	put(o, question, QUESTION);
}

static void make_udp6(struct out *o)
{
	ether(o, ETH_P_IPV6);
	ip6(o, "2001:db8::20", 17, 8 + QUESTION);
	udp(o, 5000, 9999, question, QUESTION);
}

static void make_icmp6(struct out *o)
{
	ether(o, ETH_P_IPV6);
	ip6(o, "2001:db8::20", 58, 8);
	put(o, "\x80\0\0\0\0\1\0\1", 8);
}

static void make_exthdr(struct out *o)
{
	ether(o, ETH_P_IPV6);
	ip6(o, "2001:db8::20", 60, 8 + 8 + QUESTION);
	put(o, "\x11\0\1\4\0\0\0\0", 8);
	udp(o, 5000, 9999, question, QUESTION);
}

static void make_icmp(struct out *o)
{
	ether(o, ETH_P_IP);
	ip4(o, "203.0.113.20", 1, 0, 8);
	put(o, "\x08\0\0\0\0\1\0\1", 8);
}

static void proto4(struct out *o, unsigned int protocol)
{
	ether(o, ETH_P_IP);
	ip4(o, "203.0.113.20", protocol, 0, 16);
	put(o, "0123456789abcdef", 16);
}

static void make_gre(struct out *o) { proto4(o, 47); }
static void make_esp(struct out *o) { proto4(o, 50); }
static void make_sit(struct out *o) { proto4(o, 41); }
static void make_raw(struct out *o) { proto4(o, 253); }

static void make_first(struct out *o)
{
	ether(o, ETH_P_IP);
	ip4(o, "203.0.113.20", 17, 0x2000, 8 + 16);
	udp(o, 5000, 80, "0123456789abcdef", 16);
}

static void make_later(struct out *o)
{
	ether(o, ETH_P_IP);
	ip4(o, "203.0.113.10", 17, 3, 16);
	put(o, "0123456789abcdef", 16);
}

static void make_vlan(struct out *o)
{
	ether(o, 0x8100);
	put16(o, 5);
	put16(o, ETH_P_IP);
	ip4(o, "203.0.113.20", 17, 0, 8);
	udp(o, 5000, 9999, "", 0);
}

static void make_qinq(struct out *o)
{
	ether(o, 0x88a8);
	put16(o, 6);
	put16(o, 0x8100);
	put16(o, 5);
	put16(o, ETH_P_IPV6);
	ip6(o, "2001:db8::20", 17, 8);
	udp(o, 5000, 9999, "", 0);
}

static void make_strange(struct out *o)
{
	ether(o, 0x88b5);
	put(o, "whatever this is", 16);
}

/* A header that lies about its length. */
static void make_broken(struct out *o)
{
	ether(o, ETH_P_IP);
	put16(o, 0x4f00);
	put16(o, 1500);
	put(o, "0123456789abcdef", 16);
}

static const struct {
	const char *name;
	void (*make)(struct out *o);
} classes[] = {
	{ "udp", make_udp }, { "tcp", make_tcp }, { "dns", make_dns },
	{ "dns-own-server", make_dnsown }, { "dns-tcp", make_dnstcp },
	{ "udp6", make_udp6 }, { "extension-header", make_exthdr },
	{ "icmp", make_icmp }, { "icmp6", make_icmp6 },
	{ "multicast", make_mdns }, { "broadcast", make_all },
	{ "wireguard", make_wg }, { "vxlan", make_vxlan },
	{ "far-dhcp", make_dhcp }, { "gre", make_gre }, { "esp", make_esp },
	{ "6in4", make_sit }, { "raw", make_raw },
	{ "first-fragment", make_first }, { "later-fragment", make_later },
	{ "vlan", make_vlan }, { "qinq", make_qinq },
	{ "ethertype", make_strange }, { "broken", make_broken },
};

static int die(const char *what)
{
	perror(what);
	exit(1);
}

static int packet_socket(const char *ifname)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)if_nametoindex(ifname),
	};

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("packet socket");
	return fd;
}

static int send_class(const char *name, const char *ifname, int n)
{
	int fd = packet_socket(ifname);
	struct out o = { .n = 0 };
	size_t i = 0;

	while (i < NITEMS(classes) && strcmp(classes[i].name, name) != 0)
		i++;
	if (i == NITEMS(classes))
		return 2;
	classes[i].make(&o);
	for (; n > 0; n--)
		if (send(fd, o.b, o.n, 0) != (ssize_t)o.n)
			die("send");
	return 0;
}

static void wait_until(uint64_t when)
{
	uint64_t now = clock_boot();
	struct timespec ts;

	if (now >= when)
		return;
	ts = (struct timespec){ .tv_sec = (time_t)((when - now) / CLOCK_S),
				.tv_nsec = (long)((when - now) % CLOCK_S) };
	nanosleep(&ts, NULL);
}

/* Sends n of them, one datagram each; how many left. */
static unsigned int send_batch(int fd, struct out *o, unsigned int n)
{
	struct mmsghdr m[BATCH];
	struct iovec iov[BATCH];
	int sent;

	memset(m, 0, sizeof(m));
	for (unsigned int i = 0; i < n; i++) {
		iov[i] = (struct iovec){ o[i].b, o[i].n };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	sent = sendmmsg(fd, m, n, 0);
	return sent < 0 ? 0 : (unsigned int)sent;
}

static int blast(const char *ifname, unsigned long rate, unsigned long seconds)
{
	static struct out o[BATCH];
	int fd = packet_socket(ifname);
	uint64_t begun = clock_boot(), sent = 0, all = rate * seconds, tries = 0;

	for (unsigned int i = 0; i < BATCH; i++)
		make_udp(&o[i]);
	/* What shrinks: the time, at worst twice of what was asked for. */
	while (tries < all && clock_boot() - begun < 2 * seconds * CLOCK_S) {
		sent += send_batch(fd, o, BATCH);
		tries += BATCH;
		wait_until(begun + tries * CLOCK_S / rate);
	}
	printf("%llu in %llu ms\n", (unsigned long long)sent,
	       (unsigned long long)((clock_boot() - begun) / CLOCK_MS));
	return 0;
}

static int spread(const char *ifname, unsigned long n)
{
	static struct out o[BATCH];
	int fd = packet_socket(ifname);
	uint32_t to = 0x0b000001;	/* 11.0.0.1 */
	uint64_t begun = clock_boot(), sent = 0;

	for (unsigned int i = 0; i < BATCH; i++)
		make_udp(&o[i]);
	while (sent < n) {
		for (unsigned int i = 0; i < BATCH; i++) {
			uint32_t be = htonl(to++);

			memcpy(o[i].b + 30, &be, sizeof(be));
		}
		sent += send_batch(fd, o, BATCH);
		wait_until(begun + sent * 10000);	/* 100,000/s */
	}
	printf("%llu\n", (unsigned long long)sent);
	return 0;
}

/* ---- what any user may try */

static void try_udp(const char *to, uint16_t port)
{
	int one = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port) };

	inet_pton(AF_INET, to, &a.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
	(void)!sendto(fd, question, QUESTION, 0, (struct sockaddr *)&a,
		      sizeof(a));
	close(fd);
}

static void try_udp6(const char *to, uint16_t port)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in6 a = { .sin6_family = AF_INET6,
				  .sin6_port = htons(port) };

	inet_pton(AF_INET6, to, &a.sin6_addr);
	a.sin6_scope_id = if_nametoindex("eth0");
	(void)!sendto(fd, question, QUESTION, 0, (struct sockaddr *)&a,
		      sizeof(a));
	close(fd);
}

static void try_big(const char *to, uint16_t port)
{
	static const char big[4000];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port) };

	inet_pton(AF_INET, to, &a.sin_addr);
	(void)!sendto(fd, big, sizeof(big), 0, (struct sockaddr *)&a,
		      sizeof(a));
	close(fd);
}

static void try_tcp(const char *to, uint16_t port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port) };

	inet_pton(AF_INET, to, &a.sin_addr);
	(void)!connect(fd, (struct sockaddr *)&a, sizeof(a));
	close(fd);
}

/* Ping without rights, and raw with them. */
static void try_icmp(int type, int protocol)
{
	int fd = socket(AF_INET, type | SOCK_NONBLOCK, protocol);
	struct sockaddr_in a = { .sin_family = AF_INET };

	inet_pton(AF_INET, "203.0.113.20", &a.sin_addr);
	if (fd < 0)
		return;
	(void)!sendto(fd, "\x08\0\xf7\xff\0\0\0\0", 8, 0,
		      (struct sockaddr *)&a, sizeof(a));
	close(fd);
}

static int attack(unsigned long seconds)
{
	uint64_t end = clock_boot() + seconds * CLOCK_S, n = 0;

	for (; clock_boot() < end; n++) {
		char to[INET_ADDRSTRLEN];

		snprintf(to, sizeof(to), "203.0.113.%u",
			 (unsigned int)(n % 254 + 1));
		try_udp(to, (uint16_t)(n % 65535 + 1));
		try_udp("192.168.77.1", 53);
		try_udp("8.8.8.8", 53);
		try_udp("255.255.255.255", 9);
		try_udp("224.0.0.251", 5353);
		try_udp("203.0.113.10", 80);
		try_big("203.0.113.20", 9999);
		try_udp6("2001:db8::20", 9999);
		try_udp6("ff02::fb", 5353);
		try_udp6("fe80::1", 9999);
		try_tcp("203.0.113.20", 80);
		try_tcp("203.0.113.10", 8080);
		try_tcp("192.168.77.1", 53);
		try_icmp(SOCK_DGRAM, IPPROTO_ICMP);
		try_icmp(SOCK_RAW, IPPROTO_ICMP);
		try_icmp(SOCK_RAW, 47);
		wait_until(clock_boot() + CLOCK_MS);
	}
	printf("%llu rounds\n", (unsigned long long)n);
	return 0;
}

static int hold(const char *to, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)atoi(port)) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char word;

	inet_pton(AF_INET, to, &a.sin_addr);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    send(fd, "x", 1, 0) != 1)
		return die("send");
	while (read(STDIN_FILENO, &word, 1) > 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "classes") == 0) {
		for (size_t i = 0; i < NITEMS(classes); i++)
			puts(classes[i].name);
		return 0;
	}
	if (strcmp(what, "class") == 0 && argc == 5)
		return send_class(argv[2], argv[3], atoi(argv[4]));
	if (strcmp(what, "blast") == 0 && argc == 5)
		return blast(argv[2], strtoul(argv[3], NULL, 10),
			     strtoul(argv[4], NULL, 10));
	if (strcmp(what, "spread") == 0 && argc == 4)
		return spread(argv[2], strtoul(argv[3], NULL, 10));
	if (strcmp(what, "attack") == 0 && argc == 3)
		return attack(strtoul(argv[2], NULL, 10));
	if (strcmp(what, "hold") == 0 && argc == 4)
		return hold(argv[2], argv[3]);
	return 2;
}
