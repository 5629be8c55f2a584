/* SPDX-License-Identifier: ISC */
/*
 * From query to reply in one process: the test is client, upstream, control
 * and clock.
 */
#include <criterion/criterion.h>

#include "compat.h"
#include "tests/fuzz/stubloop.h"
#include "wire.h"

static const char name[] = "captive.apple.com";

static struct wire said;	/* what the upstream says to the next question */
static struct grant grant;

static void setup(void)
{
	stub_open();
	allow_name(name, false);
	allow_set_epoch(&table, 1);
	loop.policy.upstreams[0] = upstream;
	loop.policy.n_upstreams = 1;
}

/* Nothing is held when nobody waits. */
static void teardown(void)
{
	loop.policy.epoch = 0;
	resolve_renew(&loop);
	cr_expect_eq(loop.slots.n_free, SLOT_COUNT, "slots are lost");
	cr_expect_eq(loop.n_free_askers, ASKERS_MAX, "askers are lost");
}

static uint64_t counted(unsigned int which)
{
	return atomic_load_explicit(&loop.counters->n[which],
				    memory_order_relaxed);
}

static void later(uint64_t ms)
{
	loop.now += ms * CLOCK_MS;
	resolve_timers(&loop);
}

static void query(const char *text, uint16_t type)
{
	struct wire w;

	wire_start(&w, 77, DNSFLAG_RD, text, type);
	resolve_query(&loop, &client, wire_slice(&w));
	exchange_flush(&loop.exchange);
}

/* The upstream hears a question, if there is one, and says what it must. */
static bool serve(void)
{
	union sockaddr_any from;
	socklen_t salen = sizeof(from);
	struct wire w = { .len = 0 };
	ssize_t n = recvfrom(upstream_fd, w.b, sizeof(w.b), 0, &from.sa,
			     &salen);
	uint64_t token;

	if (n < 0)
		return false;
	w.len = (size_t)n;
	/* Its own id and spelling, then the records to be said. */
	memcpy(said.b, w.b, 2);
	memcpy(said.b + DNSMSG_HEADER, w.b + DNSMSG_HEADER,
	       w.len - DNSMSG_HEADER);
	cr_assert_eq(sendto(upstream_fd, said.b, said.len, 0, &from.sa, salen),
		     (ssize_t)said.len);
	cr_assert_eq(poller_wait(&loop.poller, &token, 1, 5000), 1);
	resolve_upstream(&loop, token);
	return true;
}

static bool take_grant(void)
{
	const void *record;

	if (ring_peek(&loop.grants, &record) != 1)
		return false;
	memcpy(&grant, record, sizeof(grant));
	ring_release(&loop.grants);
	return true;
}

/* Control opens all of it for so long and says so. */
static void open_for(uint32_t seconds)
{
	struct ack *a = ring_claim(&loop.acks);

	for (unsigned int i = 0; i < grant.n_addrs; i++)
		cr_assert_eq(allow_insert(&table, &grant.addrs[i],
					  loop.now + seconds * CLOCK_S,
					  loop.now), 0);
	*a = (struct ack){ .id = grant.id };
	ring_publish(&loop.acks);
	hold_acks(&loop);
}

/* The reply's rcode, or -1; its first TTL, 0 without any. */
static int replied(uint32_t *ttl)
{
	struct slice s = stub_reply();
	struct dnsiter it;
	struct dnsmsg m;
	struct dnsrr rr;

	if (ttl != NULL)
		*ttl = 0;
	if (s.len == 0)
		return -1;
	cr_assert_eq(dnsmsg_read(s, &m), PARSE_OK);
	cr_expect_eq(m.id, 77);
	it = dnsmsg_answers(&m);
	if (ttl != NULL && dnsmsg_next(&m, &it, &rr))
		*ttl = rr.ttl;
	return m.flags & DNSFLAG_RCODE;
}

static void say_nothing(unsigned int rcode)
{
	wire_start(&said, 0, (uint16_t)(DNSFLAG_QR | rcode), name, DNSTYPE_A);
}

static void say_address(uint32_t ttl)
{
	say_nothing(DNSRCODE_NOERROR);
	wire_addr(&said, name, ttl, "192.0.2.1");
}

/* --- lifetimes --- */

static const struct {
	const char *what;
	uint32_t ttl, lifetime, opened, replied;
} lifetimes[] = {
	{ "as it is", 60, 60, 60, 60 },
	{ "too short", 5, 30, 30, 30 },
	{ "none", 0, 30, 30, 30 },
	{ "the shortest", 30, 30, 30, 30 },
	{ "the longest", 300, 300, 300, 300 },
	{ "too long", 86400, 300, 300, 300 },
	{ "the top bit, which is none", UINT32_MAX, 30, 30, 30 },
	{ "open for less than it may live", 200, 200, 50, 50 },
	{ "open for longer, by another answer", 40, 40, 290, 40 },
};

Test(resolve, lifetimes, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < NITEMS(lifetimes); i++) {
		uint32_t ttl;

		say_address(lifetimes[i].ttl);
		query(name, DNSTYPE_A);
		cr_assert(serve());
		cr_assert(take_grant(), "%s", lifetimes[i].what);
		cr_expect_eq(grant.lifetime, lifetimes[i].lifetime, "%s",
			     lifetimes[i].what);
		cr_expect_eq(replied(NULL), -1, "%s: too early",
			     lifetimes[i].what);
		open_for(lifetimes[i].opened);
		cr_expect_eq(replied(&ttl), DNSRCODE_NOERROR);
		cr_expect_eq(ttl, lifetimes[i].replied, "%s: %u",
			     lifetimes[i].what, ttl);
		cache_clear(&loop.cache);
		loop.now += 400 * CLOCK_S;
	}
}

