/* SPDX-License-Identifier: ISC */
/*
 * What comes out of the TUN. The input is a script of records:
 *
 *	r len len octets	a packet, as it is
 *	s who flags seq ack window len octets
 *				a segment of one of four clients, with numbers
 *				as far (a signed octet) from what fits as this
 *	t n			n seconds pass
 *	a, d			the query that is held gets its reply, or none
 *
 * Queries are replied to at once, held or forgotten, by their first octet.
 * Whatever the script is: what goes out are good packets that fit the TUN, to
 * one of this machine's addresses, one for each packet that comes in, one for
 * whoever makes room, and the replies'; no slot is lost.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "compat.h"
#include "frame.h"
#include "intake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CLIENTS = 4, SYN = 2, PER_REPLY = 60 };

static struct intake intake;
static struct poller poller;
static struct slots slots;
static struct arena_slot memory[SLOT_COUNT];
static struct counters counters;
static struct judge judge;
static struct craft *craft;
static int host;		/* the other end of the TUN */
static uint64_t now;

static struct client held;
static unsigned int replies;	/* since the last packet */

static struct side {
	struct craft_ends ends;
	uint32_t seq, ack;	/* what would fit */
} side[CLIENTS];

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void query(void *context, const struct client *from, struct slice msg)
{
	static uint8_t big[SLOT_SIZE];

	expect(context == &intake && msg.len <= SLOT_SIZE);
	switch (msg.len > 0 ? msg.p[0] % 4 : 0) {
	case 0:
		intake_send(&intake, from, msg.p, msg.len);
		replies++;
		break;
	case 1:
		intake_send(&intake, from, big, client_is_tcp(from) ?
			    sizeof(big) : 1232);
		replies++;
		break;
	case 2:
		held = *from;
		break;
	default:
		intake_forget(&intake, from);
	}
}

/* The client that f goes to has heard it. */
static void hear(const struct frame *f)
{
	for (unsigned int i = 0; i < CLIENTS; i++) {
		struct side *s = &side[i];

		if (f->protocol != FRAME_TCP || s->ends.sport != f->dport ||
		    !ipaddr_equal(&s->ends.src, &f->dst) ||
		    !ipaddr_equal(&s->ends.dst, &f->src))
			continue;
		s->seq = f->tcp_ack;
		s->ack = f->tcp_seq + (uint32_t)f->payload.len +
			 ((f->tcp_flags & 3) != 0);
	}
}

static void drain(unsigned int most)
{
	uint8_t packet[2 * TUN_MTU];
	struct frame f;
	ssize_t n;

	while ((n = recv(host, packet, sizeof(packet), 0)) > 0) {
		expect(n <= TUN_MTU && most-- > 0);
		expect(frame_read(LINK_RAW, (struct slice){ packet, (size_t)n },
				  &f) == PARSE_OK);
		expect(f.sport == 53 && judge_local(&judge, &f.dst));
		hear(&f);
	}
}

static void check(unsigned int most)
{
	unsigned int open = 0;

	drain(most);
	for (unsigned int i = 0; i < TCP_CLIENTS; i++)
		open += intake.responder.client[i].state != RESPONDER_FREE;
	expect(slots.n_free == SLOT_COUNT - open);
}

static void packet(const uint8_t *p, size_t n)
{
	/* A device has none of no octets. */
	if (n == 0 || n > SLOT_SIZE)
		return;
	expect(send(host, p, n, 0) == (ssize_t)n);
	replies = 0;
	expect(intake_read(&intake, &judge, now, query, &intake));
	check(3 + replies * PER_REPLY);
}

static uint32_t far(uint8_t octet)
{
	return octet < 128 ? octet : octet - 256u;
}

static void segment(const uint8_t *p, const uint8_t *octets, size_t n)
{
	static uint8_t out[TUN_MTU];
	struct side *s = &side[p[0] % CLIENTS];
	struct craft_segment g = {
		.ends = s->ends, .flags = p[1],
		.seq = s->seq + far(p[2]),
		.ack = s->ack + far(p[3]),
		.window = (uint16_t)(p[4] << 8),
	};
	ssize_t len;

	if ((p[1] & SYN) != 0)
		g.mss = (uint16_t)(p[4] << 4);
	len = craft_tcp(craft, &g, octets, n, out, sizeof(out));
	expect(len > 0);
	packet(out, (size_t)len);
}

static void pass(unsigned int seconds)
{
	now += seconds * CLOCK_S;
	expect(intake_due(&intake, now) > now);
	check(TCP_CLIENTS);
}

static void reply(bool good)
{
	if (good)
		intake_send(&intake, &held, (const uint8_t *)"reply", 5);
	else
		intake_forget(&intake, &held);
	memset(&held, 0, sizeof(held));
	held.kind = CLIENT_TUN_TCP;
	held.generation = UINT32_MAX;
	check(2);
}

/* One record; the octets it has, 0 when it is cut. */
static size_t record(struct slice s)
{
	size_t n = 0;

	switch (s.p[0]) {
	case 'r':
		if (!slice_has(s, 1, 2) ||
		    !slice_has(s, 3, n = slice_be16(s, 1)))
			return 0;
		packet(s.p + 3, n);
		return 3 + n;
	case 's':
		if (!slice_has(s, 1, 6) || !slice_has(s, 7, n = s.p[6]))
			return 0;
		segment(s.p + 1, s.p + 7, n);
		return 7 + n;
	case 't':
		if (!slice_has(s, 1, 1))
			return 0;
		pass(s.p[1]);
		return 2;
	default:
		reply(s.p[0] == 'a');
		return 1;
	}
}

static void begin(void)
{
	static const char *const mine[] = { "198.18.53.1",
					    "fd73:616c:6c79::1" };
	static const char *const servers[] = { "192.0.2.1", "2001:db8::1" };
	int pair[2];

	expect(craft_open(&craft) == 0 && poller_open(&poller) == 0);
	expect(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
			  SOCK_CLOEXEC, 0, pair) == 0);
	host = pair[0];
	slots_init(&slots, memory);
	intake_init(&intake, &slots, &counters);
	expect(intake_open(&intake, pair[1], &poller, 0) == 0);
	judge.n_own = NITEMS(mine);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		struct craft_ends *e = &side[i].ends;

		expect(ipaddr_parse(mine[i % 2], &judge.own[i % 2]));
		e->src = judge.own[i % 2];
		expect(ipaddr_parse(servers[i % 2], &e->dst));
		e->sport = (uint16_t)(40000 + i);
		e->dport = 53;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = { data, size };
	size_t n;

	if (craft == NULL)
		begin();
	responder_init(&intake.responder, &slots, &counters,
		       intake.responder.output, &intake);
	slots_init(&slots, memory);
	now = 1000 * CLOCK_S;
	memset(&held, 0, sizeof(held));
	held.kind = CLIENT_TUN_TCP;
	held.generation = UINT32_MAX;
	while (s.len > 0 && (n = record(s)) > 0)
		s = slice_sub(s, n, s.len - n);
	return 0;
}
