/* SPDX-License-Identifier: ISC */
/*
 * The ends of packets, as the system really has them: a TUN with the intake on
 * it, and a capture of the same link, which hears what the intake sends and
 * sends what the intake hears. Portable: it is what a new system must pass.
 *
 *   host --UDP--> [ device ] --read---> intake
 *        <------- [        ] <--write--
 *                 [        ] ----------> capture, through the wire's filter
 *                 [        ] <---------- packet_send()
 *
 *   live_ends      root; makes the device and takes it away
 */
#include <err.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpf/filter.h"
#include "clock.h"
#include "intake.h"
#include "os/steer.h"
#include "sockaddr.h"
#include "source/packet.h"
#include "source/source_pcap.h"

enum { WAIT_MS = 5000, PORT = 53, STRAY = 54 };

static unsigned int passed, failed;
static const char *family;

static struct arena_slot memory[SLOT_COUNT];
static struct counters counters;
static struct slots slots;
static struct intake k;
static struct judge judge;
static struct poller poller;
static struct craft *craft;

static struct {
	unsigned int questions, packets;
	struct frame last;	/* of the capture; payload copied */
	size_t len;
	uint8_t payload[512];
} heard;

static void check(bool good, const char *what)
{
	passed += good;
	failed += !good;
	if (!good)
		printf("FAILED: %s: %s\n", family, what);
}

static bool readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static void answer(void *context, const struct client *from, struct slice msg)
{
	(void)context;
	heard.questions++;
	check(msg.len == 8 && memcmp(msg.p, "question", 8) == 0,
	      "the question is whole");
	intake_send(&k, from, (const uint8_t *)"answer", 6);
}

static void see(void *context, enum link link, struct slice packet,
		uint64_t time)
{
	struct frame f;

	(void)context;
	(void)time;
	heard.packets++;
	check(frame_read(link, packet, &f) == PARSE_OK, "what is seen is IP");
	if (f.payload.len > sizeof(heard.payload))
		return;
	heard.last = f;
	heard.len = f.payload.len;
	memcpy(heard.payload, f.payload.p, f.payload.len);
}

/* ---- the four ways */

static bool intake_hears(void)
{
	unsigned int before = heard.questions;

	/* The kernel may have words of its own there. */
	while (heard.questions == before && readable(k.fd, WAIT_MS))
		if (!intake_read(&k, &judge, clock_boot(), answer, NULL))
			return false;
	return heard.questions == before + 1;
}

static int ask(const struct ipaddr *peer)
{
	union sockaddr_any sa;
	socklen_t len = sockaddr_make(&sa, peer, PORT, 0);
	int fd = socket(sa.sa.sa_family, SOCK_DGRAM, 0);

	if (fd < 0 || connect(fd, &sa.sa, len) < 0 ||
	    send(fd, "question", 8, 0) != 8)
		err(1, "%s: asking", family);
	return fd;
}

static void through_the_device(const struct ipaddr *peer,
			       struct source_pcap *capture)
{
	char reply[16];
	int fd = ask(peer);

	heard.packets = 0;
	check(intake_hears(), "the intake reads a question");
	check(readable(fd, WAIT_MS) && recv(fd, reply, sizeof(reply), 0) == 6 &&
	      memcmp(reply, "answer", 6) == 0, "the host gets the answer");
	check(readable(source_pcap_fd(capture), WAIT_MS) &&
	      source_pcap_read(capture, 8, see, NULL) == 1,
	      "the capture sees what comes in, and only that");
	check(heard.last.sport == PORT && ipaddr_equal(&heard.last.src, peer) &&
	      heard.len == 6 && memcmp(heard.payload, "answer", 6) == 0,
	      "as it was sent");
	close(fd);
}

/* Behind it comes one that passes, so none need be waited for. */
static void past_the_filter(const struct craft_ends *ends,
			    struct source_pcap *capture)
{
	struct client to = { .kind = CLIENT_TUN_UDP, .ends = *ends };

