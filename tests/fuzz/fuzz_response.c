/* SPDX-License-Identifier: ISC */
/*
 * A hostile response from the right server: its id and its question are what
 * was asked, whatever they are; the rest is the input's. It comes through a
 * socket, is judged, held, granted, and released to a client.
 *
 * Whatever it is: a grant holds addresses that may be opened and no others;
 * a reply with addresses comes only after the ack and holds only granted
 * ones, for no longer than granted; and nothing is held afterwards.
 */
#include "stubloop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ask ask = { .room = UINT16_MAX };
static struct grant grant;

static struct port *port_of(const struct question *q)
{
	return &loop.exchange.ports.port[q->server[0].port];
}

/* Asks what the response answers, or anything at all. */
static struct question *ask_for(struct slice msg)
{
	uint8_t name[DNSNAME_MAX] = "\1a";
	size_t len = 3;
	uint16_t type = DNSTYPE_A;
	struct question *q;
	struct dnsmsg m;

	if (dnsmsg_read(msg, &m) == PARSE_OK) {
		len = dnsname_unpack(&m.qname, name);
		type = m.qtype;
		reply_ask(&ask, &m, true);
	}
	q = exchange_new(&loop.exchange, name, len, type, loop.now);
	expect(q != NULL);
	q->askers = ASKERS_NONE;
	q->n_askers = 0;
	q->fresh_until = UINT64_MAX;
	loop.policy.upstreams[0] = upstream;
	loop.policy.n_upstreams = 1;
	expect(exchange_ask(&loop.exchange, q, &loop.policy, loop.now));
	exchange_flush(&loop.exchange);
	if (msg.len >= DNSMSG_HEADER + len) {
		port_of(q)->use[q->server[0].use].id = slice_be16(msg, 0);
		q->server[0].id = slice_be16(msg, 0);
		memcpy(q->server[0].spelt, msg.p + DNSMSG_HEADER, len);
	}
	expect(hold_join(&loop, q, &ask, &client));
	return q;
}

static void deliver(struct question *q, struct slice msg)
{
	union sockaddr_any sa;
	socklen_t salen = sizeof(sa);
	struct sockaddr_in *in = &sa.in;
	static uint8_t query[SLOT_SIZE];

	/* The query itself is not looked at. */
	while (recv(upstream_fd, query, sizeof(query), 0) > 0)
		;
	expect(getsockname(port_of(q)->fd, &sa.sa, &salen) == 0);
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	expect(sendto(upstream_fd, msg.p, msg.len, 0, &sa.sa, salen) ==
	       (ssize_t)msg.len);
	resolve_upstream(&loop, q->server[0].port);
}

/* As control would: all of it, or nothing. */
static bool take_grant(void)
{
	const void *record;

	if (ring_peek(&loop.grants, &record) != 1)
		return false;
	memcpy(&grant, record, sizeof(grant));
	ring_release(&loop.grants);
	expect(grant.n_addrs >= 1 && grant.n_addrs <= ALLOW_PER_NAME);
	expect(grant.lifetime >= TTL_MIN && grant.lifetime <= TTL_MAX);
	for (unsigned int i = 0; i < grant.n_addrs; i++) {
		expect(judge_address(&loop.policy.judge, &grant.addrs[i]) ==
		       JUDGE_OK);
		expect(allow_insert(&table, &grant.addrs[i],
				    loop.now + grant.lifetime * CLOCK_S,
				    loop.now) == 0);
	}
	return true;
}

static void acknowledge(void)
{
	struct ack *a = ring_claim(&loop.acks);

	expect(a != NULL);
	*a = (struct ack){ .id = grant.id };
	ring_publish(&loop.acks);
	hold_acks(&loop);
}

static bool granted(const struct dnsrr *rr)
{
	struct ipaddr a = rr->type == DNSTYPE_A ? ipaddr_v4(rr->rdata.p) :
						 ipaddr_v6(rr->rdata.p);

	for (unsigned int i = 0; i < grant.n_addrs; i++)
		if (ipaddr_equal(&a, &grant.addrs[i]))
			return true;
	return false;
}

static void check_reply(struct slice reply, bool acknowledged)
{
	struct dnsiter it;
	struct dnsmsg m;
	struct dnsrr rr;

	expect(dnsmsg_read(reply, &m) == PARSE_OK && m.id == ask.id);
	it = dnsmsg_answers(&m);
	while (dnsmsg_next(&m, &it, &rr)) {
		expect(rr.class == DNSCLASS_IN && rr.ttl <= TTL_MAX);
		if (rr.type != DNSTYPE_CNAME)
			expect(acknowledged && granted(&rr) &&
			       rr.ttl <= grant.lifetime);
	}
}

static void forget(struct question *q)
{
	hold_leave(&loop, q);
	exchange_drop(&loop.exchange, q);
	cache_clear(&loop.cache);
	learnt_clear(&loop.learnt);
	allow_set_epoch(&table, ++loop.policy.epoch);
	expect(loop.slots.n_free == SLOT_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice msg = { data, size }, reply;
	static bool ready;
	struct question *q;
	bool acknowledged;

	if (!ready) {
		stub_open();
		allow_set_epoch(&table, 1);
		ready = true;
	}
	if (size > 65507)
		return 0;	/* no datagram */
	q = ask_for(msg);
	/* exchange_ask() has answered nobody yet. */
	expect(stub_reply().len == 0);
	deliver(q, msg);
	reply = stub_reply();
	if (reply.len > 0)
		check_reply(reply, false);
	acknowledged = take_grant();
	if (acknowledged) {
		expect(reply.len == 0);
		acknowledge();
		reply = stub_reply();
		expect(reply.len > 0);
		check_reply(reply, true);
	}
	expect(stub_reply().len == 0);
	forget(q);
	return 0;
}
