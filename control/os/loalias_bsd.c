/* SPDX-License-Identifier: ISC */
#include "os/loalias.h"

#include "compat.h"
#include "os/ifconf.h"

int loalias_add(void)
{
	struct ipnet net = { loalias_address(), 128 };

	return ifconf_add(LOOPBACK_NAME, &net, &net.addr, NULL);
}

bool loalias_stands(void)
{
	struct ipaddr a = loalias_address();

	return ifconf_has(LOOPBACK_NAME, &a);
}

void loalias_remove(void)
{
	struct ipaddr a = loalias_address();

	/* It fails where there is none. */
	(void)!ifconf_remove(LOOPBACK_NAME, &a);
}
