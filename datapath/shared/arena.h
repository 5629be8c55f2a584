/* SPDX-License-Identifier: ISC */
/*
 * arena.h - the memory that control and a datapath share
 *
 * Three parts of fixed size and no pointers: two that only control writes,
 * one of them the allow table, mapped read-only in the datapath; one that
 * only the datapath writes, mapped read-only in control. The kernel enforces
 * it: each part is sealed so that it can neither shrink nor be mapped
 * writable a second time.
 *
 * Every datapath process gets a fresh arena, except that a table which the
 * kernel itself consults (door = hash) stays the same.
 */
#ifndef ARENA_H
#define ARENA_H

#include <stdatomic.h>
#include <stdint.h>

#include "allow.h"
#include "compat.h"
#include "counters.h"
#include "ipaddr.h"
#include "limits.h"
#include "policy.h"
#include "ring.h"

/* Datapath to control: "open these, then let me release the reply". */
struct grant {
	uint32_t id;		/* comes back in the ack */
	uint32_t epoch;
	uint32_t lifetime;	/* seconds */
	uint16_t n_addrs;	/* 1..ALLOW_PER_NAME */
	uint8_t name_len;
	uint8_t name[255];	/* wire form, for people to read */
	uint64_t deadline;	/* boot time, ns: no use after it */
	struct ipaddr addrs[ALLOW_PER_NAME];
};

/* Control to datapath. */
struct ack {
	uint32_t id;
	int32_t error;		/* 0: all are open; else a negative errno: none is */
	uint64_t opened;	/* boot time, ns: the kernel had acknowledged */
};

/* First times in this epoch, boot time in ns; 0 = not yet. */
struct marks {
	_Atomic uint32_t epoch;
	_Atomic uint64_t query;		/* a client asked for an allowed name */
	_Atomic uint64_t warm;		/* the first reply was, if it was a warm one */
	_Atomic uint64_t asked;		/* the first question left for an upstream */
	_Atomic uint64_t prefetch;	/* ... for which no client waited */
	_Atomic uint64_t answered;	/* the first valid response */
	_Atomic uint64_t replied;	/* the first held reply was released */
	_Atomic uint64_t probe_syn;	/* a SYN to an open address left */
	_Atomic uint64_t probe_fin;	/* ... and its connection ended */
};

struct arena_control {
	struct policy_cell policy;
	/*
	 * Low half: the firewall generation that control has last verified:
	 * the rules and elements of that generation are what the allow table
	 * says. High half: a count of verifications, which runs free.
	 */
	alignas(CACHELINE) _Atomic uint64_t verified;
	struct ring_count ack_head, grant_tail;
	struct ack acks[RING_ACKS];
};

struct arena_slot {
	alignas(CACHELINE) uint8_t data[SLOT_SIZE];
};

struct arena_datapath {
	struct ring_count grant_head, ack_tail;
	struct counters counters;
	struct marks marks;
	_Atomic uint32_t policy;	/* the sequence of the one it goes by */
	struct grant grants[RING_GRANTS];
	struct arena_slot slots[SLOT_COUNT];
};

struct arena {
	struct arena_control *control;
	struct arena_datapath *datapath;
	struct allow *allow;
	/* Where the memory is from; -1 once closed. */
	int control_fd, datapath_fd, allow_fd;
};

#define ARENA_NONE { .control_fd = -1, .datapath_fd = -1, .allow_fd = -1 }

/*
 * Control: makes the parts; its own view of the datapath's is read-only. All
 * are 0, but for the allow table: table is the descriptor of a BPF map that
 * holds one, shut, and stays the caller's; -1: it is made, empty and shut.
 * The descriptors are closed at exec: whoever starts the datapath hands them
 * on.
 */
NODISCARD int arena_create(struct arena *a, int table);
/*
 * Datapath: maps what it inherited, its view of control's parts read-only,
 * and closes the descriptors. It must do so while it is root: whoever holds
 * that of a BPF map can write to it. On failure they stay open, and *a is as
 * it was.
 */
NODISCARD int arena_attach(struct arena *a, int control_fd, int datapath_fd,
			   int allow_fd);
void arena_close(struct arena *a);

/* The rings as process-local handles, either side. */
void arena_grants(struct arena *a, struct ring *r);
void arena_acks(struct arena *a, struct ring *r);

#endif /* ARENA_H */
