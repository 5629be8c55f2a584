/* SPDX-License-Identifier: ISC */
/*
 * pfabi.h - what of pf's kernel interface we use, on macOS and FreeBSD
 *
 * Sources: xnu bsd/net/pfvar.h, the same from xnu-4570 (macOS 10.13) to
 * xnu-11417 (15.4), which no SDK has; FreeBSD sys/net/pfvar.h and
 * sys/netpfil/pf/pf.h, 13.2 and 15.1. All are for 64 bits. Every number and
 * offset is under an assertion in pfabi.c, and where both systems have it,
 * it is the same in both.
 */
#ifndef PFABI_H
#define PFABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PFABI_PATH = 1024,		/* MAXPATHLEN */
	PFABI_NAME = 32,		/* PF_TABLE_NAME_SIZE */
	PFABI_RULE = 1040,		/* the larger struct pf_rule: macOS's */

	/* PF_CHANGE_*, of DIOCCHANGERULE */
	PFABI_ADD_HEAD = 1, PFABI_REMOVE = 5, PFABI_GET_TICKET = 6,
	PFABI_SCRUB = 2,		/* PF_SCRUB; PF_PASS is 0 */
	PFABI_INET = 2,			/* AF_INET everywhere */
};

/* ---- tables: one code for both systems */

#define PFABI_CLRADDRS 0xc4504442ul	/* DIOCRCLRADDRS */
#define PFABI_ADDADDRS 0xc4504443ul	/* DIOCRADDADDRS */
#define PFABI_DELADDRS 0xc4504444ul	/* DIOCRDELADDRS */
#define PFABI_GETADDRS 0xc4504446ul	/* DIOCRGETADDRS */
#define PFABI_TSTADDRS 0xc4504449ul	/* DIOCRTSTADDRS */

struct pfabi_addr {			/* pfr_addr */
	uint8_t u[16];			/* what a family does not use is 0 */
	uint8_t af, net, not;
	uint8_t fback;			/* 0 on the way in, or EINVAL */
};

struct pfabi_table {			/* pfr_table */
	char anchor[PFABI_PATH], name[PFABI_NAME];
	uint32_t flags;
	uint8_t fback;
};

struct pfabi_io_table {			/* pfioc_table */
	struct pfabi_table table;
	void *buffer;
	int32_t esize, size, size2;
	int32_t nadd, ndel, nchange;	/* nadd is also nmatch */
	int32_t flags;
	uint32_t ticket;
};

/* ---- switching it on */

#define PFABI_START 0x20004401ul	/* DIOCSTART: EEXIST when it is on */
#define PFABI_STOP 0x20004402ul		/* DIOCSTOP: ENOENT when it is off */
/* macOS alone: pf is on as long as somebody holds a token. */
#define PFABI_STARTREF 0x40084408ul	/* DIOCSTARTREF: uint64_t, the token */
#define PFABI_STOPREF 0xc0104409ul	/* DIOCSTOPREF */
#define PFABI_STARTERS 0xc0104405ul	/* DIOCGETSTARTERS */

struct pfabi_stopref {			/* pfioc_remove_token */
	uint64_t token, refcount;
};

struct pfabi_token {			/* pfioc_token, packed to 4 */
	uint32_t value[2];
	uint32_t timestamp[2];
	int32_t pid;
	char name[64];
};

struct pfabi_starters {			/* pfioc_tokens */
	int32_t size;			/* octets */
	struct pfabi_token *buffer;
};

/* ---- rules: their numbers, and a place among them */

#define PFABI_BEGINADDRS 0xc4704433ul	/* DIOCBEGINADDRS */

struct pfabi_pooladdr {			/* pfioc_pooladdr */
	uint32_t action, ticket;
	uint8_t rest[1128];
};

struct pfabi_io_rule {			/* pfioc_rule */
	uint32_t action, ticket, pool_ticket, nr;
	char anchor[PFABI_PATH], anchor_call[PFABI_PATH];
	_Alignas(8) uint8_t rule[PFABI_RULE];	/* pf_rule: struct pfsys */
};

/* ---- states; macOS. FreeBSD's are in pfnv.h. */

#define PFABI_KILLSTATES 0xc0d84429ul	/* DIOCKILLSTATES */

struct pfabi_rule_addr {		/* pf_rule_addr */
	uint8_t addr[16], mask[16];
	uint8_t rest[32];		/* type 0: address and mask */
};

struct pfabi_state_kill {		/* pfioc_state_kill */
	uint8_t af, proto, proto_variant;
	_Alignas(8) struct pfabi_rule_addr src, dst;
	char ifname[16], owner[64];
};

#endif /* PFABI_H */
