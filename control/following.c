/* SPDX-License-Identifier: ISC */
#include "following.h"

#include "clock.h"

/*
 * REJECT_AFTER_TIME and REKEY_TIMEOUT of the WireGuard paper, section 6.1, and
 * of drivers/net/wireguard/messages.h: no key is used after 180 s; an
 * unanswered initiation (148 octets, section 5.4.2) is repeated after 5 s.
 */
static const uint64_t FRESH_NS = 180 * CLOCK_S;
static const uint64_t TRYING_NS = 10 * CLOCK_S;
enum { TWO_INITIATIONS = 2 * 148 };

static const uint64_t OFF_NS = 5 * CLOCK_S;
/* WireGuard tells nobody of a handshake: it is looked for. */
static const uint64_t PAUSE_NS = 100 * CLOCK_MS;
static const uint64_t PAUSE_TRYING_NS = CLOCK_S;
static const uint64_t PAUSE_IDLE_NS = 60 * CLOCK_S;

/*
 * The wall clock may be set, and devices may tell lies: a time is believed
 * when it is new, no further back than it can be new; then the boot clock
 * counts.
 */
static void note_handshake(struct following *f, const struct following_look *l)
{
	uint64_t age = l->wall > l->handshake ? l->wall - l->handshake : 0;
	uint64_t at = l->now > age ? l->now - age : 1;

	if (l->handshake == f->told)
		return;
	if (l->handshake > f->told && f->told != 0 && at < f->looked)
		at = f->looked;
	f->told = l->handshake;
	f->handshake = l->handshake == 0 ? 0 : at;
}

static bool fresh(const struct following *f, uint64_t now)
{
	return f->handshake != 0 && now - f->handshake < FRESH_NS;
}

static enum following_sight see_wireguard(struct following *f,
					  const struct following_look *l)
{
	bool trying = l->sent != f->sent;

	note_handshake(f, l);
	f->sent = l->sent;
	if (fresh(f, l->now)) {
		f->waiting = 0;
		return SIGHT_UP;
	}
	if (f->waiting == 0 || l->sent < f->sent_then) {
		f->waiting = l->now;
		f->sent_then = l->sent;
		following_stir(f);
	}
	f->pause = f->pause * 2 < PAUSE_IDLE_NS ? f->pause * 2 : PAUSE_IDLE_NS;
	if (trying && f->pause > PAUSE_TRYING_NS)
		f->pause = PAUSE_TRYING_NS;
	if (f->sight == SIGHT_STALLED)
		return SIGHT_STALLED;
	return l->now - f->waiting >= TRYING_NS &&
	       l->sent - f->sent_then >= TWO_INITIATIONS ? SIGHT_STALLED :
							    SIGHT_WAITING;
}

static enum following_sight see_off(struct following *f, uint64_t now)
{
	if (f->off == 0)
		f->off = now;
	return now - f->off < OFF_NS ? SIGHT_OFF : SIGHT_GONE;
}

static enum following_sight see(struct following *f,
				const struct following_look *l)
{
	if (!l->there) {
		*f = (struct following){ 0 };
		return SIGHT_GONE;
	}
	if (!l->up) {
		f->waiting = 0;
		return see_off(f, l->now);
	}
	f->off = 0;
	if (l->wireguard)
		return see_wireguard(f, l);
	return l->running && l->routed ? SIGHT_UP : SIGHT_WAITING;
}

enum following_sight following_see(struct following *f,
				   const struct following_look *l)
{
	f->sight = see(f, l);
	f->looked = l->now;
	return f->sight;
}

enum tunnel_state following_state(enum tunnel_state was,
				  enum following_sight s)
{
	switch (s) {
	case SIGHT_OFF:
		return was == TUNNEL_DISCONNECTED ? was : TUNNEL_DISCONNECTING;
	case SIGHT_WAITING:
		return TUNNEL_CONNECTING;
	case SIGHT_STALLED:
		return TUNNEL_ERROR;
	case SIGHT_UP:
		return TUNNEL_CONNECTED;
	default:
		return TUNNEL_DISCONNECTED;
	}
}

void following_stir(struct following *f)
{
	f->pause = PAUSE_NS / 2;
}

uint64_t following_next(const struct following *f, bool wireguard)
{
	switch (f->sight) {
	case SIGHT_OFF:
		return f->off + OFF_NS;
	case SIGHT_WAITING:
	case SIGHT_STALLED:
		return wireguard ? f->looked + f->pause : 0;
	case SIGHT_UP:
		return wireguard ? f->handshake + FRESH_NS : 0;
	default:
		return 0;
	}
}
