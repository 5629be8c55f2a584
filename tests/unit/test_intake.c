/* SPDX-License-Identifier: ISC */
/* The intake: which packets are heard, and what becomes of the replies. A
 * pair of sockets is the TUN. */
#include <criterion/criterion.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "compat.h"
#include "frame.h"
#include "intake.h"

enum { TOKEN = 7 };

static const uint64_t T = 1000 * CLOCK_S;

static struct intake k;
static struct poller poller;
static struct slots slots;
static struct arena_slot memory[SLOT_COUNT];
static struct counters counters;
static struct judge judge;
static struct craft *craft;
static int host;		/* the other end of the TUN */

static struct {
	unsigned int n;
	struct client from;
	size_t len;
	bool hold;
} heard;

static uint64_t counted(unsigned int which)
{
	return atomic_load_explicit(&counters.n[which], memory_order_relaxed);
}

static struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	cr_assert(ipaddr_parse(text, &a), "%s", text);
	return a;
}

static void on_query(void *context, const struct client *from,
		     struct slice msg)
{
	cr_assert_eq(context, &heard);
	heard.n++;
	heard.from = *from;
	heard.len = msg.len;
	if (!heard.hold)
		intake_send(&k, from, msg.p, msg.len);
}

static void setup(void)
{
	int pair[2];

	cr_assert_eq(craft_open(&craft), 0);
	cr_assert_eq(poller_open(&poller), 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
				SOCK_CLOEXEC, 0, pair), 0);
	host = pair[0];
	slots_init(&slots, memory);
	intake_init(&k, &slots, &counters);
	cr_assert_eq(intake_open(&k, pair[1], &poller, TOKEN), 0);
	judge.n_own = 2;
	judge.own[0] = addr("198.18.53.1");
	judge.own[1] = addr("fd73:616c:6c79::1");
}

static void put(const void *p, size_t n)
{
	cr_assert_eq(send(host, p, n, 0), (ssize_t)n);
}

static void put_udp(const struct craft_ends *e, const char *text)
{
	uint8_t packet[TUN_MTU];
	ssize_t n = craft_udp(craft, e, (const uint8_t *)text, strlen(text),
			      packet, sizeof(packet));

	cr_assert_gt(n, 0);
	put(packet, (size_t)n);
}

static bool go(void)
{
	uint64_t token = 0;

	cr_assert_eq(poller_wait(&poller, &token, 1, 5000), 1);
	cr_assert_eq(token, TOKEN);
	return intake_read(&k, &judge, T, on_query, &heard);
}

/* The next packet that has gone out. */
static bool take(struct frame *f)
{
	static uint8_t packet[TUN_MTU];
	ssize_t n = recv(host, packet, sizeof(packet), 0);

	return n > 0 && frame_read(LINK_RAW,
				   (struct slice){ packet, (size_t)n },
				   f) == PARSE_OK;
}

/* --- who is heard --- */

static const struct {
	const char *what, *src, *dst;
	uint16_t sport, dport;
	enum counter want;
} ends[] = {
	{ "IPv4", "198.18.53.1", "192.0.2.1", 4000, 53, COUNT_QUERY_UDP },
	{ "IPv6", "fd73:616c:6c79::1", "2001:db8::1", 4000, 53,
	  COUNT_QUERY_UDP },
	{ "loopback", "127.0.0.1", "192.0.2.1", 4000, 53, COUNT_QUERY_UDP },
	{ "loopback, IPv6", "::1", "2001:db8::1", 4000, 53, COUNT_QUERY_UDP },
	{ "from port 53", "198.18.53.1", "192.0.2.1", 53, 53,
	  COUNT_QUERY_UDP },
	{ "from port 0", "198.18.53.1", "192.0.2.1", 0, 53, COUNT_NOT_DNS },
	{ "to port 54", "198.18.53.1", "192.0.2.1", 53, 54, COUNT_NOT_DNS },
	{ "to a group", "198.18.53.1", "224.0.0.251", 4000, 53,
	  COUNT_NOT_DNS },
	{ "to a group, IPv6", "fd73:616c:6c79::1", "ff02::fb", 4000, 53,
	  COUNT_NOT_DNS },
	{ "to all", "198.18.53.1", "255.255.255.255", 4000, 53,
	  COUNT_NOT_DNS },
	{ "to nobody", "198.18.53.1", "0.0.0.0", 4000, 53, COUNT_NOT_DNS },
	{ "from a neighbour", "198.18.53.2", "192.0.2.1", 4000, 53,
	  COUNT_NONLOCAL },
	{ "from elsewhere, IPv6", "2001:db8::9", "2001:db8::1", 4000, 53,
	  COUNT_NONLOCAL },
	{ "from what NAT64 makes of loopback", "64:ff9b::7f00:1",
	  "2001:db8::1", 4000, 53, COUNT_NONLOCAL },
};

