/* SPDX-License-Identifier: ISC */
/* Of the network namespace that we are in; IPv6 has the same. */
#include "os/localports.h"

#include <errno.h>
#include <stdio.h>

int localports(uint16_t *first, uint16_t *last)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	int n;

	if (f == NULL)
		return -errno;
	n = fscanf(f, "%hu %hu", first, last);
	fclose(f);
	return n == 2 ? 0 : -EPROTO;
}
