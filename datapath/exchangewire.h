/* SPDX-License-Identifier: ISC */
/*
 * exchangewire.h - questions in flight whose packets we build and read
 *
 * A part of exchange.c, for an exchange that has a wire.
 */
#ifndef EXCHANGEWIRE_H
#define EXCHANGEWIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "exchange.h"
#include "frame.h"
#include "shared/ipaddr.h"
#include "shared/policy.h"

/* f, a UDP packet, has come on the link; as exchange_read(). */
void exchangewire_hear(struct exchange *x, uint32_t ifindex,
		       const struct frame *f, uint64_t now,
		       exchange_heard *heard, void *context);

/* By this hop, packets can be sent now: what is asked that way is asked. */
void exchangewire_reach(struct exchange *x, uint32_t ifindex,
			const struct ipaddr *hop, uint64_t now);

#endif /* EXCHANGEWIRE_H */
