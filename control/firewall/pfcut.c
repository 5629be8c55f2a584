/* SPDX-License-Identifier: ISC */
#include "firewall/pfcut.h"

#include "firewall/pfkill.h"

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
	bool same = asks(r) && r->from[0] == was->from[0];
	unsigned int keep = same ? r->n_upstreams : 0;
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

int pfcut(const struct pfdev *dev, const struct fw_ruleset *was,
	  const struct fw_ruleset *r, struct why *why)
{
	int error;

	/* Where nothing was blocked there is a state for anything. */
	if (was == NULL || was->policy == FW_NONE)
		error = pfkill_all(dev, why);
	else
		error = upstreams(dev, was, r, why);
	if (error >= 0 && was != NULL)
		error = relays(dev, was, r, why);
	return error < 0 ? error : 0;
}
