/* SPDX-License-Identifier: ISC */
/*
 * A hostile query, through all that happens to it until something would go
 * upstream, under each refusal and in both modes. captive.apple.com has an
 * answer that is cached and open.
 *
 * Whatever it is: at most one reply; that is a good message of a size the
 * client can take, with the query's id and question; and nothing is held
 * afterwards.
 */
#include "stubloop.h"
#include "tests/unit/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void cache_answer(void)
{
	const char name[] = "captive.apple.com";
	uint64_t end = loop.now + 300 * CLOCK_S;
	uint8_t wire[DNSNAME_MAX];
	size_t len = dnsname_from_text(name, wire);
	struct cached *e = cache_place(&loop.cache, wire, len, DNSTYPE_A,
				       loop.now);
	struct ipaddr a;
	struct dnsmsg m;
	struct wire w;

	wire_start(&w, 1, DNSFLAG_QR, name, DNSTYPE_A);
	wire_addr(&w, name, 60, "192.0.2.1");
	m = wire_view(&w);
	expect(ipaddr_parse("192.0.2.1", &a));
	cache_fill(e, &m, &a, 1, end);
	allow_set_epoch(&table, 1);
	expect(allow_insert(&table, &a, end, loop.now) == 0);
}

static void check_reply(struct slice reply, const struct dnsmsg *q)
{
	struct dnsmsg m;

	expect(dnsmsg_read(reply, &m) == PARSE_OK);
	expect((m.flags & DNSFLAG_QR) != 0 && m.id == q->id);
	expect(m.qtype == q->qtype && dnsname_same(&m.qname, &q->qname));
	expect(m.edns == q->edns && reply.len <= q->udp_size);
	expect(m.counts[1] <= 1 && m.counts[2] <= 1);
}

static void query(struct slice msg)
{
	struct dnsmsg m;
	bool good = dnsmsg_read(msg, &m) == PARSE_OK;
	struct slice reply;

	resolve_query(&loop, &client, msg);
	reply = stub_reply();
	expect(good || reply.len == 0);
	if (reply.len > 0)
		check_reply(reply, &m);
	expect(stub_reply().len == 0);
	expect(loop.slots.n_free == SLOT_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;

	if (!ready) {
		stub_open();
		allow_name("captive.apple.com", false);
		allow_name("lab.example", true);
		cache_answer();
		ready = true;
	}
	if (size > SLOT_SIZE)
		return 0;	/* the listener lets no such thing through */
	for (unsigned int i = 0; i < 8; i++) {
		loop.policy.refuse = i % 4;
		loop.policy.mode = i < 4 ? MODE_FORWARD : MODE_SPOOF;
		query((struct slice){ data, size });
	}
	return 0;
}
