/* SPDX-License-Identifier: ISC */
/*
 * pfkernel.h - a /dev/pf and a pfctl for tests
 *
 * It has the manners of the kernels' sources: what they refuse it refuses,
 * with their error. What is asked of it is written down. One at a time.
 */
#ifndef PFKERNEL_H
#define PFKERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firewall/pfabi.h"
#include "firewall/pfsys.h"
#include "shared/ipaddr.h"

enum { PFK_TABLES = 4, PFK_ADDRS = 5000, PFK_RULES = 256, PFK_LINE = 160,
       PFK_STATES = 32, PFK_TOKENS = 8, PFK_LOG = 4096 };

struct pfk_table {
	bool there;
	char name[PFABI_NAME];
	int n;
	struct pfabi_addr addr[PFK_ADDRS];
};

struct pfk_rules {
	int n;
	char line[PFK_RULES][PFK_LINE];
	uint32_t ticket;
};

struct pfk_state {
	struct ipaddr src, dst;
	char ifname[16];
};

extern struct pfkernel {
	const struct pfsys *sys;
	bool on, anchor;		/* the anchor is there */
	uint64_t token[PFK_TOKENS], next_token;
	uint32_t pool_ticket;
	struct pfk_table table[PFK_TABLES];
	struct pfk_rules main, scrub, own;
	int n_states;
	struct pfk_state state[PFK_STATES];
	const char *interfaces;		/* what pfctl -v -s Interfaces says */

	/* What goes wrong: from the call number `nth` of that request on (1 =
	 * the next), `times` of them fail with `error`. */
	unsigned long fail;
	int error, nth, times;
	int takes;			/* addresses that one call adds; -1 */
	bool pfctl_refuses;
	/* Before each call. */
	void (*before)(const char *what);

	char log[PFK_LOG];		/* "add pfctl:load ..." */
} pfkernel;

void pfkernel_reset(const struct pfsys *sys);
struct pfdev pfkernel_dev(void);

struct pfk_table *pfkernel_table(const char *name);
bool pfkernel_has(const char *table, const char *addr);
void pfkernel_state(const char *src, const char *dst, const char *ifname);
/* A rule at the end of a ruleset, as if somebody had loaded it so. */
void pfkernel_rule(struct pfk_rules *r, const char *line);

/* Reads a packed request; false with *bad where a kernel would refuse it. */
struct pfk_kill {
	uint64_t af;
	uint8_t src[16], src_mask[16], dst[16], dst_mask[16];
	char ifname[16];
};
bool pfkernel_unpack(const uint8_t *p, size_t len, struct pfk_kill *k,
		     const char **bad);

/* ---- between its own files */

void pfkernel_note(const char *what);
int pfkernel_pfctl(const char *const *args, const char *input, size_t len,
		   struct pfctl_said *said, struct why *why);

#endif /* PFKERNEL_H */
