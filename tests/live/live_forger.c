/* SPDX-License-Identifier: ISC */
/*
 * Somebody on the link who sees each query and answers before the server:
 *
 *   live_forger LINK OTHER	OTHER: the address of another server
 *
 * First all that must not count, with an address of its own, then the truth:
 * 192.0.2.7 or 2001:db8::7. "forged TYPE" on stdout when it is out.
 *
 *   live_forger tunnel NAME HERE THERE
 *
 * A raw IP link between two namespaces (paths): a TUN device of that name in
 * each, and what goes into the one comes out of the other.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "craft.h"
#include "frame.h"
#include "tests/unit/wire.h"

enum { ROOM = 2048, ETHER = 14 };

enum forgery {
	FORGE_TAG, FORGE_MAC, FORGE_GROUP, FORGE_PORT, FORGE_FROM_PORT,
	FORGE_STRANGER, FORGE_OTHER, FORGE_TO, FORGE_ID, FORGE_CASE,
	FORGE_NOTHING
};

static struct craft *c;
static struct ipaddr other;
static int fd;

static void forge(enum forgery how, const uint8_t *query, const struct frame *f)
{
	struct craft_ends e = {
		.src = f->dst, .dst = f->src, .sport = f->dport,
		.dport = f->sport,
	};
	struct craft_link l = { .vlan = how == FORGE_TAG ? 7 : 0 };
	uint8_t packet[ROOM], out[ROOM];
	struct wire w = { .len = f->payload.len };
	char text[DNSNAME_TEXT];
	uint8_t name[DNSNAME_MAX];
	struct dnsmsg m;
	ssize_t n;

	memcpy(w.b, f->payload.p, w.len);
	m = wire_view(&w);
	dnsname_to_text(name, dnsname_unpack(&m.qname, name), text);
	w.b[2] |= DNSFLAG_QR >> 8;
	wire_addr(&w, text, 60, m.qtype == DNSTYPE_A ?
		  (how == FORGE_NOTHING ? "192.0.2.7" : "192.0.2.66") :
		  (how == FORGE_NOTHING ? "2001:db8::7" : "2001:db8::66"));
	w.b[1] ^= how == FORGE_ID;
	w.b[DNSMSG_HEADER + 1] ^= how == FORGE_CASE ? 0x20 : 0;
	e.dport = (uint16_t)(e.dport ^ (how == FORGE_PORT));
	e.sport = (uint16_t)(e.sport ^ (how == FORGE_FROM_PORT));
	e.src.b[15] ^= how == FORGE_STRANGER ? 0x40 : 0;
	e.dst.b[15] ^= how == FORGE_TO ? 0x40 : 0;
	if (how == FORGE_OTHER)
		e.src = other;
	memcpy(l.dst, query + 6, 6);
	memcpy(l.src, query, 6);
	l.dst[5] ^= how == FORGE_MAC;
	if (how == FORGE_GROUP)
		memset(l.dst, 0xff, 6);
	n = craft_udp(c, &e, w.b, w.len, packet, sizeof(packet));
	if (n > 0)
		n = craft_ethernet(c, &l, packet, (size_t)n, out, sizeof(out));
	if (n < 0 || send(fd, out, (size_t)n, 0) != n)
		err(1, "forgery %d", how);
}

static void hear(void)
{
	struct sockaddr_ll from;
	socklen_t len = sizeof(from);
	uint8_t b[ROOM];
	ssize_t n = recvfrom(fd, b, sizeof(b), 0, (struct sockaddr *)&from,
			     &len);
	struct slice packet = { b, n < 0 ? 0 : (size_t)n };
	struct frame f;

	if (n < 0)
		err(1, "link");
	if (from.sll_pkttype == PACKET_OUTGOING ||
	    frame_read(LINK_ETHERNET, packet, &f) != PARSE_OK ||
	    f.dport != 53 || ipaddr_equal(&f.dst, &other))
		return;
	for (enum forgery how = 0; how <= FORGE_NOTHING; how++)
		forge(how, b, &f);
	puts("forged");
}

static int open_link(const char *name)
{
	struct sockaddr_ll sa = {
		.sll_family = AF_PACKET, .sll_protocol = htons(0x0003),
		.sll_ifindex = (int)if_nametoindex(name),
	};
	int s = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(0x0003));

	if (s < 0 || bind(s, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		err(1, "%s", name);
	return s;
}

/* --- the tunnel --- */

static int open_tun(const char *name, const char *netns)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int ns = open(netns, O_RDONLY | O_CLOEXEC), tun;

	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		err(1, "%s", netns);
	tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (tun < 0 || ioctl(tun, TUNSETIFF, &ifr) < 0)
		err(1, "%s", name);
	close(ns);
	return tun;
}

static int tunnel(char **argv)
{
	struct pollfd p[2] = {
		{ .fd = open_tun(argv[0], argv[1]), .events = POLLIN },
		{ .fd = open_tun(argv[0], argv[2]), .events = POLLIN },
	};
	uint8_t b[ROOM];

	puts("ready");
	while (poll(p, 2, -1) > 0)
		for (unsigned int i = 0; i < 2; i++) {
			ssize_t n = p[i].revents == 0 ? 0 :
				    read(p[i].fd, b, sizeof(b));

			/* The other end may be down. */
			if (n > 0)
				(void)!write(p[1 - i].fd, b, (size_t)n);
		}
	return 1;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 5 && strcmp(argv[1], "tunnel") == 0)
		return tunnel(argv + 2);
	if (argc != 3 || !ipaddr_parse(argv[2], &other) || craft_open(&c) < 0)
		errx(2, "usage: live_forger LINK OTHER");
	fd = open_link(argv[1]);
	puts("ready");
	for (;;)
		hear();
}
