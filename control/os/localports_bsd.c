/* SPDX-License-Identifier: ISC */
/*
 * Both kinds that programs can ask for (IP_PORTRANGE); what is asked for
 * below 1024 is nobody's but root's. IPv6 has the same.
 */
#include "os/localports.h"

#include <errno.h>
#include <sys/types.h>
#include <sys/sysctl.h>

static int value(const char *name, uint16_t *out)
{
	int v;
	size_t size = sizeof(v);

	if (sysctlbyname(name, &v, &size, NULL, 0) < 0)
		return -errno;
	*out = (uint16_t)v;
	return 0;
}

int localports(uint16_t *first, uint16_t *last)
{
	uint16_t hifirst, hilast;
	int error = value("net.inet.ip.portrange.first", first);

	if (error == 0)
		error = value("net.inet.ip.portrange.last", last);
	if (error == 0)
		error = value("net.inet.ip.portrange.hifirst", &hifirst);
	if (error == 0)
		error = value("net.inet.ip.portrange.hilast", &hilast);
	if (error < 0)
		return error;
	if (hifirst < *first)
		*first = hifirst;
	if (hilast > *last)
		*last = hilast;
	return 0;
}
