/* SPDX-License-Identifier: ISC */
/* The responder: sizes, and more than one connection. */
#include "responding.h"

/* --- segments of a reply --- */

static const struct {
	const char *what;
	bool v6;
	uint16_t mss, want;	/* 0 = no option */
	size_t reply;		/* octets, prefix not counted */
} splits[] = {
	{ "as much as the TUN takes", false, 4056, 4056, SLOT_SIZE },
	{ "as much as the TUN takes, IPv6", true, 4036, 4036, SLOT_SIZE },
	{ "more than the TUN takes", false, 65495, 4056, SLOT_SIZE },
	{ "more than the TUN takes, IPv6", true, 65535, 4036, SLOT_SIZE },
	{ "no option", false, 0, 536, 2000 },
	{ "no option, IPv6", true, 0, 1220, 2000 },
	{ "just one segment", false, 1460, 1460, 1458 },
	{ "one octet more", false, 1460, 1460, 1459 },
	{ "two segments to the octet", false, 100, 100, 198 },
	{ "an MSS that is a lie", false, 1, 88, SLOT_SIZE },
	{ "an empty reply", false, 1460, 1460, 0 },
};

static void check_split(size_t i, const uint8_t *reply)
{
	size_t all = splits[i].reply + 2, left = all;
	uint32_t seq = our_isn + 1;

	cr_expect_eq(out.n, (all + splits[i].want - 1) / splits[i].want,
		     "%s: %u segments", splits[i].what, out.n);
	cr_assert_leq(out.n, OUTPUTS);
	for (unsigned int k = 0; k < out.n; k++) {
		size_t n = left < splits[i].want ? left : splits[i].want;

		cr_expect_eq(out.f[k].payload.len, n, "%s", splits[i].what);
		cr_expect_eq(out.f[k].tcp_seq, seq, "%s", splits[i].what);
		cr_expect_eq(out.f[k].tcp_flags, k + 1 < out.n ? ACK :
			     ACK | PSH, "%s", splits[i].what);
		seq += (uint32_t)n;
		left -= n;
	}
	cr_expect_eq((size_t)(out.octets[0] << 8 | out.octets[1]),
		     splits[i].reply);
	cr_expect_arr_eq(out.octets + 2, reply, splits[i].reply);
}

Test(responder, splits)
{
	static uint8_t reply[SLOT_SIZE];

	for (size_t i = 0; i < sizeof(reply); i++)
		reply[i] = (uint8_t)(i * 7 + 1);
	for (size_t i = 0; i < NITEMS(splits); i++) {
		setup();
		if (splits[i].v6) {
			side.ends.src = addr("fd73:616c:6c79::1");
			side.ends.dst = addr("2001:db8::1");
		}
		side.mss = splits[i].mss;
		connect_client();
		say("A 1/1 #\2hi");
		look_away();
		responder_send(&r, &held, reply, splits[i].reply);
		check_split(i, reply);
		teardown();
	}
}

Test(responder, our_mss, .init = setup, .fini = teardown)
{
	say("S 0/0");
	cr_expect_eq(out.f[0].tcp_mss, TUN_MTU - 40);
	cr_expect_eq(out.f[0].tcp_window, SLOT_SIZE);
	side.ends.src = addr("fd73:616c:6c79::1");
	side.ends.dst = addr("2001:db8::1");
	say("S 0/0");
	cr_expect_eq(out.f[1].tcp_mss, TUN_MTU - 60);
}

/* --- windows --- */

static const struct {
	const char *what;
	uint16_t window;
	bool good;
} windows[] = {
	{ "just enough", 4, true },
	{ "one octet less", 3, false },
	{ "none", 0, false },
};

