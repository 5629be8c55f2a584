/* SPDX-License-Identifier: ISC */
/* The listener: connections, what comes over them, and who stays. */
#include "listening.h"

/* --- TCP: messages and pieces --- */

static const struct {
	const char *what;
	const char *pieces[8];		/* '#' stands for a zero octet */
	unsigned int after[8];		/* queries heard by then */
} streams[] = {
	{ "one message", { "#\5hello" }, { 1 } },
	{ "prefix alone, then the message", { "#\5", "hello" }, { 0, 1 } },
	{ "prefix in two halves", { "#", "\5hello" }, { 0, 1 } },
	{ "octet by octet", { "#", "\2", "h", "i" }, { 0, 0, 0, 1 } },
	{ "half a message, then the rest", { "#\5he", "llo" }, { 0, 1 } },
	{ "two at once", { "#\2hi#\2ho" }, { 2 } },
	{ "one and a half", { "#\2hi#\2h", "o" }, { 1, 2 } },
	{ "one and half a prefix", { "#\2hi#", "\2ho" }, { 1, 2 } },
	{ "an empty message", { "##" }, { 1 } },
	{ "three empty ones and a full one", { "######", "#\2hi" }, { 3, 4 } },
};

static void put_piece(int fd, const char *text)
{
	char buf[64];
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		buf[i] = text[i] == '#' ? '\0' : text[i];
	put(fd, buf, n);
}

Test(listener, tcp_pieces, .init = setup, .fini = teardown)
{
	heard.what = FORGET;
	for (size_t i = 0; i < NITEMS(streams); i++) {
		int fd = tcp_client(T);

		heard.n = 0;
		for (unsigned int k = 0; k < 8 && streams[i].pieces[k]; k++) {
			put_piece(fd, streams[i].pieces[k]);
			go_round(T);
			cr_expect_eq(heard.n, streams[i].after[k],
				     "%s: piece %u", streams[i].what, k);
		}
		cr_expect_eq(connections(), 1, "%s", streams[i].what);
		close(fd);
		go_round(T);
		cr_expect_eq(connections(), 0, "%s", streams[i].what);
	}
}

Test(listener, tcp_replies_carry_their_length, .init = setup,
     .fini = teardown)
{
	int fd = tcp_client(T);
	char buf[64];

	put(fd, "\0\5hello\0\3you", 12);
	go_round(T);
	cr_expect_eq(heard.n, 2);
	cr_expect_str_eq(heard.text[0], "hello");
	cr_expect_str_eq(heard.text[1], "you");
	/* Two sendings; perhaps two readings. */
	for (size_t n = 0; n < 12;)
		n += take(fd, buf + n, sizeof(buf) - n);
	cr_expect_arr_eq(buf, "\0\5hello\0\3you", 12);
	cr_expect_eq(counted(COUNT_QUERY_TCP), 2);
	cr_expect_eq(l.client[0].session.waiting, 0);
}

static const struct {
	const char *what;
	size_t len;
	bool fits;
} lengths[] = {
	{ "just a slot, with its prefix", SLOT_SIZE - 2, true },
	{ "one octet more", SLOT_SIZE - 1, false },
	{ "the most a prefix can say", UINT16_MAX, false },
};

Test(listener, tcp_lengths, .init = setup, .fini = teardown)
{
	static uint8_t big[2 + UINT16_MAX];

	heard.what = FORGET;
	for (size_t i = 0; i < NITEMS(lengths); i++) {
		size_t len = lengths[i].len;
		int fd = tcp_client(T);

		heard.n = 0;
		big[0] = (uint8_t)(len >> 8);
		big[1] = (uint8_t)len;
		put(fd, big, lengths[i].fits ? len + 2 : 2);
		while (connections() == 1 && heard.n == 0)
			go_round(T);
		cr_expect_eq(heard.n, lengths[i].fits, "%s", lengths[i].what);
		cr_expect_eq(connections(), lengths[i].fits, "%s",
			     lengths[i].what);
		if (!lengths[i].fits)
			cr_expect(is_closed(fd), "%s", lengths[i].what);
		close(fd);
		if (connections() == 1)
			go_round(T);
	}
	cr_expect_eq(counted(PARSE_LONG), 2);
}

/* One client cannot keep the loop to itself either. */
Test(listener, tcp_burst_is_bounded, .init = setup, .fini = teardown)
{
	static uint8_t many[3 * 64 * SLOT_SIZE];	/* empty messages */
	int fd = tcp_client(T), one = 1;
	ssize_t n;

	heard.what = FORGET;
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ 1 << 22 },
				sizeof(one)), 0);
	n = send(fd, many, sizeof(many), MSG_DONTWAIT);
	cr_assert_gt(n, 17 * SLOT_SIZE, "%zd", n);
	go_round(T);
	cr_expect_leq(heard.n, 16 * SLOT_SIZE / 2);
	cr_expect_gt(heard.n, 0);
}

