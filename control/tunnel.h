/* SPDX-License-Identifier: ISC */
/*
 * tunnel.h - the tunnel's state machine: pure, no I/O
 *
 * A front-end says where the tunnel is; a table says which steps are
 * possible. Everything else (what is blocked, whether the door may open) is
 * derived from the state and the settings, never stored.
 */
#ifndef TUNNEL_H
#define TUNNEL_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "conf.h"
#include "shared/ipaddr.h"

enum tunnel_state {
	TUNNEL_DISCONNECTED,
	TUNNEL_CONNECTING,
	TUNNEL_CONNECTED,
	TUNNEL_DISCONNECTING,
	TUNNEL_ERROR,
	TUNNEL__N
};

/* Why the state is error. The first three keep the door shut. */
enum tunnel_cause {
	CAUSE_SET_DNS,
	CAUSE_READ_DNS,
	CAUSE_START_RESOLVER,
	CAUSE_SET_FIREWALL,
	CAUSE_OFFLINE,
	CAUSE_AUTH_FAILED,
	CAUSE_START_TUNNEL,
	CAUSE_TUNNEL_PARAMETER,
	CAUSE_OTHER,
	CAUSE__N
};

enum { TUNNEL_DNS = 4 };

struct tunnel {
	enum tunnel_state state;
	enum tunnel_cause cause;	/* meaningful in error only */
	uint16_t n_relays;		/* connecting, connected, sealed */
	struct endpoint relays[CONF_ENDPOINTS];
	char interface[IF_NAMESIZE];	/* connected, sealed; "" = none told */
	uint16_t n_dns;
	struct ipaddr dns[TUNNEL_DNS];
	/* Below: of what is followed (following.h) only. */
	bool told;			/* no: a front-end's word */
	bool sealed;			/* WireGuard: its own interface and its
					 * relays are open while it tries */
	uint32_t mark;			/* of its packets; 0 = none */
};

/* May a front-end say `to` while the state is `from`? */
bool tunnel_may(enum tunnel_state from, enum tunnel_state to);

/* Design: error with another cause than the first three, or locked down. */
bool tunnel_blocking(const struct tunnel *t, bool lockdown);

const char *tunnel_state_name(enum tunnel_state s);
const char *tunnel_cause_name(enum tunnel_cause c);
/* TUNNEL__N and CAUSE__N for words that are not in the tables. */
enum tunnel_state tunnel_state_parse(const char *word);
enum tunnel_cause tunnel_cause_parse(const char *word);

#endif /* TUNNEL_H */
