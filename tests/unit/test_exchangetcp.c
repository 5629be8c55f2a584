/* SPDX-License-Identifier: ISC */
/* The exchange: what is too long for UDP. */
#include "fakeserver.h"

/* Up to the connection, over which the query has come. */
static struct question *over_tcp(void)
{
	struct server *s = &server[0];
	struct question *q = ask();
	uint8_t buf[512];
	struct wire w;

	hear(s);
	w = s->query;
	w.b[2] |= (DNSFLAG_QR | DNSFLAG_TC) >> 8;
	say(s, &w);
	cr_assert_null(go_round());
	cr_assert(readable(s->tcp, WAIT_MS), "no connection came");
	s->conn = accept(s->tcp, NULL, NULL);
	cr_assert_geq(s->conn, 0);
	cr_assert_null(go_round());	/* connected: the query goes out */
	cr_assert(readable(s->conn, WAIT_MS));
	cr_assert_eq(recv(s->conn, buf, sizeof(buf), 0),
		     (ssize_t)s->query.len + 2);
	cr_expect_eq(buf[0] << 8 | buf[1], (int)s->query.len);
	cr_expect_arr_eq(buf + 2, s->query.b, s->query.len);
	cr_expect_eq(counted(COUNT_UPSTREAM_TCP), 1);
	return q;
}

static void stream(const void *p, size_t n)
{
	cr_assert_eq(send(server[0].conn, p, n, MSG_NOSIGNAL), (ssize_t)n);
}

static void stream_message(const struct wire *w)
{
	uint8_t prefix[2] = { (uint8_t)(w->len >> 8), (uint8_t)w->len };

	stream(prefix, 2);
	if (w->len > 0)
		stream(w->b, w->len);
}

/* Rounds until the question is answered or hopeless. */
static struct question *go_on(struct question *q)
{
	struct question *got = NULL;

	for (unsigned int i = 0; i < 100 && got == NULL &&
	     !exchange_hopeless(q, T); i++)
		got = go_round();
	return got;
}

Test(exchange, tcp, .init = setup, .fini = teardown)
{
	struct question *q = over_tcp();
	struct wire w = answer(&server[0]);

	stream_message(&w);
	cr_assert_eq(go_on(q), q);
	cr_expect_eq(q->view.counts[1], 1);
	cr_expect_eq(q->tcp.fd, -1);
	cr_expect_eq(slots.n_free, SLOT_COUNT - 1);
}

Test(exchange, tcp_octet_by_octet, .init = setup, .fini = teardown)
{
	struct question *q = over_tcp(), *got = NULL;
	struct wire w = answer(&server[0]);
	uint8_t whole[2 + 512] = { 0, (uint8_t)w.len };

	memcpy(whole + 2, w.b, w.len);
	for (size_t i = 0; i < w.len + 2; i++) {
		cr_assert_null(got);
		stream(whole + i, 1);
		got = go_round();
	}
	cr_expect_eq(got, q);
}

enum stream_end { CLOSE, RESET, GOES_ON };

static const struct {
	const char *what;
	const char *octets;	/* instead of a message, if any */
	size_t n;
	int how;		/* mutation of the message, or -1 */
	enum stream_end end;
	unsigned int counter;
} streams[] = {
	{ "closed at once", "", 0, -1, CLOSE, COUNT_UPSTREAM_ERROR },
	{ "reset at once", "", 0, -1, RESET, COUNT_UPSTREAM_ERROR },
	{ "closed inside the prefix", "\0", 1, -1, CLOSE,
	  COUNT_UPSTREAM_ERROR },
	{ "closed inside the message", "\0\100abc", 5, -1, CLOSE,
	  COUNT_UPSTREAM_ERROR },
	{ "nothing in it", "\0\0", 2, -1, GOES_ON, PARSE_SHORT },
	{ "the longest prefix", "\377\377", 2, -1, GOES_ON, PARSE_LONG },
	{ "one more than may be", "\17\277", 2, -1, GOES_ON, PARSE_LONG },
	{ "wrong id", NULL, 0, WRONG_ID, GOES_ON, COUNT_BAD_ID },
	{ "wrong case", NULL, 0, WRONG_CASE, GOES_ON, COUNT_BAD_CASE },
	{ "another question", NULL, 0, WRONG_NAME, GOES_ON,
	  COUNT_BAD_QUESTION },
	{ "a query", NULL, 0, QUERY, GOES_ON, COUNT_BAD_QR },
	{ "server failure", NULL, 0, SERVFAIL, GOES_ON, COUNT_BAD_RCODE },
	{ "one octet short", NULL, 0, SHORT, GOES_ON, PARSE_SHORT },
};

