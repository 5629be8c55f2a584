/* SPDX-License-Identifier: ISC */
#include "tunnel.h"

#include <string.h>

static const char *const state_name[] = {
	[TUNNEL_DISCONNECTED] = "disconnected",
	[TUNNEL_CONNECTING] = "connecting",
	[TUNNEL_CONNECTED] = "connected",
	[TUNNEL_DISCONNECTING] = "disconnecting",
	[TUNNEL_ERROR] = "error",
};
_Static_assert(NITEMS(state_name) == TUNNEL__N, "a name per state");

static const char *const cause_name[] = {
	[CAUSE_SET_DNS] = "set_dns",
	[CAUSE_READ_DNS] = "read_dns",
	[CAUSE_START_RESOLVER] = "start_resolver",
	[CAUSE_SET_FIREWALL] = "set_firewall",
	[CAUSE_OFFLINE] = "offline",
	[CAUSE_AUTH_FAILED] = "auth_failed",
	[CAUSE_START_TUNNEL] = "start_tunnel",
	[CAUSE_TUNNEL_PARAMETER] = "tunnel_parameter",
	[CAUSE_OTHER] = "other",
};
_Static_assert(NITEMS(cause_name) == CAUSE__N, "a name per cause");

/*
 * Row: where we are; column: where to. A front-end that starts late may say
 * at once that the tunnel is up, and every state may fail. What makes no
 * sense: to hang up what is not there, and to be connected by hanging up.
 */
static const bool may[TUNNEL__N][TUNNEL__N] = {
	/*		      disconnected connecting connected disconnecting error */
	[TUNNEL_DISCONNECTED]  = { true,   true,      true,     false,        true },
	[TUNNEL_CONNECTING]    = { true,   true,      true,     true,         true },
	[TUNNEL_CONNECTED]     = { true,   true,      true,     true,         true },
	[TUNNEL_DISCONNECTING] = { true,   true,      false,    true,         true },
	[TUNNEL_ERROR]         = { true,   true,      false,    true,         true },
};

bool tunnel_may(enum tunnel_state from, enum tunnel_state to)
{
	return may[from][to];
}

bool tunnel_blocking(const struct tunnel *t, bool lockdown)
{
	if (t->state == TUNNEL_ERROR)
		return t->cause != CAUSE_SET_DNS &&
		       t->cause != CAUSE_READ_DNS &&
		       t->cause != CAUSE_START_RESOLVER;
	return t->state == TUNNEL_DISCONNECTED && lockdown;
}

const char *tunnel_state_name(enum tunnel_state s)
{
	return state_name[s];
}

const char *tunnel_cause_name(enum tunnel_cause c)
{
	return cause_name[c];
}

static unsigned int find(const char *const *names, unsigned int n,
			 const char *word)
{
	unsigned int i = 0;

	while (i < n && strcmp(names[i], word) != 0)
		i++;
	return i;
}

enum tunnel_state tunnel_state_parse(const char *word)
{
	return find(state_name, TUNNEL__N, word);
}

enum tunnel_cause tunnel_cause_parse(const char *word)
{
	return find(cause_name, CAUSE__N, word);
}
