/* SPDX-License-Identifier: ISC */
/*
 * leakwatch.h - keeps a ledger process running while something is blocked
 *
 * It is a witness only: whatever happens to it, nothing else changes.
 */
#ifndef LEAKWATCH_H
#define LEAKWATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "leakchild.h"
#include "leaklog.h"
#include "why.h"

struct daemon;
struct event;
struct fw_ruleset;

struct leakwatch {
	bool wanted;			/* may run at all: not in tests */
	bool stop;			/* the daemon ends */
	bool running;			/* ready, and heard of lately */
	struct leakchild child;		/* may be starting */
	struct event *gone_event, *kick_event, *restart_event, *silent_event;
	unsigned int restarts, crashes;	/* since start; in a row */
	uint64_t beat;			/* the last sign of life, when it was asked */
	unsigned int lines, owners;	/* of new flows, in this second */
	uint64_t started, blocked;	/* boot time, ns; 0: nothing is blocked */
	uint64_t watched;		/* ns of blocking that were watched before */
	struct why problem;		/* "" = none */
	struct book_rules rules;	/* as told */
	struct leaklog log;
};

void leakwatch_init(struct leakwatch *w);
/* r is about to be in force: what it allows is allowed from now on. */
void leakwatch_tell(struct daemon *d, const struct fw_ruleset *r);
/* What should be watched may have changed: links, rules, configuration. */
void leakwatch_follow(struct daemon *d);
/* The firewall lets packets to a through until then, boot time in ns. */
void leakwatch_reach(struct daemon *d, const struct ipaddr *a,
		     uint64_t until);
/* Flows of this second were told: the next one has its own. */
bool leakwatch_restless(const struct daemon *d);
void leakwatch_tick(struct daemon *d);
/* For a report: what is known up to now. */
void leakwatch_look(struct daemon *d);
/* Of blocking, that a ledger process has watched since the daemon started. */
uint64_t leakwatch_seconds(const struct daemon *d);
void leakwatch_close(struct daemon *d);

#endif /* LEAKWATCH_H */
