/* SPDX-License-Identifier: ISC */
/*
 * wire.h - towards the host's DNS servers: whole packets, below the firewall
 *
 * One capture for each link that servers are on. What is sent is complete,
 * up to the next hop's hardware address: as the policy tells it, and asked
 * for by ourselves (ARP, neighbour solicitation) when it does not or when
 * nobody answers there. What comes back is read where the kernel put it.
 */
#ifndef DATAPATH_WIRE_H
#define DATAPATH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compat.h"
#include "counters.h"
#include "frame.h"
#include "poller.h"
#include "shared/policy.h"

struct wire;

enum { WIRE_XSK = POLICY_UPSTREAMS, WIRE_TOKENS = 2 * WIRE_XSK };

/* As root. Link i gives the poller the tokens first + i and, for what its
 * driver hands us, first + WIRE_XSK + i. */
NODISCARD int wire_open(struct wire **w, struct poller *poller,
			struct counters *counters, uint64_t first);
/* -EIO and the like, and a sentence: that link cannot be had. */
NODISCARD int wire_link(struct wire *w, const char *name, uint32_t ifindex,
			char *error, size_t size);
/* The last link's answers come straight from its driver, if that can be;
 * -ENOTSUP and a sentence if not, and all goes on as it was. */
NODISCARD int wire_xdp(struct wire *w, char *error, size_t size);
void wire_close(struct wire *w);

/* From now on, packets of p's upstreams are let through. */
void wire_adopt(struct wire *w, const struct policy *p);

/*
 * msg from port to u. -EINPROGRESS: u's hop is being asked for its hardware
 * address; another -errno: it cannot be sent. With doubt, the hop is asked
 * even when an address is known, for it may be an old one.
 */
struct wire_message {
	const struct policy_upstream *to;
	uint16_t port;
	const uint8_t *msg;
	size_t len;
	bool doubt;
};
NODISCARD int wire_send(struct wire *w, const struct wire_message *m,
			uint64_t now);
/* What still comes to this port is no answer any more. */
void wire_forget(struct wire *w, uint16_t port);
/* For the next seconds, responses may come in parts. */
void wire_expect_parts(struct wire *w, uint64_t now);

struct wire_reader {
	/* A UDP packet to this machine; f is valid until this returns. */
	void (*response)(void *context, uint32_t ifindex,
			 const struct frame *f);
	/* What is to be sent by this hop can be sent, or again. */
	void (*neighbour)(void *context, uint32_t ifindex,
			  const struct ipaddr *hop);
	void *context;
};

/* Token first + i: it can be read. False: it never can again. */
bool wire_read(struct wire *w, unsigned int i, uint64_t now,
	       const struct wire_reader *r);

/* The next hop towards u: itself, if the policy names none. */
const struct ipaddr *wire_hop(const struct policy_upstream *u);

#endif /* DATAPATH_WIRE_H */
