/* SPDX-License-Identifier: ISC */
/*
 * No WireGuard of the kernel's that we could ask: one of a program's is asked
 * over its socket (uapi.h).
 */
#include "os/wgkernel.h"

#include <errno.h>

int wgkernel_read(const char *ifname, struct wgdevice *w)
{
	(void)ifname;
	(void)w;
	return -ENOENT;
}
