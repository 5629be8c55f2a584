/* SPDX-License-Identifier: ISC */
/*
 * Questions by frames, between the two ends of a cable: near is the wire's,
 * far is the test, which is hop and server in one. See netns.h.
 *
 * What is sent at one end need not have arrived when send() returns. So a
 * witness at near sees what the wire is given to see, and a sentinel sent
 * behind it tells far that nothing more comes. All on one CPU: in order.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include "clock.h"
#include "craft.h"
#include "ether.h"
#include "exchangewire.h"
#include "netns.h"
#include "wire.h"
#include "datapath/wire.h"

enum { WAIT_MS = 5000, ROOM = 2048, SENTINEL = 0x88b5 };

static const uint64_t T = 1000 * CLOCK_S;
static uint64_t now;
static const uint8_t hop_mac[6] = { 2, 0, 0, 0, 0, 9 };
static const uint8_t near_mac[6] = { 2, 0, 0, 0, 0, 1 };
static const char name[] = "captive.apple.com";

static struct policy policy;
static struct poller poller;
static struct slots slots;
static struct arena_slot memory[SLOT_COUNT];
static struct counters counters;
static struct exchange x;
static struct craft *craft;
static struct wire query;		/* heard last */
static struct frame frame;		/* ... and what it lay in */
static uint8_t heard[ROOM];
static int far, witness;
static unsigned int n_sent, n_seen;
static uint32_t ifindex;

/* What the wire told the exchange. */
static struct question *good, *meant;
static unsigned int reached;

static uint64_t counted(unsigned int which)
{
	return atomic_load_explicit(&counters.n[which], memory_order_relaxed);
}

