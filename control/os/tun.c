/* SPDX-License-Identifier: ISC */
#include "os/tun.h"

#include <unistd.h>

#include "limits.h"

enum { QUEUE = 500 };	/* packets: Linux's txqueuelen */

void tun_drain(int fd)
{
	char packet[TUN_MTU];

	/* A writer that never stops does not keep us. */
	for (int i = 0; i < 2 * QUEUE; i++)
		if (read(fd, packet, sizeof(packet)) < 0)
			return;
}