/* From the cache: what is left, until too little is; then asked anew. */
static const struct {
	const char *what;
	uint64_t after;		/* seconds since the answer */
	uint32_t ttl;
	bool warm;
} ages[] = {
	{ "at once", 0, 60, true },
	{ "half of it", 30, 30, true },
	{ "just enough", 50, 10, true },
	{ "not enough", 51, 0, false },
};

Test(resolve, cached_answers_grow_old, .init = setup, .fini = teardown)
{
	uint64_t born = loop.now;

	say_address(60);
	query(name, DNSTYPE_A);
	cr_assert(serve() && take_grant());
	open_for(60);
	cr_assert_eq(replied(NULL), 0);
	for (size_t i = 0; i < NITEMS(ages); i++) {
		uint32_t ttl;

		loop.now = born + ages[i].after * CLOCK_S;
		query(name, DNSTYPE_A);
		cr_expect_eq(replied(&ttl), ages[i].warm ? 0 : -1, "%s",
			     ages[i].what);
		cr_expect_eq(ttl, ages[i].ttl, "%s: %u", ages[i].what, ttl);
		cr_expect_eq(serve(), !ages[i].warm, "%s", ages[i].what);
	}
}

/* --- what there is not --- */

static const struct {
	const char *what;
	unsigned int rcode;
} negatives[] = {
	{ "no such name", DNSRCODE_NXDOMAIN },
	{ "no such record", DNSRCODE_NOERROR },
};

Test(resolve, negative_is_remembered_for_a_moment, .init = setup,
     .fini = teardown)
{
	for (size_t i = 0; i < NITEMS(negatives); i++) {
		int rcode = (int)negatives[i].rcode;

		say_nothing(negatives[i].rcode);
		query(name, DNSTYPE_A);
		cr_assert(serve());
		cr_expect_eq(replied(NULL), rcode, "%s", negatives[i].what);
		loop.now += TTL_NEGATIVE * CLOCK_S - 1;
		query(name, DNSTYPE_A);
		cr_expect_eq(replied(NULL), rcode, "%s: again",
			     negatives[i].what);
		cr_expect_not(serve(), "%s: nobody is asked",
			      negatives[i].what);
		loop.now += 1;
		query(name, DNSTYPE_A);
		cr_expect_eq(replied(NULL), -1);
		cr_expect(serve(), "%s: its end", negatives[i].what);
		cr_expect_eq(replied(NULL), rcode);
		cr_expect_not(take_grant(), "%s", negatives[i].what);
		loop.now += 10 * CLOCK_S;
	}
}

Test(resolve, an_address_replaces_a_negative, .init = setup,
     .fini = teardown)
{
	say_nothing(DNSRCODE_NXDOMAIN);
	query(name, DNSTYPE_A);
	cr_assert(serve());
	replied(NULL);
	loop.now += TTL_NEGATIVE * CLOCK_S;
	say_address(60);
	query(name, DNSTYPE_A);
	cr_assert(serve() && take_grant());
	open_for(60);
	cr_expect_eq(replied(NULL), DNSRCODE_NOERROR);
	query(name, DNSTYPE_A);
	cr_expect_eq(replied(NULL), DNSRCODE_NOERROR);
	cr_expect_eq(counted(COUNT_WARM), 1);
}

/* A server's failure only as long as keeps one client from making us ask
 * without end; another network forgets it. */
Test(resolve, server_failure_is_remembered_for_a_second, .init = setup,
     .fini = teardown)
{
	say_nothing(DNSRCODE_SERVFAIL);
	query(name, DNSTYPE_A);
	cr_expect(serve());
	cr_expect_eq(replied(NULL), DNSRCODE_SERVFAIL);
	loop.now += TTL_FAILURE * CLOCK_S - 1;
	query(name, DNSTYPE_A);
	cr_expect_eq(replied(NULL), DNSRCODE_SERVFAIL, "again");
	cr_expect_not(serve(), "nobody is asked");
	cr_expect_eq(counted(COUNT_SERVFAIL), 2);
	loop.now += 1;
	say_address(60);
	query(name, DNSTYPE_A);
	cr_assert(serve() && take_grant(), "its end");
	open_for(60);
	cr_expect_eq(replied(NULL), DNSRCODE_NOERROR);
}

/* --- time --- */

Test(resolve, silence_upstream_is_servfail_in_three_seconds, .init = setup,
     .fini = teardown)
{
	query(name, DNSTYPE_A);
	later(2999);
	cr_expect_eq(replied(NULL), -1);
	later(1);
	cr_expect_eq(replied(NULL), DNSRCODE_SERVFAIL);
	cr_expect_eq(counted(COUNT_SERVFAIL), 1);
}

Test(resolve, a_late_ack_opens_no_reply, .init = setup, .fini = teardown)
{
	say_address(60);
	query(name, DNSTYPE_A);
	cr_assert(serve() && take_grant());
	later(99);
	cr_expect_eq(replied(NULL), -1);
	later(1);
	cr_expect_eq(replied(NULL), DNSRCODE_SERVFAIL);
	cr_expect_eq(counted(COUNT_GRANT_LATE), 1);
	open_for(60);
	cr_expect_eq(replied(NULL), -1, "nobody waits any more");
}

/* The grant's ring is full: control does not read. */
Test(resolve, nobody_takes_grants, .init = setup, .fini = teardown)
{
	for (unsigned int i = 0; i < RING_GRANTS; i++) {
		cr_assert_not_null(ring_claim(&loop.grants));
		ring_publish(&loop.grants);
	}
	say_address(60);
	query(name, DNSTYPE_A);
	cr_assert(serve());
	cr_expect_eq(replied(NULL), DNSRCODE_SERVFAIL);
	cr_expect_eq(counted(COUNT_FULL), 1);
}