static void check_reply(size_t i)
{
	struct ipaddr src = addr(ends[i].src), dst = addr(ends[i].dst);
	struct frame f;

	cr_assert(take(&f), "%s", ends[i].what);
	cr_expect(ipaddr_equal(&f.src, &dst), "%s", ends[i].what);
	cr_expect(ipaddr_equal(&f.dst, &src), "%s", ends[i].what);
	cr_expect_eq(f.sport, ends[i].dport, "%s", ends[i].what);
	cr_expect_eq(f.dport, ends[i].sport, "%s", ends[i].what);
	cr_expect_eq(f.payload.len, 5, "%s", ends[i].what);
	cr_expect_arr_eq(f.payload.p, "hello", 5, "%s", ends[i].what);
}

Test(intake, ends, .init = setup)
{
	for (size_t i = 0; i < NITEMS(ends); i++) {
		struct craft_ends e = {
			addr(ends[i].src), addr(ends[i].dst),
			ends[i].sport, ends[i].dport,
		};
		uint64_t before = counted(ends[i].want);
		struct frame f;

		put_udp(&e, "hello");
		cr_expect(go(), "%s", ends[i].what);
		cr_expect_eq(counted(ends[i].want), before + 1, "%s",
			     ends[i].what);
		if (ends[i].want == COUNT_QUERY_UDP)
			check_reply(i);
		cr_expect_not(take(&f), "%s", ends[i].what);
	}
	cr_expect_eq(slots.n_free, SLOT_COUNT);
}

/* The same rules for TCP. */
Test(intake, tcp, .init = setup)
{
	struct craft_segment s = {
		.ends = { addr("198.18.53.1"), addr("192.0.2.1"), 4000, 53 },
		.flags = 2, .window = 1000,
	};
	uint8_t packet[TUN_MTU];
	struct frame f;

	put(packet, (size_t)craft_tcp(craft, &s, NULL, 0, packet,
				      sizeof(packet)));
	cr_expect(go());
	cr_expect(take(&f));
	cr_expect_eq(f.tcp_flags, 0x12);
	cr_expect_eq(intake_due(&k, T), T + TCP_IDLE_MS * CLOCK_MS);
	s.ends.src = addr("198.18.53.2");
	put(packet, (size_t)craft_tcp(craft, &s, NULL, 0, packet,
				      sizeof(packet)));
	cr_expect(go());
	cr_expect_not(take(&f));
	cr_expect_eq(counted(COUNT_NONLOCAL), 1);
}

#define OURS6 "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
#define ALL6 "\xff\2\0\0\0\0\0\0\0\0\0\0\0\0\0\2"
#define OURS4 "\xc6\x12\x35\1"
#define THEIRS4 "\xc0\0\2\1"

