/* SPDX-License-Identifier: ISC */
#include "firewall/pfcut.h"

#include <string.h>

#include "firewall/pfkill.h"
#include "firewall/rules_pf.h"

static bool asks(const struct fw_ruleset *r)
{
	return r->policy == FW_BLOCKED_ACTIVE && !r->bypass;
}

static bool in(const struct ipaddr *list, unsigned int n,
	       const struct ipaddr *a)
{
	for (unsigned int i = 0; i < n; i++)
		if (ipaddr_equal(&list[i], a))
			return true;
	return false;
}

static int upstreams(const struct pfdev *dev, const struct fw_ruleset *was,
		     const struct fw_ruleset *r, struct why *why)
{
	unsigned int keep = asks(r) ? r->n_upstreams : 0;
	int error = 0;

	for (unsigned int i = 0; asks(was) && i < was->n_upstreams; i++)
		if (error >= 0 && !in(r->upstreams, keep, &was->upstreams[i]))
			error = pfkill_hosts(dev, &was->upstreams[i], 1, why);
	return error;
}

static int relays(const struct pfdev *dev, const struct fw_ruleset *was,
		  const struct fw_ruleset *r, struct why *why)
{
	int error = 0;

	for (unsigned int i = 0; fw_relays(was) && i < was->n_relays; i++) {
		const struct endpoint *e = &was->relays[i];
		bool keep = false;

		for (unsigned int k = 0; fw_relays(r) && k < r->n_relays; k++)
			keep |= endpoint_equal(e, &r->relays[k]);
		if (error >= 0 && !keep)
			error = pfkill_hosts(dev, &e->addr, 1, why);
	}
	return error;
}

/* Also where other servers are the tunnel's: its DNS goes to these alone. */
static int tunnel(const struct pfdev *dev, const struct fw_ruleset *was,
		  const struct fw_ruleset *r, struct why *why)
{
	bool same = fw_tunnel(r) &&
		    strcmp(was->interface, r->interface) == 0 &&
		    was->n_dns == r->n_dns &&
		    memcmp(was->dns, r->dns, sizeof(r->dns)) == 0;

	if (!fw_tunnel(was) || same)
		return 0;
	return pfkill_interface(dev, was->interface, why);
}

static int lan(const struct pfdev *dev, const struct fw_ruleset *was,
	       const struct fw_ruleset *r, struct why *why)
{
	struct ipnet net[RULES_PF_LAN];
	int error = 0;

	if (!was->lan || was->policy == FW_NONE || r->lan)
		return 0;
	rules_pf_lan(net);
	for (unsigned int i = 0; i < RULES_PF_LAN && error >= 0; i++)
		error = pfkill_net(dev, &net[i], why);
	return error;
}

int pfcut(const struct pfdev *dev, const struct fw_ruleset *was,
	  const struct fw_ruleset *r, struct why *why)
{
	int error;

	/* Where nothing was blocked there is a state for anything. */
	if (was == NULL || was->policy == FW_NONE)
		error = pfkill_interface(dev, NULL, why);
	else
		error = upstreams(dev, was, r, why);
	if (was == NULL || was->policy == FW_NONE)
		return error < 0 ? error : 0;
	if (error >= 0)
		error = relays(dev, was, r, why);
	if (error >= 0)
		error = tunnel(dev, was, r, why);
	if (error >= 0)
		error = lan(dev, was, r, why);
	return error < 0 ? error : 0;
}