Test(responder, the_clients_window)
{
	for (size_t i = 0; i < NITEMS(windows); i++) {
		setup();
		connect_client();
		side.window = windows[i].window;
		say("A 1/1 #\2yo");
		cr_expect_str_eq(out.text, windows[i].good ? "PA 1/5+4" :
				 "RA 1/5", "%s: %s", windows[i].what, out.text);
		cr_expect_eq(connections(), windows[i].good);
		teardown();
	}
}

/* What is in flight takes from it, until it is acknowledged. */
Test(responder, the_clients_window_fills, .init = setup, .fini = teardown)
{
	connect_client();
	side.window = 8;
	say("A 1/1 #\2yo#\2us");
	say("A 9/5 #\2me");
	cr_expect_str_eq(out.text, "PA 1/9+4, PA 5/9+4, PA 9/13+4");
	look_away();
	say("A 13/5 #\2oh");
	cr_expect_str_eq(out.text, "RA 13/17");
}

/* A message as long as a slot: the window closes, and is told to be open. */
Test(responder, our_window, .init = setup, .fini = teardown)
{
	static uint8_t big[SLOT_SIZE];

	memset(big, 'f', sizeof(big));
	big[0] = (SLOT_SIZE - 2) >> 8;
	big[1] = (SLOT_SIZE - 2) & 0xff;
	connect_client();
	put(ACK, 1, 1, big, 3000);
	cr_expect_eq(out.f[0].tcp_window, SLOT_SIZE - 3000);
	put(ACK, 3001, 1, big + 3000, SLOT_SIZE - 3000);
	cr_expect_eq(queries, 1);
	cr_expect_str_eq(out.text, "A 1/3001, A 1/4097");
	cr_expect_eq(out.f[1].tcp_window, SLOT_SIZE);
	/* One that is replied to at once has said that nothing fits. */
	look_away();
	big[2] = 'y';
	put(ACK, 4097, 1, big, 3000);
	put(ACK, 7097, 1, big + 3000, SLOT_SIZE - 3000);
	cr_expect_eq(queries, 2);
	cr_expect_eq(out.f[out.n - 1].tcp_window, SLOT_SIZE);
}

/* More than we said: what fits is taken, and a FIN behind it is not. */
Test(responder, over_our_window, .init = setup, .fini = teardown)
{
	static uint8_t big[SLOT_SIZE];

	memset(big, 'f', sizeof(big));
	big[0] = (SLOT_SIZE - 2) >> 8;
	big[1] = (SLOT_SIZE - 2) & 0xff;
	connect_client();
	put(ACK, 1, 1, big, 3000);
	put(ACK | FIN, 3001, 1, big, 2000);
	cr_expect_eq(queries, 1);
	cr_expect_str_eq(out.text, "A 1/3001, A 1/4097");
	look_away();
	say("FA 5001/1");
	cr_expect_str_eq(out.text, "A 1/4097");
}

/* --- who stays --- */

Test(responder, ends_tell_connections_apart, .init = setup, .fini = teardown)
{
	connect_client();
	side.ends.sport++;
	say("A 1/1 #\2yo");
	cr_expect_str_eq(out.text, "R 1");
	look_away();
	side.ends.sport--;
	side.ends.dst = addr("192.0.2.2");
	say("A 1/1 #\2yo");
	cr_expect_str_eq(out.text, "R 1");
	look_away();
	side.ends.dst = addr("192.0.2.1");
	side.ends.src = addr("198.18.53.2");
	say("A 1/1 #\2yo");
	cr_expect_str_eq(out.text, "R 1");
}

