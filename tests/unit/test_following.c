/* SPDX-License-Identifier: ISC */
/*
 * The state of a followed tunnel: a story is a row of looks, a second apart
 * unless it says how long.
 */
#include <criterion/criterion.h>

#include "clock.h"
#include "following.h"

/* Row: what was; column: what is seen. Spelled out a second time. */
static const struct {
	enum tunnel_state was;
	const char *to;		/* d c C D e, in the order of enum sight */
} states[] = {
	/* gone, off, waiting, stalled, up */
	{ TUNNEL_DISCONNECTED, "ddceC" },
	{ TUNNEL_CONNECTING, "dDceC" },
	{ TUNNEL_CONNECTED, "dDceC" },
	{ TUNNEL_DISCONNECTING, "dDceC" },
	{ TUNNEL_ERROR, "dDceC" },
};
_Static_assert(NITEMS(states) == TUNNEL__N, "every state");

Test(following, every_state_and_sight)
{
	static const char letters[] = {
		[TUNNEL_DISCONNECTED] = 'd', [TUNNEL_CONNECTING] = 'c',
		[TUNNEL_CONNECTED] = 'C', [TUNNEL_DISCONNECTING] = 'D',
		[TUNNEL_ERROR] = 'e',
	};

	for (size_t i = 0; i < NITEMS(states); i++)
		for (unsigned int s = 0; s < SIGHT__N; s++)
			cr_expect_eq(letters[following_state(states[i].was, s)],
				     states[i].to[s], "%s, sight %u",
				     tunnel_state_name(states[i].was), s);
}

/* No WireGuard: the link alone decides. */
static const struct {
	const char *what;
	bool there, up, running, routed;
	enum following_sight want;
} links[] = {
	{ "none", false, false, false, false, SIGHT_GONE },
	{ "made", true, false, false, false, SIGHT_OFF },
	{ "on, nobody holds it", true, true, false, false, SIGHT_WAITING },
	{ "held", true, true, true, false, SIGHT_WAITING },
	{ "routed, nobody holds it", true, true, false, true, SIGHT_WAITING },
	{ "held and routed", true, true, true, true, SIGHT_UP },
	{ "off, with routes", true, false, false, true, SIGHT_OFF },
};

Test(following, other_tunnels)
{
	for (size_t i = 0; i < NITEMS(links); i++) {
		struct following f = { 0 };
		const struct following_look l = {
			.there = links[i].there, .up = links[i].up,
			.running = links[i].running,
			.routed = links[i].routed, .now = CLOCK_S,
		};

		cr_expect_eq(following_see(&f, &l), links[i].want, "%s",
			     links[i].what);
		cr_expect_eq(following_next(&f, false) != 0,
			     links[i].want == SIGHT_OFF, "%s: no timer",
			     links[i].what);
	}
}

enum { BOOT = 1000, UNIX = 1700000000 };	/* s, at second 0 of a story */

struct moment {
	unsigned int at;	/* s */
	int handshake;		/* second of the story; 0 = none */
	uint64_t sent;
	enum following_sight want;
	int set;		/* s that the wall clock is wrong */
};

