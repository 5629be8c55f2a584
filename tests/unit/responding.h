/* SPDX-License-Identifier: ISC */
/*
 * responding.h - a responder, and segments told in words
 *
 *	"A 1/1 #\2hi"	flags, sequence number, acknowledgement, octets
 *
 * Numbers count from the client's SYN and from ours; '#' stands for a zero
 * octet. What goes out is told the same way, with the number of octets behind
 * a plus. Both ways, segments are packets in between: craft, then frame.
 *
 * A query that begins with h is held, one with f forgotten, all else echoed.
 */
#ifndef RESPONDING_H
#define RESPONDING_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "compat.h"
#include "craft.h"
#include "frame.h"
#include "responder.h"

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, OUTPUTS = 64 };

static const uint64_t T = 1000 * CLOCK_S;
static const uint32_t ISN = UINT32_MAX - 3;	/* the client's: it wraps */

static struct responder r;
static struct slots slots;
static struct arena_slot memory[SLOT_COUNT];
static struct counters counters;
static struct craft *craft;
static uint64_t now;

/* One client's side. */
static struct craft_segment side;
static uint32_t our_isn;

static struct {
	unsigned int n;
	bool lost;		/* what is sent now */
	char text[512];		/* since the last look */
	struct frame f[OUTPUTS];
	size_t len;		/* of all payloads */
	uint8_t octets[2 * SLOT_SIZE];
} out;

static struct client held;
static unsigned int queries;

static inline uint64_t counted(unsigned int which)
{
	return atomic_load_explicit(&counters.n[which], memory_order_relaxed);
}

static inline struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	cr_assert(ipaddr_parse(text, &a));
	return a;
}

static inline void tell(const struct frame *f)
{
	static const char letters[] = "FSRPA";
	char *p = out.text + strlen(out.text);

	if (p > out.text)
		p += sprintf(p, ", ");
	for (unsigned int i = 0; letters[i] != '\0'; i++)
		if ((f->tcp_flags & 1 << i) != 0)
			*p++ = letters[i];
	p += sprintf(p, " %d", (int)(f->tcp_seq - our_isn));
	if ((f->tcp_flags & ACK) != 0)
		p += sprintf(p, "/%d", (int)(f->tcp_ack - ISN));
	if (f->payload.len > 0)
		p += sprintf(p, "+%zu", f->payload.len);
	*p = '\0';
}

static inline bool output(void *context, const struct craft_segment *s,
			  const uint8_t *payload, size_t len)
{
	static uint8_t packet[TUN_MTU];
	struct frame *f = &out.f[out.n % OUTPUTS];
	ssize_t n = craft_tcp(craft, s, payload, len, packet, sizeof(packet));

	cr_assert_eq(context, &out);
	cr_assert_gt(n, 0, "it does not fit: %zu octets", len);
	cr_assert_eq(frame_read(LINK_RAW, (struct slice){ packet, (size_t)n },
				f), PARSE_OK);
	if ((f->tcp_flags & SYN) != 0)
		our_isn = f->tcp_seq;
	if (out.lost)
		return false;
	out.n++;
	memcpy(out.octets + out.len, f->payload.p, f->payload.len);
	out.len += f->payload.len;
	if (strlen(out.text) < sizeof(out.text) - 64)
		tell(f);
	return true;
}

static inline void on_query(void *context, const struct client *from,
			    struct slice msg)
{
	cr_assert_eq(context, &queries);
	queries++;
	if (msg.len > 0 && msg.p[0] == 'h')
		held = *from;
	else if (msg.len > 0 && msg.p[0] == 'f')
		responder_forget(&r, from);
	else
		responder_send(&r, from, msg.p, msg.len);
}

static inline void look_away(void)
{
	out.n = 0;
	out.len = 0;
	out.text[0] = '\0';
}

static inline void setup(void)
{
	if (craft == NULL)
		cr_assert_eq(craft_open(&craft), 0);
	memset(&counters, 0, sizeof(counters));
	slots_init(&slots, memory);
	responder_init(&r, &slots, &counters, output, &out);
	look_away();
	now = T;
	queries = 0;
	our_isn = 0;
	side = (struct craft_segment){
		.ends = { addr("198.18.53.1"), addr("192.0.2.1"), 40000, 53 },
		.window = UINT16_MAX, .mss = 1460,
	};
}

static inline unsigned int connections(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < TCP_CLIENTS; i++)
		n += r.client[i].state != RESPONDER_FREE;
	return n;
}

/* Each connection has one slot, and nobody else has any. */
static inline void teardown(void)
{
	cr_expect_eq(slots.n_free, SLOT_COUNT - connections());
}

/* side says so many octets. */
static inline void put(uint8_t flags, int seq, int ack, const void *p,
		       size_t n)
{
	static uint8_t packet[TUN_MTU];
	struct craft_segment s = side;
	struct frame f;
	ssize_t len;

	s.flags = flags;
	s.seq = ISN + (uint32_t)seq;
	s.ack = (flags & ACK) != 0 ? our_isn + (uint32_t)ack : 0;
	if ((flags & SYN) == 0)
		s.mss = 0;
	len = craft_tcp(craft, &s, p, n, packet, sizeof(packet));
	cr_assert_gt(len, 0);
	cr_assert_eq(frame_read(LINK_RAW,
				(struct slice){ packet, (size_t)len }, &f),
		     PARSE_OK);
	responder_read(&r, &f, now, on_query, &queries);
}

static inline uint8_t flags_of(const char *word)
{
	static const char letters[] = "FSRPA";
	uint8_t flags = 0;

	for (; *word != '\0'; word++) {
		const char *at = strchr(letters, *word);

		cr_assert_not_null(at, "%s", word);
		flags |= (uint8_t)(1 << (at - letters));
	}
	return flags;
}

static inline void say(const char *text)
{
	char word[8], octets[64];
	int seq, ack, at = 0;
	size_t n;

	cr_assert_geq(sscanf(text, "%7s %d/%d%n", word, &seq, &ack, &at), 3,
		      "%s", text);
	at += text[at] == ' ';
	n = strlen(text + at);
	for (size_t i = 0; i < n; i++)
		octets[i] = text[(size_t)at + i] == '#' ? '\0' :
			    text[(size_t)at + i];
	put(flags_of(word), seq, ack, octets, n);
}

/* From SYN to ESTABLISHED. */
static inline void connect_client(void)
{
	say("S 0/0");
	say("A 1/1");
	look_away();
}

#endif /* RESPONDING_H */