Test(responder, a_33rd_client_takes_the_place_of_the_quietest, .init = setup,
     .fini = teardown)
{
	uint16_t first = side.ends.sport;
	uint32_t first_isn = 0;

	for (unsigned int i = 0; i < TCP_CLIENTS; i++) {
		now = T + i;
		connect_client();
		if (i == 0)
			first_isn = our_isn;
		side.ends.sport++;
	}
	/* The first speaks: then the second is the quietest. */
	now = T + 100;
	side.ends.sport = first;
	our_isn = first_isn;
	say("A 1/1 #");
	look_away();
	cr_expect_eq(counted(COUNT_FULL), 0);
	side.ends.sport = (uint16_t)(first + TCP_CLIENTS);
	now = T + 200;
	say("S 0/0");
	cr_expect_eq(counted(COUNT_FULL), 1);
	cr_expect_eq(connections(), TCP_CLIENTS);
	cr_expect_eq(out.n, 2);
	cr_expect_eq(out.f[0].tcp_flags, RST | ACK);
	cr_expect_eq(out.f[0].dport, first + 1);
	cr_expect_eq(out.f[1].tcp_flags, SYN | ACK);
}

Test(responder, who_waits_keeps_its_place, .init = setup, .fini = teardown)
{
	uint16_t first = side.ends.sport;

	connect_client();
	say("A 1/1 #\2hi");
	for (unsigned int i = 0; i < 3 * TCP_CLIENTS; i++) {
		now++;
		side.ends.sport++;
		say("S 0/0");
	}
	look_away();
	responder_send(&r, &held, (const uint8_t *)"ok", 2);
	cr_expect_eq(out.n, 1);
	cr_expect_eq(out.f[0].dport, first);
	cr_expect_eq(out.len, 4);
}

/* The same place, another client: not its reply. */
Test(responder, late_replies_go_to_nobody, .init = setup, .fini = teardown)
{
	connect_client();
	say("A 1/1 #\2hi");
	say("R 5/0");
	side.ends.sport++;
	connect_client();
	responder_send(&r, &held, (const uint8_t *)"late", 4);
	responder_forget(&r, &held);
	cr_expect_eq(out.n, 0);
	cr_expect_eq(r.client[0].session.waiting, 0);
}

Test(responder, no_slot_is_left, .init = setup)
{
	while (slots_claim(&slots) != SLOTS_NONE)
		;
	say("S 0/0");
	cr_expect_eq(out.n, 0);
	cr_expect_eq(connections(), 0);
	cr_expect_eq(counted(COUNT_FULL), 1);
	slots_release(&slots, 0);
	say("S 0/0");
	cr_expect_str_eq(out.text, "SA 0/1");
}

/* --- what the link does not take --- */

Test(responder, a_lost_syn_ack_comes_again, .init = setup, .fini = teardown)
{
	out.lost = true;
	say("S 0/0");
	out.lost = false;
	say("A 1/0");
	say("S 0/0");
	say("A 1/1 #\2yo");
	cr_expect_str_eq(out.text, "R 0, SA 0/1, PA 1/5+4");
}

Test(responder, a_lost_reply_ends_the_connection, .init = setup,
     .fini = teardown)
{
	connect_client();
	out.lost = true;
	say("A 1/1 #\2yo");
	out.lost = false;
	cr_expect_eq(connections(), 0);
	say("A 1/1 #\2yo");
	cr_expect_str_eq(out.text, "R 1");
}

Test(responder, a_lost_fin_ends_the_connection, .init = setup,
     .fini = teardown)
{
	connect_client();
	out.lost = true;
	say("FA 1/1");
	out.lost = false;
	cr_expect_eq(connections(), 0);
}

Test(responder, due, .init = setup, .fini = teardown)
{
	static const uint64_t idle = TCP_IDLE_MS * CLOCK_MS;

	cr_expect_eq(responder_due(&r, T), UINT64_MAX);
	connect_client();
	cr_expect_eq(responder_due(&r, T), T + idle);
	cr_expect_eq(responder_due(&r, T + idle - 1), T + idle);
	cr_expect_eq(out.n, 0);
	cr_expect_eq(responder_due(&r, T + idle), T + 2 * idle);
	cr_expect_str_eq(out.text, "FA 1/1");
	cr_expect_eq(responder_due(&r, T + 2 * idle), UINT64_MAX);
	cr_expect_eq(connections(), 0);
}