	to.ends.src = ends->dst;
	to.ends.dst = ends->src;
	to.ends.dport = ends->sport;
	to.ends.sport = STRAY;
	heard.packets = 0;
	intake_send(&k, &to, (const uint8_t *)"stray", 5);
	to.ends.sport = PORT;
	intake_send(&k, &to, (const uint8_t *)"server", 6);
	while (heard.packets == 0 && readable(source_pcap_fd(capture), WAIT_MS))
		if (source_pcap_read(capture, 8, see, NULL) < 0)
			break;
	check(heard.packets == 1 && heard.last.sport == PORT,
	      "another port does not pass the filter");
}

static void by_frames(const struct craft_ends *ends,
		      struct source_pcap *capture)
{
	uint8_t packet[512];
	ssize_t n = craft_udp(craft, ends, (const uint8_t *)"question", 8,
			      packet, sizeof(packet));
	uint16_t type = ipaddr_is_v4(&ends->dst) ? 0x0800 : 0x86dd;

	check(n > 0 && packet_send(source_pcap_fd(capture),
				   if_nametoindex(STEER_DEVICE), type, packet,
				   (size_t)n) == 0, "a packet is sent");
	check(intake_hears(), "and leaves by the link");
	check(readable(source_pcap_fd(capture), WAIT_MS) &&
	      source_pcap_read(capture, 8, see, NULL) == 1,
	      "and its answer is seen");
}

/* ---- the link */

static void let_pass(struct source_pcap *capture)
{
	struct sock_filter program[FILTER_WIRE];
	struct filter_wire f = { .n_servers = STEER_ADDRESSES };
	unsigned int n;

	for (unsigned int i = 0; i < STEER_ADDRESSES; i++) {
		struct ipaddr peer = steer_peer(i);

		memcpy(f.server[i].addr, peer.b, sizeof(peer.b));
		f.server[i].port = PORT;
	}
	n = filter_wire(packet_seen(source_pcap_link(capture)), &f, program);
	check(packet_filter(source_pcap_fd(capture), program, (uint16_t)n) ==
	      0, "the kernel takes the filter");
}

static void try_family(unsigned int i, struct source_pcap *capture)
{
	struct craft_ends ends = {
		.src = steer_address(i), .dst = steer_peer(i),
		.sport = 40000, .dport = PORT,
	};

	family = ipaddr_is_v4(&ends.src) ? "IPv4" : "IPv6";
	judge.own[0] = ends.src;
	judge.n_own = 1;
	through_the_device(&ends.dst, capture);
	past_the_filter(&ends, capture);
	by_frames(&ends, capture);
}

static void lose(struct steer *s, struct source_pcap *capture)
{
	uint64_t until = clock_boot() + WAIT_MS * CLOCK_MS;
	int n = 0;

	family = "the link";
	check(source_pcap_drops(capture) == 0, "nothing was dropped");
	steer_close(s);
	while (n >= 0 && clock_boot() < until) {
		(void)readable(source_pcap_fd(capture), 20);
		n = source_pcap_read(capture, 8, see, NULL);
	}
	check(n < 0, "that it is gone is told");
	check(if_nametoindex(STEER_DEVICE) == 0, "it went with its descriptor");
	source_pcap_close(capture);
}

int main(void)
{
	struct source_pcap *capture = NULL;
	struct steer *s = NULL;
	struct why why;
	char error[256] = "";

	family = "the device";
	if (steer_open(&s, &why) != 0 || steer_on(s, &why) != 0)
		errx(1, "%s", why.text);
	check(steer_verify(s, &why) == 0, "it stands");
	slots_init(&slots, memory);
	intake_init(&k, &slots, &counters);
	if (craft_open(&craft) < 0 || poller_open(&poller) < 0 ||
	    intake_open(&k, steer_fd(s), &poller, 0) < 0)
		errx(1, "intake");
	if (source_pcap_open_link(&capture, STEER_DEVICE, 2048, error,
				  sizeof(error)) < 0)
		errx(1, "capture: %s", error);
	let_pass(capture);
	for (unsigned int i = 0; i < STEER_ADDRESSES; i++)
		try_family(i, capture);
	lose(s, capture);
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
