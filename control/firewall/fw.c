/* SPDX-License-Identifier: ISC */
#include "firewall/fw.h"

#include <assert.h>

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
