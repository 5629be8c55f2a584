/* SPDX-License-Identifier: ISC */
#include "intake.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BURST = 64,		/* packets per round */
	DNS_PORT = 53,		/* what the rules steer; RFC 1035, 4.2 */
};

static void count(struct intake *k, unsigned int which)
{
	counters_add(k->counters, which, 1);
}

/* Packets are built behind the room for a head: together they are a slot, as
 * what is read is. */
static uint8_t *built(struct intake *k)
{
	return k->packet + TUN_HEAD;
}

static size_t room(const struct intake *k)
{
	return k->link == LINK_RAW ? TUN_MTU : TUN_MTU - TUN_HEAD;
}

/* Puts the head there: the family by this system's number, big-endian. */
static const uint8_t *with_head(struct intake *k)
{
	const uint8_t head[TUN_HEAD] = {
		[TUN_HEAD - 1] = built(k)[0] >> 4 == 6 ? AF_INET6 : AF_INET,
	};

	return memcpy(k->packet, head, sizeof(head));
}

/* Of a packet that has been built. A TUN takes all of it or none. */
static bool put(struct intake *k, ssize_t len)
{
	const uint8_t *p = built(k);

	if (len > 0 && k->link != LINK_RAW) {
		p = with_head(k);
		len += TUN_HEAD;
	}
	if (len > 0 && write(k->fd, p, (size_t)len) == len)
		return true;
	count(k, COUNT_UNSENT);
	return false;
}

static bool put_segment(void *context, const struct craft_segment *s,
			const uint8_t *payload, size_t len)
{
	struct intake *k = context;

	return put(k, craft_tcp(k->craft, s, payload, len, built(k),
				room(k)));
}

void intake_init(struct intake *k, struct slots *slots,
		 struct counters *counters)
{
	memset(k, 0, sizeof(*k));
	k->fd = -1;
	k->link = TUN_LINK;
	k->slots = slots;
	k->counters = counters;
	responder_init(&k->responder, slots, counters, put_segment, k);
}

int intake_open(struct intake *k, int fd, struct poller *poller,
		uint64_t token)
{
	int error = craft_open(&k->craft);

	if (error == 0)
		error = poller_add(poller, fd, token);
	if (error < 0) {
		craft_close(k->craft);
		k->craft = NULL;
		return error;
	}
	k->fd = fd;
	return 0;
}

/* A reply can go where it comes from, from where it went to. */
static bool is_dns(const struct frame *f)
{
	enum ipclass to = ipaddr_class(&f->dst);

	return f->dport == DNS_PORT && f->sport != 0 &&
	       to != IPCLASS_MULTICAST && to != IPCLASS_BROADCAST &&
	       to != IPCLASS_UNSPECIFIED;
}

static void read_udp(struct intake *k, const struct frame *f,
		     client_query *query, void *context)
{
	struct client from = {
		.kind = CLIENT_TUN_UDP,
		.ends = { f->dst, f->src, f->dport, f->sport },
	};

	count(k, COUNT_QUERY_UDP);
	query(context, &from, f->payload);
}

static void read_packet(struct intake *k, struct slice packet,
			const struct judge *j, uint64_t now,
			client_query *query, void *context)
{
	struct frame f;
	enum parse why = frame_read(k->link, packet, &f);

	if (why != PARSE_OK)
		count(k, why);
	else if (!is_dns(&f))
		count(k, COUNT_NOT_DNS);
	else if (!judge_local(j, &f.src))
		count(k, COUNT_NONLOCAL);
	else if (f.protocol == FRAME_TCP)
		responder_read(&k->responder, &f, now, query, context);
	else
		read_udp(k, &f, query, context);
}

bool intake_read(struct intake *k, const struct judge *j, uint64_t now,
		 client_query *query, void *context)
{
	uint16_t slot = slots_claim(k->slots);
	uint8_t *p;
	ssize_t len = 1;

	if (slot == SLOTS_NONE) {
		count(k, COUNT_FULL);
		return true;
	}
	p = slots_data(k->slots, slot);
	/* What shrinks: the burst, and the device's queue. */
	for (unsigned int n = 0; n < BURST; n++) {
		len = read(k->fd, p, SLOT_SIZE);
		if (len <= 0)
			break;
		read_packet(k, (struct slice){ p, (size_t)len }, j, now,
			    query, context);
	}
	slots_release(k->slots, slot);
	return len > 0 || (len < 0 && (errno == EAGAIN || errno == EINTR));
}

void intake_send(struct intake *k, const struct client *to,
		 const uint8_t *msg, size_t len)
{
	if (to->kind == CLIENT_TUN_TCP)
		responder_send(&k->responder, to, msg, len);
	else
		(void)put(k, craft_udp(k->craft, &to->ends, msg, len,
				       built(k), room(k)));
}

void intake_forget(struct intake *k, const struct client *to)
{
	if (to->kind == CLIENT_TUN_TCP)
		responder_forget(&k->responder, to);
}

uint64_t intake_due(struct intake *k, uint64_t now)
{
	return responder_due(&k->responder, now);
}
