/* SPDX-License-Identifier: ISC */
/*
 * There are no connections to end where the firewall ends them: pf's states
 * are killed when an address is closed (firewall/).
 */
#include "os/netinfo.h"

int sockkill(const struct ipaddr *a, unsigned int n)
{
	(void)a;
	(void)n;
	return 0;
}
