/* SPDX-License-Identifier: ISC */
/*
 * tunlink.h - a tunnel's interface, as the kernel sees it
 */
#ifndef TUNLINK_H
#define TUNLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "compat.h"

struct tunlink {
	uint32_t ifindex;	/* 0: no such interface; all else is 0, too */
	bool up;		/* switched on */
	bool running;		/* ... and somebody holds its other end */
	bool wireguard;		/* the kernel's; a program's looks as any tun */
	bool routed;		/* a route leads into it: of any table, and
				 * further than to link-local addresses */
};

/* 0 or -errno; *link is untouched then. */
NODISCARD int tunlink_read(const char *ifname, struct tunlink *link);

#endif /* TUNLINK_H */