static const struct {
	const char *what;
	struct moment moments[8];
} stories[] = {
	{ "a handshake grows old", {
		{ 10, 10, 0, SIGHT_UP, 0 }, { 189, 10, 0, SIGHT_UP, 0 },
		{ 190, 10, 0, SIGHT_WAITING, 0 },
		{ 191, 191, 0, SIGHT_UP, 0 } } },
	{ "it was old when first seen", {
		{ 300, 10, 0, SIGHT_WAITING, 0 } } },
	{ "renewed in time", {
		{ 10, 10, 0, SIGHT_UP, 0 }, { 190, 130, 0, SIGHT_UP, 0 },
		{ 309, 130, 0, SIGHT_UP, 0 },
		{ 310, 130, 0, SIGHT_WAITING, 0 } } },
	{ "idle is not stalled", {
		{ 10, 10, 500, SIGHT_UP, 0 }, { 190, 10, 500, SIGHT_WAITING, 0 },
		{ 3600, 10, 500, SIGHT_WAITING, 0 },
		{ 3601, 10, 648, SIGHT_WAITING, 0 },
		{ 3602, 3602, 648, SIGHT_UP, 0 } } },
	{ "two initiations in vain", {
		{ 1, 0, 148, SIGHT_WAITING, 0 }, { 6, 0, 296, SIGHT_WAITING, 0 },
		{ 10, 0, 296 + 147, SIGHT_WAITING, 0 },
		{ 11, 0, 444, SIGHT_STALLED, 0 },
		{ 12, 0, 444, SIGHT_STALLED, 0 },
		{ 13, 13, 444, SIGHT_UP, 0 },
		{ 193, 13, 444, SIGHT_WAITING, 0 } } },
	{ "too soon to tell", {
		{ 1, 0, 0, SIGHT_WAITING, 0 }, { 10, 0, 9999, SIGHT_WAITING, 0 },
		{ 11, 0, 9999, SIGHT_STALLED, 0 } } },
	{ "made anew: it counts from 0 again", {
		{ 1, 0, 5000, SIGHT_WAITING, 0 }, { 20, 0, 0, SIGHT_WAITING, 0 },
		{ 29, 0, 400, SIGHT_WAITING, 0 },
		{ 30, 0, 400, SIGHT_STALLED, 0 } } },
	/* The wall clock, and those who lie. */
	{ "set back a year", {
		{ 10, 10, 0, SIGHT_UP, 0 }, { 189, 10, 0, SIGHT_UP, -31536000 },
		{ 190, 10, 0, SIGHT_WAITING, -31536000 } } },
	{ "set ahead a year", {
		{ 10, 10, 0, SIGHT_UP, 0 }, { 189, 10, 0, SIGHT_UP, 31536000 },
		{ 190, 10, 0, SIGHT_WAITING, 31536000 } } },
	{ "set ahead between handshakes", {
		{ 10, 10, 0, SIGHT_UP, 0 },
		{ 130, 129, 0, SIGHT_UP, 31536000 },
		{ 189, 129, 0, SIGHT_UP, 31536000 },
		{ 190, 129, 0, SIGHT_WAITING, 31536000 } } },
	{ "a handshake of tomorrow", {
		{ 10, 86400, 0, SIGHT_UP, 0 }, { 189, 86400, 0, SIGHT_UP, 0 },
		{ 190, 86400, 0, SIGHT_WAITING, 0 } } },
	{ "an older one than before", {
		{ 300, 300, 0, SIGHT_UP, 0 }, { 301, 20, 0, SIGHT_WAITING, 0 } } },
	{ "it is not told any more", {
		{ 10, 10, 0, SIGHT_UP, 0 }, { 11, 0, 0, SIGHT_WAITING, 0 },
		{ 12, 10, 0, SIGHT_UP, 0 } } },
};

static struct following_look look_at(const struct moment *m)
{
	return (struct following_look){
		.there = true, .up = true, .wireguard = true,
		.handshake = m->handshake == 0 ? 0 :
			     (uint64_t)(UNIX + m->handshake) * CLOCK_S,
		.sent = m->sent, .now = (BOOT + m->at) * CLOCK_S,
		.wall = (uint64_t)(UNIX + (int)m->at + m->set) * CLOCK_S,
	};
}

Test(following, stories)
{
	for (size_t i = 0; i < NITEMS(stories); i++) {
		struct following f = { 0 };

		for (size_t k = 0; k < NITEMS(stories[i].moments); k++) {
			const struct moment *m = &stories[i].moments[k];
			const struct following_look l = look_at(m);

			if (m->at == 0)
				break;
			cr_expect_eq(following_see(&f, &l), m->want,
				     "%s: second %u", stories[i].what, m->at);
			cr_expect_gt(following_next(&f, true), l.now,
				     "%s: second %u: a timer in the past",
				     stories[i].what, m->at);
		}
	}
}

Test(following, up_looks_again_when_the_key_ends)
{
	struct following f = { 0 };
	const struct moment m = { .at = 30, .handshake = 10 };
	const struct following_look l = look_at(&m);

	following_see(&f, &l);
	cr_expect_eq(following_next(&f, true), (BOOT + 190) * CLOCK_S);
}

/* How often is looked while nothing happens: seldom, and soon if it tries. */
Test(following, pauses)
{
	struct following f = { 0 };
	struct following_look l = look_at(&(const struct moment){ .at = 1 });
	unsigned int looks = 0;

	while (l.now < (BOOT + 1 + 600) * CLOCK_S) {
		following_see(&f, &l);
		l.now = following_next(&f, true);
		looks++;
	}
	cr_expect(looks > 15 && looks < 25, "%u in ten minutes", looks);
	l.sent += 148;
	following_see(&f, &l);
	cr_expect_leq(following_next(&f, true) - l.now, CLOCK_S, "it tries");
	following_stir(&f);
	following_see(&f, &l);
	cr_expect_leq(following_next(&f, true) - l.now, CLOCK_S / 10,
		      "something has happened");
}

Test(following, off_for_five_seconds_is_gone)
{
	struct following f = { 0 };
	struct following_look l = { .there = true, .now = CLOCK_S };

	cr_expect_eq(following_see(&f, &l), SIGHT_OFF);
	cr_expect_eq(following_next(&f, true), 6 * CLOCK_S);
	l.now = 6 * CLOCK_S - 1;
	cr_expect_eq(following_see(&f, &l), SIGHT_OFF);
	l.now = 6 * CLOCK_S;
	cr_expect_eq(following_see(&f, &l), SIGHT_GONE);
	cr_expect_eq(following_next(&f, true), 0);
	l.up = l.running = l.routed = true;
	cr_expect_eq(following_see(&f, &l), SIGHT_UP);
	l.up = false;
	l.now++;
	cr_expect_eq(following_see(&f, &l), SIGHT_OFF, "five more");
}
