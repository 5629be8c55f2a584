/* SPDX-License-Identifier: ISC */
/*
 * leakchild.h - one ledger process: started, told, stopped
 */
#ifndef LEAKCHILD_H
#define LEAKCHILD_H

#include <sys/types.h>

#include "compat.h"
#include "shared/book.h"
#include "watcher.h"

struct leakchild {
	pid_t pid;		/* 0 = none */
	int channel;		/* its report, then EOF when it is gone */
	int kick;		/* readable: there is a new flow, or it lives */
	struct book book;
};

void leakchild_init(struct leakchild *c);

/*
 * Starts this very program as a ledger, which begins with these rules. Does
 * not wait: see leakchild_hear(). On failure nothing is left over.
 */
NODISCARD int leakchild_start(struct leakchild *c, struct watcher_setup *setup,
			      const struct book_rules *rules);
void leakchild_tell(struct leakchild *c, const struct book_rules *rules);
/* Asks for a kick, as a sign of life. */
void leakchild_ask(struct leakchild *c);
/* The channel is readable. 1: a report; 0: nothing; -EPIPE: it is gone. */
NODISCARD int leakchild_hear(struct leakchild *c, struct watcher_report *r);
/* Ends it, if it still runs, and frees what was shared with it. */
void leakchild_stop(struct leakchild *c);

#endif /* LEAKCHILD_H */
