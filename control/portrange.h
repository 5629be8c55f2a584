/* SPDX-License-Identifier: ISC */
/*
 * portrange.h - the ports that our own questions come from (exempt = ports)
 *
 * Where the firewall does not ask who has sent a packet, it lets pass to the
 * upstreams what comes from these ports, whoever has them. Programs that ask
 * for no port in particular must never get one of them by chance; so they
 * are not among those that the system hands out. They are chosen anew each
 * time the door opens, that no program is set up for them.
 *
 * They are as many as it takes that a port drawn by chance is free at the
 * first or second try, with all in use that there can be (ports.h); and no
 * more, as a program that draws ports of its own choosing (some resolvers do)
 * meets them as often as their share of all ports is: 1.6 %. Of a forger's
 * odds, 5 bits are lost: he has to hit one in 2^10 ports, not in 2^15.
 */
#ifndef PORTRANGE_H
#define PORTRANGE_H

#include <stdint.h>

#include "compat.h"
#include "why.h"

enum {
	PORTRANGE_SIZE = 1024,	/* 2^n: upstream.c draws without bias */
	PORTRANGE_LOWEST = 1024,	/* below, ports need a privilege */
};

struct portrange {
	uint16_t first, last;	/* 0, 0: any */
};

/* At chance, out of the system's own. -ENOSPC: it hands out too many. */
NODISCARD int portrange_choose(struct portrange *out, struct why *why);
/* The same with another system's ports, and a number for chance. */
NODISCARD int portrange_place(struct portrange *out,
			      const struct portrange *system, uint32_t chance);

#endif /* PORTRANGE_H */
