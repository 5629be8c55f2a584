/* SPDX-License-Identifier: ISC */
/* The responder, segment by segment: what one connection may do to it. */
#include "responding.h"

enum { STEPS = 10 };

#define HELLO { "S 0/0", "SA 0/1" }, { "A 1/1", "" }
#define GONE "R 1"

/* Words that are no segments: "reply" to what is held, "forget" it, "idle"
 * for TCP_IDLE_MS. */
static const struct {
	const char *what;
	struct {
		const char *say, *want;
	} step[STEPS];
} scripts[] = {
	/* how it begins */
	{ "handshake", { HELLO } },
	{ "SYN again", { { "S 0/0", "SA 0/1" }, { "S 0/0", "SA 0/1" },
	  { "A 1/1", "" } } },
	{ "SYN again, when it is open", { HELLO, { "S 0/0", "A 1/1" } } },
	{ "another SYN before it is open", { { "S 0/0", "SA 0/1" },
	  { "S 100/0", "A 1/1" }, { "R 1/0", "" }, { "S 100/0", "SA 0/101" } } },
	{ "our SYN is not what is acknowledged", { { "S 0/0", "SA 0/1" },
	  { "A 1/7", "R 7" }, { "A 1/0", "R 0" }, { "A 1/1", "" } } },
	{ "a query ends the handshake", { { "S 0/0", "SA 0/1" },
	  { "A 1/1 #\2yo", "PA 1/5+4" } } },
	{ "octets with the SYN wait", { { "S 0/0 #\2yo", "SA 0/1" },
	  { "A 1/1 #\2yo", "PA 1/5+4" } } },
	{ "SYN and FIN", { { "SF 0/0", "RA 0/2" } } },
	{ "SYN and RST", { { "SR 0/0", "" } } },

	/* octets */
	{ "two at once", { HELLO, { "A 1/1 #\2yo#\2us",
	  "PA 1/9+4, PA 5/9+4" } } },
	{ "octet by octet", { HELLO, { "A 1/1 #", "A 1/2" },
	  { "A 2/1 \2", "A 1/3" }, { "A 3/1 y", "A 1/4" },
	  { "A 4/1 o", "PA 1/5+4" } } },
	{ "one and a half", { HELLO, { "A 1/1 #\2yo#\2", "PA 1/7+4" },
	  { "A 7/5 us", "PA 5/9+4" } } },
	{ "a query without a reply yet", { HELLO, { "A 1/1 #\2hi", "A 1/5" },
	  { "reply", "PA 1/5+4" } } },
	{ "replies in another order", { HELLO, { "A 1/1 #\2hi", "A 1/5" },
	  { "A 5/1 #\2yo", "PA 1/9+4" }, { "reply", "PA 5/9+4" } } },
	{ "a query without any reply", { HELLO, { "A 1/1 #\2fo", "A 1/5" },
	  { "A 5/1 #\2yo", "PA 1/9+4" } } },
	{ "the same again", { HELLO, { "A 1/1 #\2yo", "PA 1/5+4" },
	  { "A 1/1 #\2yo", "A 5/5" }, { "A 1/5 #\2yo", "A 5/5" } } },
	{ "the same again with more", { HELLO, { "A 1/1 #\2yo", "PA 1/5+4" },
	  { "A 1/5 #\2yo#\2us", "PA 5/9+4" } } },
	{ "the end of the same again with more", { HELLO,
	  { "A 1/1 #\2yo", "PA 1/5+4" }, { "A 4/5 o#\2us", "PA 5/9+4" } } },
	{ "a gap", { HELLO, { "A 3/1 yo", "A 1/1" },
	  { "A 1/1 #\2yo", "PA 1/5+4" } } },
	{ "a message that never fits", { HELLO, { "A 1/1 \377\377", "RA 1/3" },
	  { "A 3/1", GONE } } },
	{ "keep-alive", { HELLO, { "A 0/1", "A 1/1" }, { "A 0/1 x", "A 1/1" } } },
	{ "behind the window", { HELLO, { "A 4097/1 x", "A 1/1" },
	  { "A 4097/1", "A 1/1" } } },

	/* how it ends */
	{ "FIN", { HELLO, { "FA 1/1", "FA 1/2" }, { "A 2/2", "" },
	  { "A 2/2", "R 2" } } },
	{ "FIN, and ours is not acknowledged", { HELLO, { "FA 1/1", "FA 1/2" },
	  { "FA 1/1", "A 2/2" }, { "A 2/1", "" }, { "A 2/2", "" },
	  { "A 2/2", "R 2" } } },
	{ "FIN with a query", { HELLO, { "FA 1/1 #\2yo", "PA 1/5+4, FA 5/6" },
	  { "A 6/6", "" }, { "A 6/6", "R 6" } } },
	{ "half a close, then the reply", { HELLO, { "FA 1/1 #\2hi", "A 1/6" },
	  { "idle", "" }, { "reply", "FPA 1/6+4" }, { "A 6/6", "" },
	  { "A 6/6", "R 6" } } },
	{ "half a close, and two replies", { HELLO,
	  { "A 1/1 #\2hi#\2yo", "PA 1/9+4" }, { "FA 9/5", "A 5/10" },
	  { "reply", "FPA 5/10+4" } } },
	{ "half a close, and no reply", { HELLO, { "FA 1/1 #\2hi", "A 1/6" },
	  { "forget", "FA 1/6" }, { "A 6/2", "" }, { "A 6/2", "R 2" } } },
	{ "half a close, forgotten at once", { HELLO,
	  { "FA 1/1 #\2fo", "FA 1/6" } } },
	{ "half a close, half a message", { HELLO, { "FA 1/1 #\2y", "FA 1/5" },
	  { "A 5/2", "" }, { "A 5/2", "R 2" } } },
	{ "FIN behind a gap", { HELLO, { "FA 3/1 yo", "A 1/1" },
	  { "A 1/1 #\2yo", "PA 1/5+4" }, { "FA 5/5", "FA 5/6" } } },
	{ "octets behind their FIN", { HELLO, { "FA 1/1 #\2hi", "A 1/6" },
	  { "A 6/1 more", "RA 1/6" }, { "reply", "" } } },
	{ "a FIN behind their FIN", { HELLO, { "FA 1/1 #\2hi", "A 1/6" },
	  { "FA 6/1", "" }, { "reply", "FPA 1/6+4" } } },
	{ "idle", { HELLO, { "idle", "FA 1/1" }, { "A 1/2", "" },
	  { "FA 1/2", "A 2/2" }, { "A 2/2", "R 2" } } },
	{ "idle, the FINs meet", { HELLO, { "idle", "FA 1/1" },
	  { "FA 1/1", "A 2/2" }, { "A 2/2", "" }, { "A 2/2", "R 2" } } },
	{ "idle twice", { HELLO, { "idle", "FA 1/1" }, { "idle", "" },
	  { "A 1/2", "R 2" } } },
	{ "idle, and a query meets our FIN", { HELLO, { "idle", "FA 1/1" },
	  { "A 1/1 #\2yo", "RA 2/1" }, { "A 5/1", GONE } } },
	{ "idle before it is open", { { "S 0/0", "SA 0/1" }, { "idle", "" },
	  { "A 1/1", GONE } } },
	{ "who waits is not idle", { HELLO, { "A 1/1 #\2hi", "A 1/5" },
	  { "idle", "" }, { "idle", "" }, { "reply", "PA 1/5+4" } } },
	{ "RST", { HELLO, { "R 1/0", "" }, { "A 1/1", GONE } } },
	{ "RST before it is open", { { "S 0/0", "SA 0/1" }, { "R 1/0", "" },
	  { "A 1/1", GONE } } },
	{ "RST, and what it waited for", { HELLO, { "A 1/1 #\2hi", "A 1/5" },
	  { "RA 5/1", "" }, { "reply", "" }, { "forget", "" } } },

	/* what does not count */
	{ "RST within the window", { HELLO, { "R 2/0", "A 1/1" },
	  { "R 4096/0", "A 1/1" }, { "A 1/1 #\2yo", "PA 1/5+4" } } },
	{ "RST outside the window", { HELLO, { "R 0/0", "" },
	  { "R 4097/0", "" }, { "A 1/1 #\2yo", "PA 1/5+4" } } },
	{ "SYN within the window", { HELLO, { "S 1/0", "A 1/1" },
	  { "SA 5/1", "A 1/1" }, { "A 1/1 #\2yo", "PA 1/5+4" } } },
	{ "no ACK", { HELLO, { "P 1/0 #\2yo", "" },
	  { "A 1/1 #\2yo", "PA 1/5+4" } } },
	{ "ACK of what was not sent", { HELLO, { "A 1/2 #\2yo", "A 1/1" },
	  { "A 1/1 #\2yo", "PA 1/5+4" } } },
	{ "ACK of long ago", { HELLO, { "A 1/-65535 #\2yo", "A 1/1" },
	  { "A 1/-65534 #\2yo", "PA 1/5+4" } } },

	/* of no connection */
	{ "ACK of nothing", { { "A 5/9", "R 9" } } },
	{ "SYN and ACK of nothing", { { "SA 5/9", "R 9" } } },
	{ "octets of nothing", { { "P 5/0 xyz", "RA 0/8" } } },
	{ "FIN of nothing", { { "F 5/0 xyz", "RA 0/9" } } },
	{ "RST of nothing", { { "R 5/0", "" }, { "RA 5/9", "" } } },
};

