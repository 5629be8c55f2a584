/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * The way into the device is a rule of the firewall's: in our anchor, pf's
 * route-to takes what this machine sends to port 53, by whatever interface it
 * was to leave, and hands it to the device instead. pf decides behind the
 * routing table and before the wire, so sockets that are tied to an interface
 * are led like all others, and nothing is to be marked or routed again. The
 * rule stands and falls with the ruleset, in one transaction with all that
 * depends on it; there are no routes or rules of ours that could outlive us.
 *
 * What is left to do here is the device: its addresses, so that route-to has a
 * next hop, and its switch. While it is off pf drops what it would hand over:
 * DNS fails closed.
 */
#include "os/steer.h"

#include <errno.h>
#include <string.h>

#include "limits.h"
#include "os/ifconf.h"
#include "os/loalias.h"

/* Of steering, nothing outlives its ruleset. */
int steer_heal(struct why *why)
{
	(void)why;
	loalias_remove();
	return 0;
}

/* A host without IPv6 needs no way in for it. */
static bool is_absent(int error)
{
	return error == -EAFNOSUPPORT || error == -EPROTONOSUPPORT;
}

static int raise_link(void)
{
	int error = ifconf_mtu(STEER_DEVICE, TUN_MTU - TUN_HEAD);

	for (unsigned int i = 0; i < STEER_ADDRESSES && error == 0; i++) {
		struct ipaddr host = steer_address(i), peer = steer_peer(i);

		error = ifconf_add(STEER_DEVICE, &steer_nets[i], &host, &peer);
		if (is_absent(error))
			error = 0;
	}
	return error == 0 ? ifconf_up(STEER_DEVICE, true) : error;
}

int steer_on(struct steer *s, struct why *why)
{
	int error = steer_alive(s) ? raise_link() : -ENODEV;

	if (error == -ENODEV)
		return why_set(why, error, "somebody has removed %s",
			       STEER_DEVICE);
	if (error != 0)
		why_set(why, error, "DNS cannot be led into %s: %s",
			STEER_DEVICE, strerror(-error));
	return error;
}

int steer_off(struct steer *s, struct why *why)
{
	int error = steer_alive(s) ? ifconf_up(STEER_DEVICE, false) : 0;

	if (error != 0)
		return why_set(why, error, "%s: %s", STEER_DEVICE,
			       strerror(-error));
	/* Off, they let nothing in; one that is not there is no matter. */
	for (unsigned int i = 0; i < STEER_ADDRESSES; i++) {
		struct ipaddr host = steer_address(i);

		(void)!ifconf_remove(STEER_DEVICE, &host);
	}
	return 0;
}

int steer_verify(struct steer *s, struct why *why)
{
	struct ipaddr host = steer_address(0);
	int error;

	if (steer_alive(s) && ifconf_is_up(STEER_DEVICE) == 1 &&
	    ifconf_has(STEER_DEVICE, &host))
		return 0;
	/* It cannot be read: doing it anew says what is wrong. */
	error = steer_on(s, why);
	return error == 0 ? 1 : error;
}
