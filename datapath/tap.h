/* SPDX-License-Identifier: ISC */
/*
 * tap.h - sees the probe itself pass: first SYN, end of the connection
 *
 * Only for the timeline: nothing is decided from it, and without it (no
 * CAP_NET_RAW) everything else works.
 */
#ifndef TAP_H
#define TAP_H

#include <stdint.h>

#include "compat.h"
#include "counters.h"
#include "shared/allow.h"
#include "shared/arena.h"

struct source_pcap;

struct tap {
	struct source_pcap *source;	/* NULL = no tap */
	const struct allow *allow;
	struct marks *marks;
	struct counters *counters;
	uint64_t drops;			/* already counted */
};

/* ports: of the door. A failure leaves a tap that does nothing. */
NODISCARD int tap_open(struct tap *t, const uint16_t *ports, unsigned int n,
		       char *error, size_t size);
/* -1 without a tap. */
int tap_fd(const struct tap *t);
void tap_read(struct tap *t);

#endif /* TAP_H */