static void step(const char *word)
{
	if (strcmp(word, "reply") == 0) {
		responder_send(&r, &held, (const uint8_t *)"ok", 2);
	} else if (strcmp(word, "forget") == 0) {
		responder_forget(&r, &held);
	} else if (strcmp(word, "idle") == 0) {
		now += TCP_IDLE_MS * CLOCK_MS;
		responder_due(&r, now);
	} else {
		say(word);
	}
}

static void play(size_t i)
{
	for (size_t k = 0; k < STEPS && scripts[i].step[k].say; k++) {
		look_away();
		step(scripts[i].step[k].say);
		cr_expect_str_eq(out.text, scripts[i].step[k].want,
				 "%s: %s: \"%s\", not \"%s\"",
				 scripts[i].what, scripts[i].step[k].say,
				 out.text, scripts[i].step[k].want);
	}
}

Test(responder, scripts)
{
	for (size_t i = 0; i < NITEMS(scripts); i++) {
		setup();
		play(i);
		teardown();
	}
}

Test(responder, scripts_over_ipv6)
{
	for (size_t i = 0; i < NITEMS(scripts); i++) {
		setup();
		side.ends.src = addr("fd73:616c:6c79::1");
		side.ends.dst = addr("2001:db8::1");
		play(i);
		teardown();
	}
}

/* Where the numbers begin, nobody can guess from the time before. */
Test(responder, isn, .init = setup, .fini = teardown)
{
	uint32_t seen[8];

	for (unsigned int i = 0; i < 8; i++) {
		side.ends.sport++;
		say("S 0/0");
		seen[i] = our_isn;
		for (unsigned int k = 0; k < i; k++)
			cr_expect_neq(seen[k], our_isn);
	}
}

Test(responder, counts, .init = setup, .fini = teardown)
{
	say("A 5/9");
	say("R 5/0");
	cr_expect_eq(counted(COUNT_STRAY_TCP), 2);
	connect_client();
	say("A 1/1 #\2yo#\2us");
	cr_expect_eq(counted(COUNT_QUERY_TCP), 2);
	say("A 9/9 \377\377");
	cr_expect_eq(counted(PARSE_LONG), 1);
	cr_expect_eq(counted(COUNT_FULL), 0);
}