/* --- TCP: who stays --- */

Test(listener, forgotten_queries_keep_the_connection, .init = setup,
     .fini = teardown)
{
	int fd = tcp_client(T);
	char buf[64];

	heard.what = FORGET;
	put(fd, "\0\2hi", 4);
	go_round(T);
	cr_expect_eq(connections(), 1);
	cr_expect_eq(l.client[0].session.waiting, 0);
	cr_expect_not(readable(fd, 0), "neither a reply nor the end");
	heard.what = ECHO;
	put(fd, "\0\2ho", 4);
	go_round(T);
	cr_expect_eq(take(fd, buf, sizeof(buf)), 4);
	cr_expect_arr_eq(buf, "\0\2ho", 4);
}

Test(listener, idle_connections_end, .init = setup, .fini = teardown)
{
	static const uint64_t idle = TCP_IDLE_MS * CLOCK_MS;
	int fd = tcp_client(T);

	cr_expect_eq(listener_due(&l, T), T + idle);
	cr_expect_eq(listener_due(&l, T + idle - 1), T + idle);
	cr_expect_eq(connections(), 1);
	/* An octet is a sign of life. */
	put(fd, "", 1);
	go_round(T + 5);
	cr_expect_eq(listener_due(&l, T + idle), T + 5 + idle);
	cr_expect_eq(listener_due(&l, T + 5 + idle), UINT64_MAX);
	cr_expect_eq(connections(), 0);
	cr_expect(is_closed(fd));
}

Test(listener, who_waits_for_a_reply_is_not_idle, .init = setup,
     .fini = teardown)
{
	int fd = tcp_client(T);

	heard.what = HOLD;
	put(fd, "\0\2hi", 4);
	go_round(T);
	cr_expect_eq(listener_due(&l, T + 60 * CLOCK_S), UINT64_MAX);
	cr_expect_eq(connections(), 1);
	listener_forget(&l, &heard.from[0]);
	listener_due(&l, T + 60 * CLOCK_S);
	cr_expect_eq(connections(), 0);
}

Test(listener, a_33rd_client_takes_the_place_of_the_quietest, .init = setup,
     .fini = teardown)
{
	int fd[TCP_CLIENTS + 1];

	for (unsigned int i = 0; i < TCP_CLIENTS; i++)
		fd[i] = tcp_client(T + i);
	put(fd[0], "", 1);
	go_round(T + 100);
	cr_expect_eq(counted(COUNT_FULL), 0);
	fd[TCP_CLIENTS] = tcp_client(T + 200);
	cr_expect_eq(counted(COUNT_FULL), 1);
	cr_expect_eq(connections(), TCP_CLIENTS);
	cr_expect(is_closed(fd[1]), "the first has spoken since");
	cr_expect_not(readable(fd[0], 0));
	cr_expect_not(readable(fd[TCP_CLIENTS], 0));
}

/* Nobody pushes out by mere connecting who is owed a reply. */
Test(listener, who_waits_keeps_its_place, .init = setup, .fini = teardown)
{
	int waits = tcp_client(T);
	char buf[64];

	heard.what = HOLD;
	put(waits, "\0\2hi", 4);
	go_round(T);
	for (unsigned int i = 0; i < 3 * TCP_CLIENTS; i++)
		tcp_client(T + 1 + i);
	listener_send(&l, &heard.from[0], (const uint8_t *)"ok", 2);
	cr_expect_eq(take(waits, buf, sizeof(buf)), 4);
}

/* --- replies to those who are gone --- */

Test(listener, reply_to_a_closed_connection, .init = setup, .fini = teardown)
{
	int fd = tcp_client(T), other;

	heard.what = HOLD;
	put(fd, "\0\2hi", 4);
	go_round(T);
	close(fd);
	go_round(T);
	cr_expect_eq(connections(), 0);
	listener_send(&l, &heard.from[0], (const uint8_t *)"late", 4);
	/* The same place, another client: not its reply. */
	other = tcp_client(T);
	listener_send(&l, &heard.from[0], (const uint8_t *)"late", 4);
	listener_forget(&l, &heard.from[0]);
	cr_expect_not(readable(other, 0));
	cr_expect_eq(l.client[0].session.waiting, 0);
}

/* Replies that it does not read fill its buffer: then it goes. */
Test(listener, who_does_not_read_goes, .init = setup, .fini = teardown)
{
	static const uint8_t msg[SLOT_SIZE];
	int fd = tcp_client(T);
	unsigned int n = 0;

	heard.what = HOLD;
	put(fd, "\0\2hi", 4);
	go_round(T);
	for (; connections() == 1 && n < 100000; n++) {
		l.client[0].session.waiting = 1;
		listener_send(&l, &heard.from[0], msg, sizeof(msg));
	}
	cr_expect_eq(connections(), 0);
	cr_expect_gt(n, 1);
}
