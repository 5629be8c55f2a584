/* SPDX-License-Identifier: ISC */
/*
 * wgdevice.h - what a WireGuard device says of itself and its peers
 *
 * The kernel says it in attributes (os/wgkernel.h), the user's programs in
 * text (uapi.h). Bounded: endpoints beyond the table are left out, and what
 * is left out is not opened.
 */
#ifndef WGDEVICE_H
#define WGDEVICE_H

#include <stdint.h>

#include "compat.h"
#include "conf.h"
#include "endpoint.h"

struct wgdevice {
	uint64_t handshake;	/* the newest: ns since 1970; 0 = none yet */
	uint64_t sent;		/* octets, to all peers; runs free */
	uint32_t mark;		/* of its packets; 0 = none */
	uint16_t n_endpoints;
	struct endpoint endpoints[CONF_ENDPOINTS];
};

/* A peer's last one; kept if it is the newest. False: no such time. */
NODISCARD bool wgdevice_handshake(struct wgdevice *w, uint64_t seconds,
				  uint64_t nanoseconds);
/* A peer's, UDP. Where no peer can be, is not kept. */
void wgdevice_endpoint(struct wgdevice *w, const struct endpoint *e);

#endif /* WGDEVICE_H */
