/* SPDX-License-Identifier: ISC */
/*
 * examine.h - one DNS message: the verdict on it, and what follows
 */
#ifndef EXAMINE_H
#define EXAMINE_H

#include "ledger.h"

struct dryrun;
struct dryrun_event;
struct frame;
struct dnsmsg;

/* f carries m. Fills in what *e says of a message; what m says of its sender
 * is for the ledger. */
enum ledger_dns examine(struct dryrun *d, const struct frame *f,
			const struct dnsmsg *m, struct dryrun_event *e);

#endif /* EXAMINE_H */