static const struct {
	const char *what, *packet;
	size_t len;
	enum counter want;
} packets[] = {
#define ROW(what, p, want) { what, p, sizeof(p) - 1, (enum counter)(want) }
	ROW("router solicitation", "\x60\0\0\0\0\x08\x3a\xff" OURS6 ALL6
	    "\x85\0\0\0\0\0\0\0", PARSE_TRANSPORT),
	ROW("MLD report", "\x60\0\0\0\0\x10\0\1" OURS6 ALL6
	    "\x3a\0\5\2\0\0\1\0" "\x8f\0\0\0\0\0\0\0", PARSE_TRANSPORT),
	ROW("echo request", "\x45\0\0\x1c\0\1\0\0\x40\1\0\0" OURS4 THEIRS4
	    "\x08\0\0\0\0\0\0\0", PARSE_TRANSPORT),
	ROW("first fragment", "\x45\0\0\x1c\0\1\x20\0\x40\x11\0\0" OURS4
	    THEIRS4 "\x0f\xa0\0\x35\0\x40\0\0", PARSE_FRAGMENT),
	ROW("version 5", "\x50", PARSE_IP),
	ROW("cut", "\x45\0\0\x1c\0\1\0\0\x40\x11\0\0" OURS4 THEIRS4
	    "\x0f\xa0\0\x35\0\x08\0", PARSE_SHORT),
};

Test(intake, packets, .init = setup)
{
	struct frame f;

	for (size_t i = 0; i < NITEMS(packets); i++) {
		uint64_t before = counted(packets[i].want);

		put(packets[i].packet, packets[i].len);
		cr_expect(go(), "%s", packets[i].what);
		cr_expect_eq(counted(packets[i].want), before + 1, "%s",
			     packets[i].what);
		cr_expect_not(take(&f), "%s", packets[i].what);
	}
	cr_expect_eq(heard.n, 0);
}

/* --- devices that put the address family first --- */

static const struct {
	const char *what, *src, *dst, *head;
	size_t len;
	enum counter want;
	const char *reply;	/* its head, by this system's numbers */
} heads[] = {
#define HEAD(head) head, sizeof(head) - 1
#define OWN4 "198.18.53.1", "192.0.2.1"
#define OWN6 "fd73:616c:6c79::1", "2001:db8::1"
	{ "IPv4", OWN4, HEAD("\0\0\0\2"), COUNT_QUERY_UDP, "\0\0\0\2" },
	{ "IPv6 of macOS", OWN6, HEAD("\0\0\0\x1e"), COUNT_QUERY_UDP,
	  "\0\0\0\xa" },
	{ "IPv6 of FreeBSD", OWN6, HEAD("\0\0\0\x1c"), COUNT_QUERY_UDP,
	  "\0\0\0\xa" },
	{ "the host's byte order", OWN4, HEAD("\2\0\0\0"),
	  (enum counter)PARSE_LINK, NULL },
	{ "no head", OWN4, HEAD(""), (enum counter)PARSE_LINK, NULL },
	{ "half a head", OWN4, HEAD("\0\2"), (enum counter)PARSE_LINK, NULL },
	{ "another family", OWN4, HEAD("\0\0\0\7"),
	  (enum counter)PARSE_LINK, NULL },
	{ "the other version's", OWN6, HEAD("\0\0\0\2"),
	  (enum counter)PARSE_IP, NULL },
};

static void put_headed(size_t i)
{
	const struct craft_ends e = {
		addr(heads[i].src), addr(heads[i].dst), 4000, 53,
	};
	uint8_t packet[256];
	ssize_t n;

	memcpy(packet, heads[i].head, heads[i].len);
	n = craft_udp(craft, &e, (const uint8_t *)"hello", 5,
		      packet + heads[i].len, sizeof(packet) - heads[i].len);
	cr_assert_gt(n, 0);
	put(packet, heads[i].len + (size_t)n);
}

Test(intake, heads, .init = setup)
{
	k.link = LINK_LOOP;
	for (size_t i = 0; i < NITEMS(heads); i++) {
		uint64_t before = counted(heads[i].want);
		uint8_t packet[256];
		struct frame f;
		ssize_t n;

		put_headed(i);
		cr_expect(go(), "%s", heads[i].what);
		cr_expect_eq(counted(heads[i].want), before + 1, "%s",
			     heads[i].what);
		n = recv(host, packet, sizeof(packet), 0);
		cr_expect_eq(n > 0, heads[i].reply != NULL, "%s",
			     heads[i].what);
		if (n <= 0)
			continue;
		cr_expect_arr_eq(packet, heads[i].reply, TUN_HEAD, "%s",
				 heads[i].what);
		cr_expect_eq(frame_read(LINK_LOOP, (struct slice){
				     packet, (size_t)n }, &f), PARSE_OK, "%s",
			     heads[i].what);
		cr_expect_eq(f.payload.len, 5, "%s", heads[i].what);
	}
}

