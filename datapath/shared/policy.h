/* SPDX-License-Identifier: ISC */
/*
 * policy.h - what the datapath may do now, written whole, read without a lock
 *
 * Control publishes a new policy; the datapath copies it out when the
 * sequence has moved. Reading never waits for longer than one publication.
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "compat.h"
#include "ipaddr.h"
#include "judge.h"
#include "limits.h"

enum policy_mode { MODE_FORWARD, MODE_SPOOF };
enum policy_refuse {
	REFUSE_EMPTY, REFUSE_IGNORE, REFUSE_REFUSED, REFUSE_NXDOMAIN
};

struct policy_name {
	uint8_t wire[255];	/* unpacked, lower case, root included */
	uint8_t len;
	bool suffix;		/* names below it match too */
};

struct policy_upstream {
	struct ipaddr addr;
	uint16_t port;
	/* Our own ports, first to last; 0: any. They change with the epoch. */
	uint16_t from[2];
	uint32_t ifindex;	/* bind to this interface; 0 = not bound */
	/* For the datapath that sends frames; all 0 = not known. */
	struct ipaddr source;	/* this machine's on that interface */
	struct ipaddr hop;	/* the next hop; may be addr itself */
	uint8_t mac[6];		/* of hop, as the kernel knew it */
};

struct policy {
	uint32_t epoch;		/* of the door; 0 = not active: reply to nothing */
	uint32_t network;	/* changes with the network: forget what was learnt */
	uint32_t prefetch;	/* changes when all names are to be resolved now */
	uint8_t mode;		/* enum policy_mode */
	uint8_t refuse;		/* enum policy_refuse */
	uint16_t per_name;	/* addresses: 1..ALLOW_PER_NAME */
	uint32_t ttl_min, ttl_max;	/* seconds, within TTL_MIN..TTL_MAX */
	uint16_t n_names, n_upstreams;
	struct policy_name names[POLICY_NAMES];
	struct policy_upstream upstreams[POLICY_UPSTREAMS];
	struct judge judge;
};

struct policy_cell {
	alignas(CACHELINE) _Atomic uint32_t seq;	/* odd while written */
	/* Two copies, so that a writer that dies half-way leaves one whole. */
	struct policy policy[2];
};

/* Control. */
void policy_publish(struct policy_cell *cell, const struct policy *p);

/*
 * Datapath: true and a consistent copy in *p if the cell has moved since
 * *seen, which is moved along; false, and nothing touched, if it has not.
 */
bool policy_fetch(const struct policy_cell *cell, uint32_t *seen,
		  struct policy *p);

#endif /* POLICY_H */
