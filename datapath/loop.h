/* SPDX-License-Identifier: ISC */
/*
 * loop.h - the conductor: packet in, verdict, grant, reply out
 *
 * The only file here that knows more than one stage. One thread.
 */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "accept.h"
#include "cache.h"
#include "datapath.h"
#include "exchange.h"
#include "intake.h"
#include "learnt.h"
#include "listener.h"
#include "poller.h"
#include "reply.h"
#include "shared/arena.h"
#include "shared/policy.h"
#include "slots.h"
#include "tap.h"
#include "tripwire.h"
#include "wire.h"

enum { ASKERS_NONE = UINT16_MAX };

/* A client that waits for a question's answer. */
struct asker {
	struct ask ask;
	struct client from;
	uint16_t next;		/* of the same question, or of the free ones */
};

struct loop {
	struct arena arena;
	struct ring grants, acks;
	struct counters *counters;
	struct marks *marks;
	struct policy policy;
	uint32_t policy_seen;
	uint64_t now;			/* boot time, ns, once per round */
	uint64_t due;			/* ... when a question is to be looked at */
	struct poller poller;
	struct slots slots;
	struct listener listener;
	struct intake intake;		/* instead, with a bypass */
	struct exchange exchange;
	struct wire *wire;		/* bypass; else NULL */
	struct cache cache;
	struct learnt learnt;
	struct tripwire tripwire;
	struct tap tap;
	struct accept accept;		/* of the response at hand */
	uint16_t free_asker, n_free_askers;
	struct asker asker[ASKERS_MAX];
	uint32_t next_grant;
	bool kick;			/* control is to be woken after this round */
	unsigned int prefetch;		/* next name * 2 + type to resolve */
};

/* A first time (struct marks): later ones change nothing. */
static inline void loop_mark(_Atomic uint64_t *m, uint64_t now)
{
	if (atomic_load_explicit(m, memory_order_relaxed) == 0)
		atomic_store_explicit(m, now, memory_order_relaxed);
}

/* As root, in this order. */
NODISCARD int loop_open(struct loop *l);
NODISCARD int loop_listen(struct loop *l, const struct ipaddr *a,
			  uint16_t port);
NODISCARD int loop_intake(struct loop *l);
/* Upstreams are asked by frames on these links; -errno, and r's note is a
 * sentence. What r says of AF_XDP is filled in. */
NODISCARD int loop_wire(struct loop *l, const struct datapath_link *links,
			unsigned int n, struct datapath_report *r);
NODISCARD int loop_tripwire(struct loop *l, uint32_t firewall_port);
/* -1 and a sentence: there is no tap, and all else works. */
NODISCARD int loop_tap(struct loop *l, const uint16_t *ports, unsigned int n,
		       char *note, size_t size);

/* Until control's end of the channel is closed, or the TUN or a link is
 * gone. */
void loop_run(struct loop *l);

/* A reply, to wherever the query came from. */
void loop_send(struct loop *l, const struct client *to, const uint8_t *msg,
	       size_t len);
/* It gets none; if it came over a connection, that stays. */
void loop_forget(struct loop *l, const struct client *to);

#endif /* LOOP_H */
