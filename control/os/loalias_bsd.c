/* SPDX-License-Identifier: ISC */
#include "os/loalias.h"

#include "os/ifconf.h"

#define LOOPBACK "lo0"

int loalias_add(void)
{
	struct ipnet net = { loalias_address(), 128 };

	return ifconf_add(LOOPBACK, &net, &net.addr, NULL);
}

bool loalias_stands(void)
{
	struct ipaddr a = loalias_address();

	return ifconf_has(LOOPBACK, &a);
}

void loalias_remove(void)
{
	struct ipaddr a = loalias_address();

	/* It fails where there is none. */
	(void)!ifconf_remove(LOOPBACK, &a);
}