Test(intake, a_head_is_no_packet, .init = setup)
{
	k.link = LINK_LOOP;
	put("\0\0\0\2", 4);
	put("\0\0", 2);
	cr_expect(go());
	cr_expect_eq(counted(PARSE_SHORT), 2);
}

/* Head and packet share a slot. */
Test(intake, a_reply_that_no_slot_holds, .init = setup)
{
	static uint8_t big[SLOT_SIZE], got[2 * SLOT_SIZE];

	k.link = LINK_LOOP;
	heard.hold = true;
	put_headed(0);
	cr_expect(go());
	intake_send(&k, &heard.from, big, TUN_MTU - TUN_HEAD - 28);
	cr_expect_eq(recv(host, got, sizeof(got), 0), SLOT_SIZE);
	intake_send(&k, &heard.from, big, TUN_MTU - TUN_HEAD - 27);
	cr_expect_eq(recv(host, got, sizeof(got), 0), -1);
	cr_expect_eq(counted(COUNT_UNSENT), 1);
}

/* --- bounds and ends --- */

static const struct craft_ends mine = {
	.src = { { [10] = 0xff, 0xff, 198, 18, 53, 1 } },
	.dst = { { [10] = 0xff, 0xff, 192, 0, 2, 1 } },
	.sport = 4000, .dport = 53,
};

Test(intake, a_round_is_bounded, .init = setup)
{
	heard.hold = true;
	for (unsigned int i = 0; i < 100; i++)
		put_udp(&mine, "hi");
	cr_expect(go());
	cr_expect_eq(heard.n, 64);
	cr_expect(go());
	cr_expect_eq(heard.n, 100);
}

Test(intake, no_slot_is_left, .init = setup)
{
	while (slots_claim(&slots) != SLOTS_NONE)
		;
	put_udp(&mine, "hi");
	cr_expect(go());
	cr_expect_eq(heard.n, 0);
	cr_expect_eq(counted(COUNT_FULL), 1);
	slots_release(&slots, 0);
	cr_expect(go());
	cr_expect_eq(heard.n, 1);
}

/* The device's queue is full: counted, and no more than that. */
Test(intake, a_full_device, .init = setup)
{
	struct frame f;
	unsigned int sent = 0;

	heard.hold = true;
	put_udp(&mine, "hi");
	cr_expect(go());
	while (counted(COUNT_UNSENT) == 0 && sent++ < 100000)
		intake_send(&k, &heard.from, (const uint8_t *)"hello", 5);
	cr_expect_eq(counted(COUNT_UNSENT), 1);
	while (take(&f))
		;
	intake_send(&k, &heard.from, (const uint8_t *)"hello", 5);
	cr_expect(take(&f));
	cr_expect_eq(counted(COUNT_UNSENT), 1);
}

Test(intake, a_reply_that_no_packet_holds, .init = setup)
{
	static uint8_t big[SLOT_SIZE];
	struct frame f;

	heard.hold = true;
	put_udp(&mine, "hi");
	cr_expect(go());
	intake_send(&k, &heard.from, big, TUN_MTU - 28);
	cr_expect(take(&f));
	intake_send(&k, &heard.from, big, TUN_MTU - 27);
	cr_expect_not(take(&f));
	cr_expect_eq(counted(COUNT_UNSENT), 1);
}

Test(intake, the_device_is_gone, .init = setup)
{
	put_udp(&mine, "hi");
	close(host);
	cr_expect_not(go());
	cr_expect_eq(heard.n, 1);
	cr_expect_eq(slots.n_free, SLOT_COUNT);
}
