/* SPDX-License-Identifier: ISC */
/*
 * following.h - the state of a tunnel that nobody speaks for: pure, no I/O
 *
 * What is seen of the interface gives the state, whatever it was before:
 *
 *  seen		state		because
 *  -------------------------------------------------------------------------
 *  gone		disconnected	lockdown decides: blocking, or no rules
 *  off, was up		disconnecting	as blocked; after 5 s it counts as gone
 *  off, was not up	disconnected	made, and yet to be switched on: a
 *					WireGuard may reach its peers already,
 *					as it tries at once, then after 5 s
 *  waiting		connecting	WireGuard without a key that is good, or a
 *					tun that nobody holds or routes into
 *  stalled		error(offline)	WireGuard has tried in vain: the door may
 *					open; it may go on trying
 *  up			connected	WireGuard: the last handshake is younger
 *					than 180 s; others: held and routed into
 *
 * WireGuard makes no handshake before there is something to send, so while it
 * waits or is stalled its own interface stays open (struct tunnel, sealed):
 * what is sent there goes to its peers, sealed, or nowhere. One that waits
 * and has nothing to send is idle, and not stalled.
 *
 * A front-end's word wins: after state.set nothing is derived (struct tunnel,
 * told) until state.follow, or a start that is not after a crash.
 *
 * All times are boot time in ns, 0 = never, but for what devices tell.
 */
#ifndef FOLLOWING_H
#define FOLLOWING_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "tunnel.h"

enum following_sight {
	SIGHT_GONE, SIGHT_OFF, SIGHT_WAITING, SIGHT_STALLED, SIGHT_UP, SIGHT__N
};

/* What one look has seen. */
struct following_look {
	bool there, up, running, routed;
	bool wireguard;
	uint64_t handshake;	/* as the device tells: ns since 1970 */
	uint64_t sent;		/* octets */
	uint64_t now, wall;	/* boot time; since 1970 */
};

/* What is remembered from look to look. */
struct following {
	enum following_sight sight;
	uint64_t off, waiting;	/* since when */
	uint64_t handshake;	/* the last one */
	uint64_t told;		/* the same, as the device told it */
	uint64_t looked;
	uint64_t sent_then, sent;	/* octets: when waiting began; last */
	uint64_t pause;		/* ns until the next look */
};

enum following_sight following_see(struct following *f,
				   const struct following_look *l);
enum tunnel_state following_state(enum tunnel_state was,
				  enum following_sight s);
/* Something has happened to the tunnel: no long pauses now. */
void following_stir(struct following *f);
/* When to look again though nothing happens. */
uint64_t following_next(const struct following *f, bool wireguard);

#endif /* FOLLOWING_H */
