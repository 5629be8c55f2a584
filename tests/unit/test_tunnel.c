/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tunnel.h"

/* Spelled out a second time: a change of the table must be meant. */
static const struct {
	enum tunnel_state from;
	const char *to;		/* y or n; in the order of enum tunnel_state */
} ways[] = {
	/* disconnected, connecting, connected, disconnecting, error */
	{ TUNNEL_DISCONNECTED, "yyyny" },
	{ TUNNEL_CONNECTING, "yyyyy" },
	{ TUNNEL_CONNECTED, "yyyyy" },
	{ TUNNEL_DISCONNECTING, "yynyy" },
	{ TUNNEL_ERROR, "yynyy" },
};
_Static_assert(NITEMS(ways) == TUNNEL__N, "every state");

Test(tunnel, every_pair)
{
	for (size_t i = 0; i < NITEMS(ways); i++)
		for (unsigned int to = 0; to < TUNNEL__N; to++)
			cr_expect_eq(tunnel_may(ways[i].from, to),
				     ways[i].to[to] == 'y', "%s to %s",
				     tunnel_state_name(ways[i].from),
				     tunnel_state_name(to));
}

Test(tunnel, the_same_state_may_always_be_said_again)
{
	for (unsigned int s = 0; s < TUNNEL__N; s++)
		cr_expect(tunnel_may(s, s), "%s", tunnel_state_name(s));
}

Test(tunnel, every_state_may_fail_and_be_given_up)
{
	for (unsigned int s = 0; s < TUNNEL__N; s++) {
		cr_expect(tunnel_may(s, TUNNEL_ERROR));
		cr_expect(tunnel_may(s, TUNNEL_DISCONNECTED));
	}
}

/* In error: by cause, whatever lockdown says. */
static const struct {
	enum tunnel_cause cause;
	bool blocking;
} causes[] = {
	{ CAUSE_SET_DNS, false }, { CAUSE_READ_DNS, false },
	{ CAUSE_START_RESOLVER, false }, { CAUSE_SET_FIREWALL, true },
	{ CAUSE_OFFLINE, true }, { CAUSE_AUTH_FAILED, true },
	{ CAUSE_START_TUNNEL, true }, { CAUSE_TUNNEL_PARAMETER, true },
	{ CAUSE_OTHER, true },
};
_Static_assert(NITEMS(causes) == CAUSE__N, "every cause");

Test(tunnel, blocking_in_error)
{
	for (size_t i = 0; i < NITEMS(causes); i++)
		for (int lockdown = 0; lockdown < 2; lockdown++) {
			const struct tunnel t = { .state = TUNNEL_ERROR,
						  .cause = causes[i].cause };

			cr_expect_eq(tunnel_blocking(&t, lockdown),
				     causes[i].blocking, "%s, lockdown %d",
				     tunnel_cause_name(t.cause), lockdown);
		}
}

Test(tunnel, blocking_elsewhere)
{
	/* A cause that is left over means nothing. */
	for (unsigned int s = 0; s < TUNNEL_ERROR; s++)
		for (unsigned int c = 0; c < CAUSE__N; c++) {
			const struct tunnel t = { .state = s, .cause = c };

			cr_expect(!tunnel_blocking(&t, false), "%s",
				  tunnel_state_name(s));
			cr_expect_eq(tunnel_blocking(&t, true),
				     s == TUNNEL_DISCONNECTED, "%s, lockdown",
				     tunnel_state_name(s));
		}
}

Test(tunnel, words_there_and_back)
{
	for (unsigned int s = 0; s < TUNNEL__N; s++)
		cr_expect_eq(tunnel_state_parse(tunnel_state_name(s)), s);
	for (unsigned int c = 0; c < CAUSE__N; c++)
		cr_expect_eq(tunnel_cause_parse(tunnel_cause_name(c)), c);
}

Test(tunnel, words_that_are_none)
{
	static const char *const words[] = {
		"", "Error", "error ", "errors", "err", "set_dns ", "none",
		"disconnected\n",
	};

	for (size_t i = 0; i < NITEMS(words); i++) {
		cr_expect_eq(tunnel_state_parse(words[i]), TUNNEL__N, "%s",
			     words[i]);
		cr_expect_eq(tunnel_cause_parse(words[i]), CAUSE__N, "%s",
			     words[i]);
	}
	cr_expect_eq(tunnel_state_parse("offline"), TUNNEL__N, "a cause");
	cr_expect_eq(tunnel_cause_parse("error"), CAUSE__N, "a state");
}