static int open_end(const char *link)
{
	struct sockaddr_ll sa = {
		.sll_family = AF_PACKET, .sll_protocol = htons(0x0003),
		.sll_ifindex = (int)if_nametoindex(link),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, htons(0x0003));

	cr_assert_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static void setup(void)
{
	char why[256] = "";
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET((size_t)sched_getcpu(), &cpu);
	cr_assert_eq(sched_setaffinity(0, sizeof(cpu), &cpu), 0);
	now = T;
	private_net();
	run("sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
	run("ip link add near address 02:00:00:00:00:01 type veth peer name far");
	run("ip link set near arp off up && ip link set far arp off up");
	ifindex = if_nametoindex("near");
	far = open_end("far");
	/* Before the wire: whoever comes later is served first. */
	witness = open_end("near");
	policy.n_upstreams = 1;
	policy.upstreams[0] = (struct policy_upstream){
		.addr = addr("192.0.2.53"), .port = 53, .ifindex = ifindex,
		.source = addr("192.0.2.1"), .hop = addr("192.0.2.254"),
	};
	cr_assert_eq(poller_open(&poller), 0);
	slots_init(&slots, memory);
	exchange_init(&x, &poller, &slots, &counters, 1000);
	cr_assert_eq(wire_open(&x.wire, &poller, &counters, 7), 0);
	exchange_set_wire(&x, x.wire);
	cr_assert_eq(wire_link(x.wire, "near", ifindex, why, sizeof(why)), 0,
		     "%s", why);
	wire_adopt(x.wire, &policy);
	cr_assert_eq(craft_open(&craft), 0);
}

static void teardown(void)
{
	for (unsigned int i = 0; i < QUESTIONS_MAX; i++)
		exchange_drop(&x, &x.question[i]);
	cr_expect_eq(slots.n_free, SLOT_COUNT, "slots are lost");
	wire_close(x.wire);
	craft_close(craft);
}

TestSuite(exchangewire, .init = setup, .fini = teardown);

/* --- near --- */

static struct question *ask(void)
{
	uint8_t wire[DNSNAME_MAX];
	size_t len = dnsname_from_text(name, wire);
	struct question *q = exchange_new(&x, wire, len, DNSTYPE_A, now);

	cr_assert_not_null(q);
	cr_assert(exchange_ask(&x, q, &policy, now));
	return q;
}

static void said(void *context, struct question *q, unsigned int server,
		 bool whole)
{
	(void)context;
	(void)server;
	meant = q;
	if (whole)
		good = q;
}

static void response(void *context, uint32_t index, const struct frame *f)
{
	exchangewire_hear(&x, index, f, now, said, context);
}

static void neighbour(void *context, uint32_t index, const struct ipaddr *hop)
{
	(void)context;
	reached++;
	exchangewire_reach(&x, index, hop, now);
}

/* A frame that the other end has sent; ours are echoed, too. */
static ssize_t receive(int fd, uint8_t b[static ROOM])
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct sockaddr_ll from;
	socklen_t len = sizeof(from);
	ssize_t n;

	do {
		cr_assert_eq(poll(&p, 1, WAIT_MS), 1, "nothing came");
		n = recvfrom(fd, b, ROOM, 0, (struct sockaddr *)&from, &len);
		cr_assert_geq(n, 14);
	} while (from.sll_pkttype == PACKET_OUTGOING);
	return n;
}

/* All that far has sent is read. */
static struct question *go_round(void)
{
	static const struct wire_reader r = {
		.response = response, .neighbour = neighbour,
	};
	uint8_t b[ROOM];

	good = meant = NULL;
	for (; n_seen < n_sent; n_seen++)
		receive(witness, b);
	wire_read(x.wire, 0, now, &r);
	return good;
}

/* --- far --- */

/* The next frame from near: its ethertype, 0 if there is none. */
static uint16_t hear(void)
{
	static uint8_t sentinel[60] = { 2, [12] = SENTINEL >> 8,
					[13] = SENTINEL & 0xff };
	struct slice s = { heard, 0 };

	sentinel[14]++;
	cr_assert_eq(send(witness, sentinel, sizeof(sentinel), 0),
		     sizeof(sentinel));
	do {
		s.len = (size_t)receive(far, heard);
		if (slice_be16(s, 12) == SENTINEL && heard[14] == sentinel[14])
			return 0;
	} while (slice_be16(s, 12) == SENTINEL);
	if (frame_read(LINK_ETHERNET, s, &frame) == PARSE_OK) {
		query.len = frame.payload.len;
		memcpy(query.b, frame.payload.p, query.len);
	}
	return slice_be16(s, 12);
}

static void send_far(const uint8_t *p, ssize_t n)
{
	cr_assert_gt(n, 0);
	cr_assert_eq(send(far, p, (size_t)n, 0), n);
	n_sent++;
}

/* An ARP reply: hop is at mac. */
static void tell(const char *hop, const uint8_t mac[6])
{
	struct craft_link l = { .vlan = 0 };
	struct ipaddr from = addr(hop), to = addr("192.0.2.1");
	uint8_t out[ROOM];
	ssize_t n;

	memcpy(l.src, mac, 6);
	n = craft_neighbour(craft, &l, &from, &to, out, sizeof(out));
	memcpy(out, near_mac, 6);
	out[21] = 2;			/* the request becomes a reply */
	memcpy(out + 32, near_mac, 6);
	send_far(out, n);
}

static void retry(struct question *q, uint64_t after_ms)
{
	now = T + after_ms * CLOCK_MS;
	exchange_retry(&x, q, now);
}

static void say(const struct wire *w)
{
	struct craft_ends e = {
		.src = frame.dst, .dst = frame.src, .sport = frame.dport,
		.dport = frame.sport,
	};
	struct craft_link l = { .vlan = 0 };
	uint8_t packet[2 * SLOT_SIZE], out[2 * SLOT_SIZE];
	ssize_t n = craft_udp(craft, &e, w->b, w->len, packet, sizeof(packet));

	cr_assert_gt(n, 0);
	memcpy(l.dst, near_mac, 6);
	memcpy(l.src, hop_mac, 6);
	send_far(out, craft_ethernet(craft, &l, packet, (size_t)n, out,
				     sizeof(out)));
}

static struct wire answer(void)
{
	struct wire w = query;

	w.b[2] |= DNSFLAG_QR >> 8;
	wire_addr(&w, name, 60, "192.0.2.7");
	return w;
}

static struct wire truncated(void)
{
	struct wire w = query;

	w.b[2] |= DNSFLAG_QR >> 8 | DNSFLAG_TC >> 8;
	return w;
}

static void hop_is_known(void)
{
	memcpy(policy.upstreams[0].mac, hop_mac, 6);
}

/* --- the hop --- */

Test(exchangewire, hop_is_asked_first)
{
	struct question *q = ask();
	struct wire w;

	cr_expect_eq(hear(), 0x0806);
	cr_expect_eq(hear(), 0, "no query yet");
	cr_expect_eq(counted(COUNT_ASKED), 0);
	cr_expect_not(q->sent);
	tell("192.0.2.254", hop_mac);
	go_round();
	cr_expect_eq(reached, 1);
	cr_assert_eq(hear(), 0x0800, "the query, at once");
	cr_expect_arr_eq(heard, hop_mac, 6);
	cr_expect_eq(counted(COUNT_ASKED), 1);
	w = answer();
	say(&w);
	cr_expect_eq(go_round(), q);
	cr_expect_eq(q->answered, now);
	cr_expect_eq(counted(COUNT_UPSTREAM_ERROR), 0);
}

Test(exchangewire, nobody_is_believed_unasked)
{
	static const uint8_t evil[6] = { 2, 6, 6, 6, 6, 6 };

	tell("192.0.2.254", evil);
	go_round();
	ask();
	cr_expect_eq(hear(), 0x0806, "it asks itself");
	tell("192.0.2.253", evil);
	go_round();
	cr_expect_eq(hear(), 0, "another address");
	tell("192.0.2.254", hop_mac);
	go_round();
	cr_expect_eq(hear(), 0x0800);
	tell("192.0.2.254", evil);
	go_round();
	cr_expect_eq(reached, 1, "once is enough");
	ask();
	cr_expect_eq(hear(), 0x0800);
	cr_expect_arr_eq(heard, hop_mac, 6);
}

Test(exchangewire, an_old_address_is_doubted)
{
	static const uint8_t moved[6] = { 2, 0, 0, 0, 0, 10 };
	struct question *q;

	hop_is_known();
	q = ask();
	cr_expect_eq(hear(), 0x0800);
	retry(q, 100);
	cr_expect_eq(hear(), 0x0800);
	cr_expect_eq(hear(), 0, "not doubted yet");
	retry(q, 300);
	cr_expect_eq(hear(), 0x0806);
	cr_expect_eq(hear(), 0x0800);
	cr_expect_arr_eq(heard, hop_mac, 6);
	tell("192.0.2.254", moved);
	go_round();
	cr_expect_eq(hear(), 0x0800, "again, at once");
	cr_expect_arr_eq(heard, moved, 6);
}

Test(exchangewire, the_hop_is_where_it_was)
{
	struct question *q;

	hop_is_known();
	q = ask();
	retry(q, 100);
	retry(q, 300);
	tell("192.0.2.254", hop_mac);
	go_round();
	cr_expect_eq(reached, 0, "nothing is sent twice for it");
}

Test(exchangewire, the_way_may_change)
{
	struct question *q;

	policy.upstreams[0].source = (struct ipaddr){ { 0 } };
	q = ask();
	cr_expect_eq(counted(COUNT_UPSTREAM_ERROR), 1, "no address yet");
	cr_expect_eq(hear(), 0);
	policy.upstreams[0].source = addr("192.0.2.1");
	hop_is_known();
	ports_adopt(&x.ports, &policy);
	retry(q, 100);
	cr_expect_eq(hear(), 0x0800);
}

/* --- responses --- */

Test(exchangewire, asked_again_with_edns)
{
	struct question *q;
	struct dnsmsg m;
	struct wire w;
	uint16_t id, port;

	hop_is_known();
	q = ask();
	cr_assert_eq(hear(), 0x0800);
	m = wire_view(&query);
	id = m.id;
	port = frame.sport;
	cr_expect_not(m.edns);
	w = truncated();
	say(&w);
	cr_expect_null(go_round());
	cr_assert_eq(hear(), 0x0800);
	m = wire_view(&query);
	cr_expect(m.edns);
	cr_expect(m.id != id, "2^-16 that it is the same by chance");
	cr_expect_eq(frame.sport, port);
	say(&w);
	cr_expect_null(go_round(), "what it said first, once more");
	cr_expect_eq(counted(COUNT_BAD_ID), 1);
	cr_expect_not(exchange_hopeless(q, T));
	w = truncated();
	say(&w);
	cr_expect_null(go_round());
	cr_expect_eq(meant, q);
	cr_expect(exchange_hopeless(q, T), "still too large");
	cr_expect_eq(counted(COUNT_UPSTREAM_TCP), 0);
}

Test(exchangewire, what_does_not_count)
{
	struct question *q;
	struct wire w;
	uint16_t port;

	hop_is_known();
	q = ask();
	cr_assert_eq(hear(), 0x0800);
	port = frame.sport;
	w = answer();
	frame.sport = port ^ 1;
	say(&w);
	cr_expect_null(go_round());
	cr_expect_null(meant, "nobody's port");
	frame.sport = port;
	frame.src = addr("192.0.2.2");
	say(&w);
	cr_expect_null(go_round());
	cr_expect_eq(counted(COUNT_BAD_SOURCE), 1, "not our address");
	frame.src = addr("192.0.2.1");
	w.len = QUESTION_RESPONSE + 1;
	memset(w.b + query.len, 0, w.len - query.len);
	run("ip link set near mtu 9000 && ip link set far mtu 9000");
	say(&w);
	cr_expect_null(go_round());
	cr_expect_eq(counted(PARSE_LONG), 1);
	exchange_end(&x, q, T);
	w = answer();
	say(&w);
	cr_expect_null(go_round());
	cr_expect_eq(counted(COUNT_LATE), 1);
}

Test(exchangewire, only_upstreams_pass)
{
	struct wire w;

	hop_is_known();
	ask();
	cr_assert_eq(hear(), 0x0800);
	w = answer();
	policy.n_upstreams = 0;
	wire_adopt(x.wire, &policy);
	say(&w);
	cr_expect_null(go_round());
	policy.n_upstreams = 1;
	wire_adopt(x.wire, &policy);
	say(&w);
	cr_expect_not_null(go_round());
}

Test(exchangewire, a_link_that_is_not_there)
{
	struct question *q;

	policy.upstreams[0].ifindex = ifindex + 100;
	q = ask();
	cr_expect_eq(counted(COUNT_UPSTREAM_ERROR), 1);
	cr_expect_not(q->sent);
}
