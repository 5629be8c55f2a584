/* SPDX-License-Identifier: ISC */
/*
 * answer.h - the heart: a grant becomes an open address, then an ack
 *
 * Kernel set first and acknowledged, then the allow table, then the release
 * of the reply - never otherwise. Where the table is the kernel's set
 * (DOOR_HASH): table first, then the release.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "allowed.h"
#include "compat.h"
#include "firewall/fw.h"
#include "shared/arena.h"
#include "shared/judge.h"

enum { ANSWER_BATCH = 32 };	/* grants that the kernel gets together */

struct answer {
	struct fw *fw;
	struct arena *arena;		/* of the datapath that runs; NULL = none */
	struct ring grants, acks;
	struct judge judge;		/* as published to the datapath */
	unsigned int max, per_name;	/* addresses in all, in one grant */
	uint32_t epoch;			/* 0 = shut */
	uint32_t last_epoch;		/* epochs only grow */
	bool stale;			/* to be verified: the kernel may differ */
	struct allowed allowed;
	struct grant grant[ANSWER_BATCH];	/* copied out of the ring */
	/* counted since start */
	uint64_t opened, renewed, refused, rolled_back, repaired;
	uint64_t verifications;
	uint64_t first_opened;		/* boot time, ns, in this epoch; 0 = not yet */

	/* Told of what happens; context is the daemon. on_open is told before
	 * the ack is there, so what takes its time is for later. */
	void *context;
	void (*on_open)(void *context, const struct allowed_entry *e,
			const uint8_t *name);
	/* Before the kernel lets packets to a through, and as soon as it does
	 * not any more: until then, boot time in ns. May be NULL. */
	void (*on_reach)(void *context, const struct ipaddr *a,
			 uint64_t until);
	/* What this name opens is open for TLS alone. May be NULL. */
	bool (*tls_only)(void *context, const uint8_t *name, size_t len);
	/* Loads the ruleset anew, sets empty. 0 or -errno. */
	int (*reload)(void *context);
};

/* A datapath has started, or (NULL) is gone. The door is shut. */
void answer_attach(struct answer *a, struct arena *arena);

/* A new episode: what the datapath asks for from now on may be opened. */
void answer_start(struct answer *a);
/* Shut: allow table, kernel set, connections. Returns how many addresses
 * were closed. What the kernel refuses to do is in *why, and the return is
 * -errno: the caller must load rules, which empties the sets. */
int answer_stop(struct answer *a, struct why *why);

/* Grants are in the ring: -EPROTO when the datapath broke the protocol and
 * must be killed. Returns how many acks were published. */
NODISCARD int answer_grants(struct answer *a);

/* Closes what has expired. */
void answer_expire(struct answer *a);

/* Puts every address into sets that a reload has emptied. */
NODISCARD int answer_refill(struct answer *a, struct why *why);

/* Does the kernel consult the table? */
bool answer_by_table(const struct answer *a);
/* Has somebody else written into a table that the kernel consults? Nobody
 * announces that: ask now and then. */
bool answer_differs(const struct answer *a);

/*
 * The firewall was changed, by others or by a load of our own: makes kernel
 * and truth equal again and tells the datapath from which generation on.
 * 1: repaired; 0: nothing was wrong; -errno: it cannot be repaired now.
 */
NODISCARD int answer_verify(struct answer *a, struct why *why);

/* --- for its other half, answermirror.c --- */

/* What an element is given that is to last until then, rounded up and one
 * more: the kernel must not be earlier than the table. */
uint32_t answer_seconds(uint64_t expiry, uint64_t now);
void answer_reach(const struct answer *a, const struct ipaddr *addr,
		  uint64_t until);

#endif /* ANSWER_H */
