/* SPDX-License-Identifier: ISC */
/*
 * flood.h - packets that come in as fast as they are wanted
 *
 * A veth pair, "near" in this network and "far" in one of the sender's, a
 * process of its own that stays on CPU 1, with the kernel's part of it. Packets
 * are answers from 10.0.0.1, port 53, to a port of 10.0.0.2. Errors end the
 * program.
 */
#ifndef FLOOD_H
#define FLOOD_H

#include <stdint.h>

enum { FLOOD_PORT = 53 };

extern const uint8_t flood_near[6], flood_far[6];	/* hardware addresses */

struct flood {
	uint16_t port;		/* the receiver's */
	uint32_t packets, per_second;
};

/* In a network of our own. */
void flood_start(void);

/* One after the other: flood_fd() can be read when all are sent, and then
 * flood_took() says how long that took, in ns. */
void flood_send(const struct flood *f);
int flood_fd(void);
uint64_t flood_took(void);

#endif /* FLOOD_H */
