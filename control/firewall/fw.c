/* SPDX-License-Identifier: ISC */
#include "firewall/fw.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

static const char *const policy_names[] = {
	[FW_NONE] = "none",
	[FW_BLOCKED] = "blocked",
	[FW_BLOCKED_ACTIVE] = "blocked-active",
	[FW_CONNECTING] = "connecting",
	[FW_CONNECTED] = "connected",
	[FW_DISCONNECTING] = "disconnecting",
};
static_assert(NITEMS(policy_names) == FW__N, "a name for each policy");

const char *fw_policy_name(enum fw_policy p)
{
	return p < FW__N ? policy_names[p] : "unknown";
}

/* There is no need for it to stay open: nothing is blocked, or all is. */
static bool trying(const struct fw_ruleset *r)
{
	return r->sealed && r->policy != FW_NONE &&
	       r->policy != FW_DISCONNECTING;
}

bool fw_relays(const struct fw_ruleset *r)
{
	return r->policy == FW_CONNECTING || r->policy == FW_CONNECTED ||
	       trying(r);
}

bool fw_tunnel(const struct fw_ruleset *r)
{
	return r->interface[0] != '\0' &&
	       (r->policy == FW_CONNECTED || trying(r));
}

/*
 * Names come from front-ends. Quotes, blanks and line ends would let them
 * write rules; '*' would make them a pattern.
 */
static bool name_ok(const char *name, size_t size, const char *marks)
{
	size_t len = strnlen(name, size);

	if (len == 0 || len == size)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isascii(name[i]) || (!isalnum((unsigned char)name[i]) &&
					  !strchr(marks, name[i])))
			return false;
	return true;
}

bool fw_sound(const struct fw_ruleset *r, const char *table)
{
	if (!name_ok(table, CONF_WORD, "_-.") ||
	    (!isalpha((unsigned char)table[0]) && table[0] != '_'))
		return false;
	if (fw_tunnel(r) &&
	    !name_ok(r->interface, sizeof(r->interface), "._-+@=~%"))
		return false;
	return r->policy < FW__N && r->from[0] <= r->from[1] &&
	       r->n_ports <= CONF_PORTS &&
	       r->n_upstreams <= POLICY_UPSTREAMS &&
	       r->n_relays <= CONF_ENDPOINTS && r->n_dns <= TUNNEL_DNS;
}
