/* SPDX-License-Identifier: ISC */
/*
 * What NetworkManager tells (the test, by hand), and what the timeline has of
 * it then.
 */
#include <criterion/criterion.h>

#include "netcheckbench.h"

TestSuite(nm, .init = bench_init, .fini = bench_fini);

static struct nmwatch_state state;

/* g: gone; t: there; a: it was asked; u n p l f: its connectivity; .: a
 * second passes. In capitals because it says so, else as it is asked. */
static void tell(const char *story)
{
	static const char letters[] = "unplf";

	for (; *story != '\0'; story++) {
		const char *at = strchr(letters, *story | 0x20);

		record_clock += CLOCK_S;
		if (*story == '.')
			continue;
		if (*story == 'g')
			memset(&state, 0, sizeof(state));
		state.there = *story != 'g';
		if (at != NULL && *story != 'g') {
			state.connectivity =
				(enum nmwatch_connectivity)(at - letters);
			state.changes += *story < 'a';
		}
		nm_told(&bench, &state);
	}
}

static const struct {
	const char *edge, *before, *during;
	/* s since the door opened; 0 = not noted */
	unsigned int portal, full;
} rows[] = {
	{ "never there", "", "...", 0, 0 },
	{ "full all the time", "tf", "...", 0, 0 },
	{ "there when we come, and full", "", "tf", 0, 0 },
	{ "limited, then full", "tF", "LF", 0, 2 },
	{ "a portal, then full", "tL", ".PPF", 2, 4 },
	{ "full twice: the first one counts", "tL", "FLF", 0, 1 },
	{ "its new start", "tF", "gtuLF", 0, 5 },
	{ "gone", "tF", "g..", 0, 0 },
	{ "before the door is open", "tLF", ".", 0, 0 },
};

Test(nm, noted)
{
	up(true, false, TUNNEL_DISCONNECTED, 0);
	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct episode *e;

		memset(&state, 0, sizeof(state));
		memset(&bench.nm.state, 0, sizeof(bench.nm.state));
		tell(rows[i].before);
		record_clock += CLOCK_S;
		cr_assert_eq(set_state(TUNNEL_ERROR, CAUSE_OFFLINE), 0, "%s",
			     why.text);
		e = timeline_last(&bench.timeline);
		tell(rows[i].during);
		cr_expect_eq(e->at[TIMELINE_NM_PORTAL],
			     rows[i].portal == 0 ? 0 :
			     e->start + rows[i].portal * CLOCK_S, "%s: portal",
			     rows[i].edge);
		cr_expect_eq(e->at[TIMELINE_NM_FULL],
			     rows[i].full == 0 ? 0 :
			     e->start + rows[i].full * CLOCK_S, "%s: full",
			     rows[i].edge);
		cr_assert_eq(set_state(TUNNEL_DISCONNECTED, 0), 0);
	}
}

static const struct {
	const char *edge, *before, *during;
	bool suspected;
} portals[] = {
	{ "never there", "", "..", false },
	{ "full all the time", "tf", "..", false },
	{ "limited is no portal", "tF", "L", false },
	{ "a portal", "tL", "P", true },
	{ "a portal twice", "tL", "PP", true },
	{ "a portal, signed in", "tL", "PF", false },
	{ "a portal, then limited", "tL", "PL", true },
	{ "a portal, then full by way of limited", "tL", "PLF", false },
	{ "before the door is open", "tP", ".", false },
};

Test(nm, a_portal_is_suspected)
{
	up(true, false, TUNNEL_DISCONNECTED, 0);
	for (size_t i = 0; i < NITEMS(portals); i++) {
		memset(&state, 0, sizeof(state));
		memset(&bench.nm.state, 0, sizeof(bench.nm.state));
		bench.portal = false;
		tell(portals[i].before);
		cr_assert_eq(set_state(TUNNEL_ERROR, CAUSE_OFFLINE), 0, "%s",
			     why.text);
		tell(portals[i].during);
		cr_expect_eq(bench.portal, portals[i].suspected, "%s",
			     portals[i].edge);
		cr_assert_eq(set_state(TUNNEL_DISCONNECTED, 0), 0);
	}
}

/* Its names are the door's at once. */
Test(nm, its_uri)
{
	unsigned int n = bench.conf.n_names, told = bench.prefetch;

	state = (struct nmwatch_state){ .there = true,
					.uri = "http://learnt.example/" };
	nm_told(&bench, &state);
	cr_expect_eq(bench.conf.n_names, n, "not in this profile");
	strcpy(bench.conf.profiles, "apple,networkmanager");
	strcpy(state.uri, "http://other.example/");
	nm_told(&bench, &state);
	cr_expect_eq(bench.conf.n_names, n + 1);
	cr_expect_eq(bench.prefetch, told + 1);
	state.connectivity = NMWATCH_FULL;
	nm_told(&bench, &state);
	cr_expect_eq(bench.conf.n_names, n + 1);
}
