/* SPDX-License-Identifier: ISC */
/*
 * hashdoor.h - the kernel's half of door = hash: the programs, and the map
 * that is the memory of the allow table
 *
 * Made once by control; rules that consult a program hold it, and it holds
 * the map, also when we are gone. hashdoor_none.c stands in where libbpf,
 * clang or bpftool were not there to build it.
 */
#ifndef HASHDOOR_H
#define HASHDOOR_H

#include "compat.h"
#include "firewall/nftrule.h"
#include "why.h"

struct hashdoor;

/* The chains of the door, in the ruleset's text empty. */
#define HASHDOOR_TO "door_to"		/* output: the destination is open */
#define HASHDOOR_FROM "door_from"	/* input: the source is */
#define HASHDOOR_ABOUT "door_about"	/* ICMP errors: the packet within was
					 * for an open address */
enum { HASHDOOR_RULES = 3 };

/*
 * Loads the programs and runs each against packets to see that it can tell
 * what is open. Needs CAP_BPF. The table is empty and shut.
 */
NODISCARD int hashdoor_open(struct hashdoor **h, struct why *why);
void hashdoor_close(struct hashdoor *h);

/* Descriptor of the map; for arena_create(). */
int hashdoor_table(const struct hashdoor *h);
/* What belongs into the chains. */
void hashdoor_rules(const struct hashdoor *h,
		    struct nftrule r[static HASHDOOR_RULES]);

#endif /* HASHDOOR_H */