static void stream_row(size_t i)
{
	const struct linger at_once = { .l_onoff = 1 };
	struct wire w = answer(&server[0]);

	if (streams[i].octets == NULL) {
		mutate(&w, (enum mutation)streams[i].how);
		stream_message(&w);
	} else if (streams[i].n > 0) {
		stream(streams[i].octets, streams[i].n);
	}
	if (streams[i].end == GOES_ON)
		return;
	if (streams[i].end == RESET)
		setsockopt(server[0].conn, SOL_SOCKET, SO_LINGER, &at_once,
			   sizeof(at_once));
	close(server[0].conn);
	server[0].conn = -1;
}

Test(exchange, tcp_gone_wrong, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < NITEMS(streams); i++) {
		uint64_t before = counted(streams[i].counter);
		struct question *q = over_tcp();

		stream_row(i);
		cr_expect_null(go_on(q), "%s", streams[i].what);
		cr_expect_eq(counted(streams[i].counter), before + 1, "%s",
			     streams[i].what);
		cr_expect(exchange_hopeless(q, T), "%s", streams[i].what);
		cr_expect_eq(q->tcp.fd, -1, "%s", streams[i].what);
		cr_expect_eq(slots.n_free, SLOT_COUNT, "%s", streams[i].what);
		if (server[0].conn >= 0)
			close(server[0].conn);
		server[0].conn = -1;
		drop_all();
		memset(&counters, 0, sizeof(counters));
	}
}

Test(exchange, tc_over_tcp_is_no_answer, .init = setup, .fini = teardown)
{
	struct question *q = over_tcp();
	struct wire w = answer(&server[0]);

	w.b[2] |= DNSFLAG_TC >> 8;
	stream_message(&w);
	cr_expect_null(go_on(q));
	cr_expect(exchange_hopeless(q, T));
	cr_expect_eq(slots.n_free, SLOT_COUNT);
}

Test(exchange, no_tcp_there, .init = setup, .fini = teardown)
{
	struct question *q = ask();
	struct wire w;

	close(server[0].tcp);
	fds_before--;
	hear(&server[0]);
	w = server[0].query;
	w.b[2] |= (DNSFLAG_QR | DNSFLAG_TC) >> 8;
	say(&server[0], &w);
	cr_expect_null(go_on(q));
	cr_expect(exchange_hopeless(q, T));
	cr_expect_eq(counted(COUNT_UPSTREAM_ERROR), 1);
}

/* While one server is slow over TCP, the other one may still be quicker. */
Test(exchange, udp_overtakes_tcp, .init = setup_two, .fini = teardown)
{
	struct question *q = over_tcp();
	struct wire w;
	unsigned int from = 9;

	/* Retries go to the other only. */
	hear(&server[1]);
	retry(q, T + 100 * CLOCK_MS);
	hear(&server[1]);
	expect_silence();
	w = answer(&server[1]);
	say(&server[1], &w);
	cr_assert_eq(round_of(WAIT_MS, &from), q);
	cr_expect_eq(from, 1);
	exchange_end(&x, q, T);
	cr_expect_eq(q->tcp.fd, -1);
	cr_expect_eq(slots.n_free, SLOT_COUNT);
}

/* A wrong id, a forged address: neither may make us connect anywhere. */
Test(exchange, forged_tc_opens_no_connection, .init = setup,
     .fini = teardown)
{
	struct question *q = ask();
	struct wire w;

	hear(&server[0]);
	w = server[0].query;
	w.b[2] |= (DNSFLAG_QR | DNSFLAG_TC) >> 8;
	w.b[0] ^= 1;
	say(&server[0], &w);
	cr_expect_null(go_round());
	cr_expect_eq(q->tcp.fd, -1);
	cr_expect_eq(counted(COUNT_UPSTREAM_TCP), 0);
}
